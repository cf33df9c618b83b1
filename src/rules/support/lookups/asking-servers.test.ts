import type { Lookup } from '../../../model/lookup.ts';
import deadServer from '../../dns-dead-server.ts';
import loss from '../../dns-loss.ts';
import { runRule } from '../testing/run-rule.ts';
import { Scenario } from '../testing/scenario.ts';
import { expect, it } from 'vitest';

const SERVICE = '10.96.0.10';
const COREDNS = '10.244.2.53';
const UPSTREAM = '10.9.0.2';

const asks = (client: string, server: string): Scenario => new Scenario({ client, server, resolver: 'unknown' });
/** Of pods that are answered. @param address of CoreDNS, or of the Service before it */
const pods = (address: string): Lookup[] =>
  asks('10.244.2.11', address).ask(Array.from({ length: 3 }, () => (address === COREDNS ? {} : { backend: COREDNS })))
    .lookups;
const fixesOf = (rule: Parameters<typeof runRule>[0], lookups: readonly Lookup[]): string[] =>
  runRule(rule, lookups).reports.flatMap(({ fix }) => fix.map(({ title }) => title));

const lossy = (client: string): Lookup[] => asks(client, UPSTREAM).pair(20).lostBoth(6, 2000).pair(5).lookups;

it('what a DNS server’s upstream loses, or never answers, is mended where that is named', () => {
  const forward = [expect.stringMatching(/the way to the upstream .* \(forward\)/)];
  for (const address of [COREDNS, SERVICE]) {
    expect(fixesOf(loss, [...pods(address), ...lossy(COREDNS)])).toEqual(forward);
    expect(fixesOf(deadServer, [...pods(address), ...asks(COREDNS, UPSTREAM).silent(6).lookups])).toEqual(forward);
  }
});

it('what a pod loses on its way to the same is not', () => {
  const words = fixesOf(loss, [...pods(SERVICE), ...lossy('10.244.2.12')]).join('; ');
  expect(words).toMatch(/find where queries go/);
  expect(words).not.toMatch(/forward/);
  const dead = fixesOf(deadServer, [...pods(SERVICE), ...asks('10.244.2.12', UPSTREAM).silent(6).lookups]).join('; ');
  expect(dead).toMatch(/remove it from the resolv\.conf/);
});
