import type { Stall } from '../../model/connection.ts';
import type { Dialogue } from './dialogue.ts';

const MS = 1e6;

/** Those of one reason, times in milliseconds. */
export const stallsOf = (dialogue: Dialogue, reason: Stall['reason'] = 'loss') =>
  dialogue
    .end()
    .stalls.filter((stall) => stall.reason === reason)
    .map(({ from, startedAt, duration, bytes, resends, repaired, packets }) => ({
      from,
      start: startedAt / MS,
      duration: duration / MS,
      bytes,
      resends,
      repaired,
      packets: [...packets],
    }));

/** Some exchanges, so that identifications are known to count. */
export function warmUp(dialogue: Dialogue, way = 1): number {
  let at = way;
  for (let index = 0; index < 4; index++) {
    dialogue.client(at, { length: 100 });
    dialogue.server(at + way, { length: 200 });
    dialogue.client(at + way + 0.1);
    at += way + 1;
  }
  return at;
}
