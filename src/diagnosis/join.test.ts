import { describe, expect, it } from 'vitest';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import { inputOf } from '../model/testing/rows.ts';
import race from '../rules/dns-race.ts';
import searchWalk from '../rules/dns-search-walk.ts';
import racePrediction from '../rules/predicted/dns-race.ts';
import walkPrediction from '../rules/predicted/dns-search-walk.ts';
import { clusterOf, deployment, oneCluster } from '../rules/support/testing/cluster-of.ts';
import { Scenario } from '../rules/support/testing/scenario.ts';
import type { Manifests } from '../model/workload.ts';
import type { Lookup } from '../model/lookup.ts';
import { createDiagnosis } from './diagnose.ts';
import { createJoin } from './join.ts';

const ADDRESS = '10.0.3.7';
const pod = (name: string, address: string): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}-6dd584c5b5-h86h8\n  namespace: prod\n  uid: x\n  ownerReferences: [{kind: ReplicaSet, name: ${name}-6dd584c5b5}]\nspec: {containers: []}\nstatus: {podIP: ${address}}\n`;

const joined = async (lookups: readonly Lookup[], ...texts: string[]): Promise<Diagnosis> =>
  joinedWith(lookups, oneCluster(await clusterOf(...texts)));

function joinedWith(lookups: readonly Lookup[], manifests: Manifests): Diagnosis {
  const inputs = [inputOf()];
  const run = createDiagnosis({
    rules: [race, searchWalk],
    inputs,
    version: '0',
    manifests: createJoin(manifests, [racePrediction, walkPrediction], ['k8s']),
  });
  run.observer.input(inputs[0]!);
  for (const lookup of lookups) run.observer.lookup(lookup);
  run.observer.finish();
  return run.result();
}

const racing = () => new Scenario({ client: ADDRESS }).pair(40).lostSecond(8).lookups;
const one = (findings: readonly Finding[], rule: string): Finding | undefined =>
  findings.find((finding) => finding.rule === rule);

const readEnvironment = async (namespace: string, address: string): Promise<Manifests['environments'][number]> => ({
  name: namespace,
  cluster: await clusterOf(
    `${deployment({ image: 'python:3.11-slim' })}${pod('orders', address)}`.replaceAll('prod', namespace),
  ),
});

describe('a capture joined with manifests', () => {
  it('confirms what both show, quotes the line and changes the file of the workload that paid', async () => {
    const { findings, manifests } = await joined(
      racing(),
      deployment({ image: 'python:3.11-slim' }) + pod('orders', ADDRESS),
    );
    const found = one(findings, 'dns-race');
    expect(found).toMatchObject({ basis: 'confirmed', subject: { name: ADDRESS, workload: 'prod/orders' } });
    expect(found?.evidence.flatMap(({ place }) => place?.quote ?? [])).toContain('image: python:3.11-slim');
    expect(found?.fix[0]?.edits).toMatchObject([{ file: '0.yaml', object: { kind: 'Deployment', name: 'orders' } }]);
    expect(manifests).toMatchObject({ paths: ['k8s'], workloads: 2, elsewhere: 0 });
  });

  it('changes the file of the workload, even where its image tells nothing', async () => {
    const found = one((await joined(racing(), deployment() + pod('orders', ADDRESS))).findings, 'dns-race');
    expect(found?.basis).toBe('confirmed');
    expect(found?.fix[0]).toMatchObject({
      target: 'Deployment prod/orders',
      command: expect.stringContaining('deployment/orders -n prod'),
    });
    expect(found?.fix[0]?.edits).toMatchObject([{ value: { name: 'single-request-reopen' } }]);
  });

  it('knows an IPv6 address none of whose groups is left out', async () => {
    const address = '2001:db8:1:2:3:4:5:6';
    const lookups = new Scenario({ client: address }).pair(40).lostSecond(8).lookups;
    const { findings } = await joined(lookups, deployment() + pod('orders', `"${address}"`));
    expect(one(findings, 'dns-race')?.subject).toMatchObject({ name: address, workload: 'prod/orders' });
  });

  it('of several overlays takes the one that those in the capture are of, and says so', async () => {
    const environments = [await readEnvironment('dev', '10.0.3.99'), await readEnvironment('live', ADDRESS)];
    const { findings, manifests } = joinedWith(racing(), {
      environments,
      objects: 4,
      workloads: 4,
      kustomizations: ['overlays/dev', 'overlays/live'],
      outside: ['base'],
    });
    expect(one(findings, 'dns-race')).toMatchObject({ basis: 'confirmed', subject: { workload: 'live/orders' } });
    expect(manifests).toMatchObject({
      outside: ['base'],
      leftOut: ['overlays dev: the capture was joined with live; name another folder after -m'],
    });
  });

  it('says where wire and manifest disagree, and offers no change that is made already', async () => {
    const set = 'dnsConfig: {options: [{name: single-request-reopen}]}';
    const found = one(
      (await joined(racing(), deployment({ image: 'python:3.11-slim', pod: set }) + pod('orders', ADDRESS))).findings,
      'dns-race',
    );
    expect(found?.says).toContain('sets single-request-reopen, yet its queries leave from one port');
    expect(found?.basis).toBe('observed');
    expect(found?.fix[0]?.title).toContain('start the pods anew');
    expect(found?.fix.every(({ edits }) => edits === undefined)).toBe(true);
  });

  it('tells nothing of workloads that are not in the capture, but counts them', async () => {
    const others = `${deployment({ name: 'a', image: 'node:20' })}${pod('a', '10.0.9.1')}`;
    const { findings, manifests } = await joined(racing(), deployment() + pod('orders', ADDRESS), others);
    expect(findings.map(({ subject }) => subject.name)).toEqual([ADDRESS]);
    expect(manifests?.elsewhere).toBe(1);
  });

  it('leaves a finding as it is where nobody knows whose address it is', async () => {
    const found = one(
      (await joined(racing(), deployment({ image: 'node:20' }) + pod('orders', '10.0.9.9'))).findings,
      'dns-race',
    );
    expect(found).toMatchObject({ basis: 'observed', subject: { workload: null } });
  });

  it('finds what it saw nothing of only worth knowing', async () => {
    const healthy = new Scenario({ client: ADDRESS }).pair(40).lookups;
    const text =
      deployment({ image: 'node:20', container: 'env: [{name: URL, value: "https://api.example.com"}]' }) +
      pod('orders', ADDRESS);
    const { findings, verdict } = await joined(healthy, text);
    expect(findings.map(({ rule, severity, basis }) => [rule, severity, basis])).toEqual(
      expect.arrayContaining([
        ['dns-race', 'info', 'predicted'],
        ['dns-search-walk', 'info', 'predicted'],
      ]),
    );
    expect(verdict.status).toBe('clear');
  });

  it('knows a client by the names that its manifest tells it to call', async () => {
    const lookups = new Scenario({ client: ADDRESS, name: 'db.prod.svc.cluster.local' }).pair(40).lostSecond(8).lookups;
    const caller = deployment({ container: 'env: [{name: DB, value: "db.prod:5432"}]' });
    const other = `---\n${deployment({ name: 'b', container: 'env: [{name: DB, value: "cache:6379"}]' })}`;
    const found = one((await joined(lookups, caller + other)).findings, 'dns-race');
    expect(found?.subject.workload).toBe('prod/orders');
  });
});
