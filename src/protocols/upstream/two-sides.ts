import type { Timestamp } from '../../base/time.ts';
import type { Conversation } from '../protocol.ts';
import type { FrameReader } from './frames.ts';

/** What keeps the requests that wait. */
interface Waiting {
  heard(time: Timestamp): void;
  end: Conversation['end'];
}

/** A conversation whose two sides are read each by a reader of its own. */
export const twoSides = (requests: FrameReader, answers: FrameReader, waiting: Waiting): Conversation => ({
  push(from, bytes, start, end, arrival) {
    if (from === 'server') waiting.heard(arrival.time);
    (from === 'client' ? requests : answers).push(bytes, start, end, arrival);
  },
  gap(from, length, arrival) {
    (from === 'client' ? requests : answers).gap(length, arrival);
  },
  end: (from, arrival, because) => waiting.end(from, arrival, because),
});
