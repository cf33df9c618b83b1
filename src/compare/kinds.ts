import type { ComparedKind } from '../model/comparison.ts';
import type { SampledKindRow, SampledRows } from '../model/samples.ts';

/** What is alike on both sides: indexes into the kinds of each. */
export interface Pair {
  before: readonly number[];
  after: readonly number[];
}

export interface Pairing {
  pairs: Pair[];
  onlyBefore: number[];
  onlyAfter: number[];
}

/**
 * Which kinds after are which before. A pod that was replaced has another address, so where the
 * pod itself is the server it counts by its port. Elsewhere by its name, or its address; and where that
 * leaves some without a counterpart (a database that failed over), by port, if it is clear.
 */
export function pairKinds(before: SampledRows, after: SampledRows): Pairing {
  const isReached = before.of === 'inbound' || before.of === 'requests';
  const open = new Set(before.kinds.keys());
  const left = new Set(after.kinds.keys());
  const pairs: Pair[] = [];
  for (const { keyOf, alone } of [
    { keyOf: isReached ? reachedKey : calledKey, alone: false },
    { keyOf: portKey, alone: true },
  ]) {
    const ofAfter = byKey(after.kinds, left, keyOf);
    for (const [key, ours] of byKey(before.kinds, open, keyOf)) {
      const theirs = ofAfter.get(key);
      if (theirs === undefined || (alone && (ours.length > 1 || theirs.length > 1))) continue;
      pairs.push({ before: ours, after: theirs });
      for (const index of ours) open.delete(index);
      for (const index of theirs) left.delete(index);
    }
  }
  return { pairs, onlyBefore: [...open], onlyAfter: [...left] };
}

type KeyOf = (kind: SampledKindRow) => string;

const portOf = (server: string): string => server.slice(server.lastIndexOf(':') + 1);

const calledKey: KeyOf = ({ protocol, method, path, host, server }) =>
  JSON.stringify([protocol, method, path, host === '' || isAddress(host) ? server : host]);

const reachedKey: KeyOf = ({ protocol, method, path, host, server }) =>
  JSON.stringify([protocol, method, path, isAddress(host) ? '' : host, portOf(server)]);

const portKey: KeyOf = ({ protocol, method, path, server }) => JSON.stringify([protocol, method, path, portOf(server)]);

/** A host that is an address says no more than the server does. */
const isAddress = (host: string): boolean => /^[\d.]+(?::\d+)?$|^\[/.test(host);

function byKey(kinds: readonly SampledKindRow[], among: ReadonlySet<number>, keyOf: KeyOf): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const index of among) {
    const key = keyOf(kinds[index]!);
    const alike = found.get(key);
    if (alike === undefined) found.set(key, [index]);
    else alike.push(index);
  }
  return found;
}

export const kindOf = ({ protocol, method, path, host, server }: SampledKindRow): ComparedKind => ({
  protocol,
  method,
  path,
  host,
  server,
});
