import { milliseconds, seconds } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import { placeOf } from './place.ts';
import type { Sender } from './sender.ts';
import { timestampValue } from './tcp-options.ts';

// The longest delay of a path between two interfaces …
const LONGEST_WAY = seconds(2);
// … and what a host needs itself.
const AT_ONCE = milliseconds(10);

/**
 * Whether segments that were seen just before are seen again elsewhere, put together or cut apart
 * on their way: by offloads (GRO, GSO), at the end of a tunnel.
 */
export function isRecut(sender: Sender, layers: Layers): boolean {
  const { sent, known } = sender;
  const start = layers.sequence | 0;
  const end = (start + layers.payloadLength) | 0;
  if (!known || sent === null || ((end - sender.highest) | 0) > 0) return false;
  const first = sent.holding(start);
  const last = sent.holding((end - 1) | 0);
  if (first < 0 || last < 0) return false;
  // What is put together or cut keeps its timestamp; without any it can only be told at once.
  const stamp = timestampValue(layers);
  const place = placeOf(layers);
  for (let index = first; index <= last; index++) {
    if (index > first && sent.start(index) !== sent.end(index - 1)) return false;
    const isSame = sent.stamp(index) === stamp && sent.place(index) !== place;
    if (!isSame || layers.time - sent.time(index) > (stamp === 0 ? AT_ONCE : LONGEST_WAY)) return false;
  }
  return true;
}
