import { describe, expect, it } from 'vitest';
import rule from './dns-setting-ignored.ts';
import { clusterOf, deployment } from './support/testing/cluster-of.ts';
import { runRule } from './support/testing/run-rule.ts';
import { Scenario } from './support/testing/scenario.ts';
import { inputOf } from '../model/testing/rows.ts';

const REOPEN = 'dnsConfig:\n  options:\n    - name: single-request-reopen';
const pod = (name: string, address: string): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}-6dd584c5b5-h86h8\n  namespace: prod\n  ownerReferences: [{kind: ReplicaSet, name: ${name}-6dd584c5b5}]\nspec: {containers: []}\nstatus: {podIP: ${address}}\n`;

const asking = (resolver: 'musl' | 'glibc' | 'unknown') =>
  new Scenario({ client: '10.0.3.7', resolver }).pair(4).lookups;

describe('dns-setting-ignored', () => {
  it('joins an option with the resolver that was seen', async () => {
    const cluster = await clusterOf(deployment({ pod: REOPEN }) + pod('orders', '10.0.3.7'));
    const { reports } = runRule(rule, asking('musl'), undefined, undefined, cluster);
    expect(reports).toMatchObject([{ subject: { name: '10.0.3.7' }, confidence: 'certain', habit: true }]);
    expect(reports[0]?.says).toBe(
      'Deployment prod/orders sets single-request-reopen, but its lookups are those of musl, which ignores it (4 of 4 lookups)',
    );
    expect(reports[0]?.because[0]?.source).toBe('0.yaml:15');
  });

  it('knows the only workload there is', async () => {
    const cluster = await clusterOf(deployment({ pod: REOPEN }));
    const vantage = {
      kind: 'pod' as const,
      addresses: ['10.0.3.7'],
      because: '',
      sees: { dns: true, tcp: true, http: true, bothDirections: true },
    };
    const { reports } = runRule(rule, asking('musl'), [inputOf({ vantage })], undefined, cluster);
    expect(reports).toMatchObject([{ confidence: 'possible' }]);
  });

  it.each([
    ['the resolver heeds it', REOPEN, 'glibc' as const],
    ['nothing is set', '', 'musl' as const],
  ])('is clear where %s', async (_, set, resolver) => {
    const cluster = await clusterOf(deployment({ pod: set }) + pod('orders', '10.0.3.7'));
    const { clears } = runRule(rule, asking(resolver), undefined, undefined, cluster);
    expect(clears).toHaveLength(1);
  });

  it('cannot see anything without manifests, of strangers, or of an unknown resolver', async () => {
    expect(runRule(rule, asking('musl')).unobservables[0]?.why).toContain('-m');
    const others = await clusterOf(deployment({ pod: REOPEN }) + pod('orders', '10.0.3.8'));
    expect(runRule(rule, asking('musl'), undefined, undefined, others).unobservables).toHaveLength(1);
    const cluster = await clusterOf(deployment({ pod: REOPEN }) + pod('orders', '10.0.3.7'));
    expect(runRule(rule, asking('unknown'), undefined, undefined, cluster).unobservables).toHaveLength(1);
  });
});
