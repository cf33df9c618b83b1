import type { Rows } from './run-rule.ts';
import { joined, Traffic } from './traffic.ts';

/** When a server stands still, from and until in milliseconds. */
export type Stop = readonly [from: number, until: number];

/** At no regular times. */
export const PAUSES: readonly Stop[] = [
  [200, 311],
  [702, 1037],
  [1410, 1483],
  [1822, 2174],
  [2561, 2648],
  [3005, 3159],
];

/** Each ends when a period of 100 ms begins. */
export const GRID: readonly Stop[] = Array.from({ length: 12 }, (_, index) => [
  130 + 300 * index + ((index * 7) % 23),
  200 + 300 * index + ((index * 5) % 4),
]);

const UNTIL = 3600;
const GAP = 10;

/**
 * Connections of one client, on each of which calls follow one another, while their server stands
 * still now and then.
 * @param takes what a call takes otherwise, in milliseconds
 */
export function clients(count: number, stops: readonly Stop[], takes = 4): Required<Rows> {
  return joined(
    ...Array.from({ length: count }, (_, client) => {
      const offset = 3 * client;
      const traffic = new Traffic().wait(offset).open({ connect: 0 }, { id: `0.c${client}` });
      for (let now = offset; now < UNTIL;) {
        const stop = stops.find(([from, until]) => now + takes > from && now < until);
        const lasts = stop === undefined ? takes : stop[1] - now + client + 1;
        traffic.call({ takes: lasts }, { id: `0.e${client}-${now}` });
        now += lasts + GAP;
      }
      return traffic.rows;
    }),
  );
}
