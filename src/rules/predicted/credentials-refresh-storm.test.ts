import { describe, expect, it } from 'vitest';
import { deployment, predictionOf } from '../support/testing/cluster-of.ts';
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

const pom = (file: string, artifact: string, version: string) => ({
  file,
  text: `<dependency><groupId>com.amazonaws</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
});

const minutes = (lifetime: number, refresh: number): number => stormShare(lifetime * 60, refresh * 60, 15 * 60);

describe('credentials-refresh-storm', () => {
  it('is told from a lock file and default flags', async () => {
    const manifests = [kiam(), user()];
    // In a folder of another name: nobody knows whose it is.
    const elsewhere = await predictionOf(storm, ...manifests, pom('other/pom.xml', 'aws-java-sdk-s3', '1.11.300'));
    expect(elsewhere[0]?.confidence).toBe('possible');
    expect(await predictionOf(storm, ...manifests, pom('search/pom.xml', 'aws-java-sdk-s3', '1.11.300'))).toMatchObject(
      [{ severity: 'major', confidence: 'likely', subject: { name: 'prod/kiam-server' } }],
    );
    expect(await predictionOf(storm, ...manifests, pom('search/pom.xml', 'aws-java-sdk-s3', '1.12.793'))).toEqual([]);
  });

  it.each([
    ['1.17.112', 'major'],
    ['1.21.46', 'major'],
  ])('knows which botocore boto3 %s brings', async (version, severity) => {
    const lock = { file: 'search/requirements.txt', text: `boto3==${version}\n` };
    expect(await predictionOf(storm, kiam(), user(), lock)).toMatchObject([{ severity, confidence: 'likely' }]);
  });

  it('is silent with a boto3 that waits', async () => {
    const lock = { file: 'search/requirements.txt', text: 'boto3==1.22.0\n' };
    expect(await predictionOf(storm, kiam(), user(), lock)).toEqual([]);
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
