import { groupBy } from '../../../base/group-by.ts';
import { milliseconds } from '../../../base/time.ts';
import type { Lookup } from '../../../model/lookup.ts';

// Chromium's intranet_redirect_detector.cc: three names of 7 to 15 letters, drawn at random, each asked for once.
const RANDOM_NAME = /^[a-z]{7,15}$/;
const TOGETHER = 3;
const AT_ONCE = milliseconds(100);
// Of letters drawn at random 5 of 26 are vowels; of the letters of words, English ones, about two in five.
const MOST_VOWELS = 0.3;

export interface Failed {
  readonly input: number;
  readonly client: string;
  readonly name: string;
  readonly tally: { readonly count: number; readonly dearest: Lookup | undefined };
}

/**
 * Names that a browser asks for to learn whether what does not exist is answered all the same: that they don't exist
 * is as it should be. Names of services that are missing are words, and are asked for again.
 */
export function browserProbes<Group extends Failed>(failed: readonly Group[]): Set<Group> {
  const probes = new Set<Group>();
  const alike = failed.filter(({ name, tally }) => tally.count === 1 && RANDOM_NAME.test(name));
  for (const own of groupBy(alike, ({ input, client }) => `${input}|${client}`).values()) {
    const inOrder = own.toSorted((one, other) => startOf(one) - startOf(other));
    for (let index = 0; index + TOGETHER <= inOrder.length; index++) {
      const together = inOrder.slice(index, index + TOGETHER) as [Group, ...Group[]];
      if (startOf(together.at(-1) as Group) - startOf(together[0]) > AT_ONCE) continue;
      if (isRandom(together.map(({ name }) => name).join(''))) for (const one of together) probes.add(one);
    }
  }
  return probes;
}

const startOf = ({ tally }: Failed): number => tally.dearest?.startedAt ?? Number.NaN;

const isRandom = (letters: string): boolean => letters.replace(/[^aeiou]/g, '').length < MOST_VOWELS * letters.length;
