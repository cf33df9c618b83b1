import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../model/workload.ts';
import { predict } from '../../diagnosis/predict.ts';
import { clusterOf, deployment, predictionOf } from '../support/testing/cluster-of.ts';
import { stormShare } from '../../knowledge/credential-providers.ts';
import storm from './credentials-refresh-storm.ts';

const kiam = (flags = '', image = 'quay.io/uswitch/kiam:v3.6'): string =>
  deployment({
    kind: 'DaemonSet',
    name: 'kiam-server',
    image,
    container: `command: [/kiam]\nargs: [server, --sync=1m${flags}]`,
  });
const user = (image = 'registry.example.com/search:1'): string =>
  deployment({ name: 'search', image, annotations: 'iam.amazonaws.com/role: search' });

/** As a `pom.xml` in a folder of another name tells it. */
function withSdk(cluster: Cluster, component: string, version: string): Cluster {
  const place = { file: 'other/pom.xml', line: 12, column: 1, range: [0, 1] as const };
  return { ...cluster, software: [{ component, version, quote: { value: `${component} ${version}`, place } }] };
}

const minutes = (lifetime: number, refresh: number): number => stormShare(lifetime * 60, refresh * 60, 15 * 60);

describe('credentials-refresh-storm', () => {
  it('is told from a lock file and default flags', async () => {
    const cluster = withSdk(await clusterOf(`${kiam()}---\n${user()}`), 'com.amazonaws:aws-java-sdk-s3', '1.11.300');
    const [found] = predict({ ...cluster, workloads: cluster.workloads }, [storm]).found;
    // Two workloads and no folder: nobody knows whose it is.
    expect(found?.finding.confidence).toBe('possible');
    const beside = {
      ...cluster,
      software: cluster.software.map((one) => ({
        ...one,
        quote: { ...one.quote, place: { ...one.quote.place, file: 'search/pom.xml' } },
      })),
    };
    expect(predict(beside, [storm]).found[0]?.finding).toMatchObject({
      severity: 'major',
      confidence: 'likely',
      subject: { name: 'prod/kiam-server' },
    });
    const calm = { ...beside, software: beside.software.map((one) => ({ ...one, version: '1.12.793' })) };
    expect(predict(calm, [storm]).found).toEqual([]);
  });

  it('warns of what one flag alone leaves', async () => {
    const [hour] = await predictionOf(storm, kiam(', --session-duration=60m'), user());
    expect(hour).toMatchObject({ severity: 'minor' });
    expect(hour?.says).toContain('18 % of its AWS calls');
    expect(hour?.fix[0]?.edits).toMatchObject([{ value: '20m' }]);
    expect(await predictionOf(storm, kiam(', --session-duration=60m, --session-refresh=16m'), user())).toEqual([]);
    expect(await predictionOf(storm, kiam(', --session-refresh=16m, --session-duration=60m'), user())).toEqual([]);
  });

  it('is only worth knowing where nobody takes a role, or hardly a call pays', async () => {
    expect(await predictionOf(storm, kiam())).toMatchObject([{ severity: 'info' }]);
    expect(await predictionOf(storm, kiam(', --session-duration=6h'), user())).toMatchObject([{ severity: 'info' }]);
  });

  it('knows kiam 2, which keeps credentials for ten minutes', async () => {
    const old = 'quay.io/uswitch/kiam:v2.7';
    expect(await predictionOf(storm, kiam('', old), user())).toMatchObject([{ severity: 'minor' }]);
    expect(await predictionOf(storm, kiam(', --session-duration=60m', old), user())).toEqual([]);
  });

  it('is silent where SDKs ask late, and of kube2iam as it comes', async () => {
    expect(await predictionOf(storm, kiam(), user('golang:1.22'))).toEqual([]);
    const kube2iam = deployment({ kind: 'DaemonSet', name: 'kube2iam', image: 'jtblin/kube2iam:0.10.11' });
    expect(await predictionOf(storm, kube2iam, user())).toEqual([]);
    const short = deployment({
      kind: 'DaemonSet',
      name: 'kube2iam',
      image: 'jtblin/kube2iam:0.10.11',
      container: 'args: [--iam-role-session-ttl=10m]',
    });
    expect(await predictionOf(storm, short, user())).toMatchObject([{ severity: 'minor' }]);
  });

  it('has the measured shares', () => {
    // Facts: measured with botocore 1.24 over a simulated clock.
    expect(minutes(15, 5)).toBe(1);
    expect(minutes(60, 5)).toBeCloseTo(0.182, 3);
    expect(minutes(60, 16)).toBe(0);
    expect(minutes(30, 15)).toBe(0);
    expect(minutes(60, 1)).toBeCloseTo(0.237, 3);
    expect(minutes(360, 5)).toBeCloseTo(0.028, 3);
  });
});
