import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { fix } from '../src/fix/fix.ts';
import { lint } from '../src/lint.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';

/*
 * Both incidents' manifests: what they tell alone, what a capture confirms, and what is left once
 * the change is made.
 */

const CORPUS = new URL('corpora/manifests/', import.meta.url).pathname;
const SHARED = new URL('../../shared/', import.meta.url).pathname;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-incident-'));
  cpSync(CORPUS, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const judge = (...paths: string[]): Promise<Diagnosis> =>
  lint({ paths: paths.map((path) => join(folder, path)), settings: null, baseline: new Set(), today: '2026-11-25' });
const told = ({ findings }: Diagnosis) =>
  findings.map(({ rule, severity, confidence }) => [rule, severity, confidence]);
const apply = (diagnosis: Diagnosis) =>
  fix(diagnosis.findings, { apply: true, patchDirectory: null, helm: false, suffix: 'new' });
const added = (before: string, after: string): string[] => {
  const known = before.split('\n');
  return after.split('\n').filter((line) => !known.includes(line));
};
const textOf = (path: string): string => readFileSync(join(folder, path), 'utf8');

describe('intermittent delays: A and AAAA from one port', () => {
  it('is a risk on Debian, whose change makes gRPC heed the option', async () => {
    const before = textOf('grpc-debian.yaml');
    const diagnosis = await judge('grpc-debian.yaml');
    expect(told(diagnosis)).toEqual([['dns-race', 'info', 'possible']]);
    await apply(diagnosis);
    expect(added(before, textOf('grpc-debian.yaml'))).toEqual([
      '      dnsConfig:',
      '        options:',
      '          - name: single-request-reopen',
      '            - name: GRPC_DNS_RESOLVER',
      '              value: native',
    ]);
    expect(told(await judge('grpc-debian.yaml'))).toEqual([]);
  });

  it('has an option that gRPC ignores', async () => {
    const before = textOf('grpc-debian-reopen.yaml');
    const diagnosis = await judge('grpc-debian-reopen.yaml');
    expect(told(diagnosis)).toEqual([
      ['dns-setting-ignored', 'minor', 'likely'],
      ['dns-race', 'info', 'possible'],
    ]);
    await apply(diagnosis);
    expect(added(before, textOf('grpc-debian-reopen.yaml'))).toEqual([
      '            - name: GRPC_DNS_RESOLVER',
      '              value: native',
    ]);
    expect(told(await judge('grpc-debian-reopen.yaml'))).toEqual([]);
  });

  it('is told by a Dockerfile and requirements.txt as well', async () => {
    const before = textOf('checkout/k8s/deployment.yaml');
    const diagnosis = await judge('checkout');
    expect(told(diagnosis)).toEqual([
      ['dns-setting-ignored', 'minor', 'likely'],
      ['dns-race', 'info', 'possible'],
    ]);
    expect(diagnosis.findings[0]?.evidence.map(({ place }) => place?.file.split('/').at(-1))).toEqual([
      'deployment.yaml',
      'requirements.txt',
    ]);
    await apply(diagnosis);
    expect(added(before, textOf('checkout/k8s/deployment.yaml'))).toEqual([
      '            - name: GRPC_DNS_RESOLVER',
      '              value: native',
    ]);
    expect(told(await judge('checkout'))).toEqual([]);
  });

  it('has an option that musl ignores, and no change of a manifest is offered', async () => {
    const diagnosis = await judge('grpc-alpine-reopen.yaml');
    expect(told(diagnosis)).toEqual([
      ['dns-setting-ignored', 'minor', 'likely'],
      ['dns-race', 'info', 'possible'],
    ]);
    expect((await apply(diagnosis)).plan.changes).toEqual([]);
  });
});

describe('ten times the latency: credentials in every request', () => {
  it('is told from default flags and a pom.xml, and gone with both flags', async () => {
    const before = textOf('search/k8s/kiam.yaml');
    const diagnosis = await judge('search');
    expect(told(diagnosis)).toEqual([['credentials-refresh-storm', 'major', 'likely']]);
    expect(diagnosis.findings[0]?.says).toContain('AWS SDK for Java v1 1.11.300');
    await apply(diagnosis);
    expect(added(before, textOf('search/k8s/kiam.yaml'))).toEqual([
      '            - --session-duration=60m',
      '            - --session-refresh=20m',
    ]);
    expect(told(await judge('search'))).toEqual([]);
  });
});

const explain = async (capture: string, ...manifests: string[]): Promise<Diagnosis> =>
  (
    await analyze({
      paths: [join(SHARED, 'captures', capture)],
      manifests: manifests.map((path) => join(SHARED, 'captures', path)),
      dnsPorts: [53],
      clients: [],
      names: [],
      slowerThan: null,
    })
  ).diagnosis;

describe.skipIf(!existsSync(join(SHARED, 'captures')))('with captures', () => {
  it('the race is confirmed, and the change is for the workload that paid', async () => {
    const { findings } = await explain(
      'cluster/dns-race/pod.pcap',
      'cluster/dns-race/manifests',
      'cluster/dns-race/cluster.yaml',
    );
    expect(findings[0]).toMatchObject({
      rule: 'dns-race',
      basis: 'confirmed',
      subject: { workload: 'orders/storefront' },
    });
    expect(findings[0]?.fix[0]?.edits?.[0]?.file).toMatch(/manifests\/storefront\.yaml$/);
  });

  it('the storm is confirmed by the host that requests name, and the change is for kiam', async () => {
    const { findings } = await explain('credentials/storm-v1-c4/pod.pcap', 'credentials/storm-v1-c4/manifests.yaml');
    expect(findings[0]).toMatchObject({
      rule: 'credentials-refresh-storm',
      basis: 'confirmed',
      subject: { workload: 'prod/listing-api' },
    });
    expect(findings[0]?.fix[0]?.edits?.map(({ value }) => value)).toEqual(['60m', '20m']);
    expect(findings[0]?.confidenceBecause).toMatch(
      /in the manifest of DaemonSet kube-system\/kiam-server; slowed is Deployment prod\/listing-api \(requests to it name/,
    );
  });

  it('a storm that might be is not told of a capture that shows none', async () => {
    const { findings } = await explain(
      'credentials/healthy-v1-6h-c4/pod.pcap',
      'credentials/healthy-v1-6h-c4/manifests.yaml',
    );
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  it('others’ manifests, which are run well, draw nothing above info', async () => {
    const diagnosis = await lint({
      paths: [join(SHARED, 'manifests')],
      settings: null,
      baseline: new Set(),
      today: '2026-11-25',
    });
    expect(diagnosis.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    // Each of these is right: limits of 0.2 and 0.3 CPU on servers; kiam's flags as they come, with
    // which SDKs that renew 15 min before the end ask in every call; Redis on Alpine.
    expect(new Set(diagnosis.findings.map(({ rule }) => rule))).toEqual(
      new Set(['cpu-throttling', 'credentials-refresh-storm', 'dns-race']),
    );
  });
});
