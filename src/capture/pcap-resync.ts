import { MAX_PACKET_BYTES, RESYNC_BYTES } from './limits.ts';
import { guessLinkType } from './link-guess.ts';

/** How records of one pcap are written. */
export interface RecordShape {
  little: boolean;
  nanoseconds: boolean;
  headerLength: number;
}

export interface Found {
  /** Where the first whole record begins. */
  start: number;
  shape: RecordShape;
  linkType: number | null;
}

// One header that looks right is chance in some megabytes of payload; four, each where the one
// before says, are not.
const ENOUGH_RECORDS = 4;
// Where the input ends exactly with a record, two are enough.
const ENOUGH_AT_END = 2;
const MOST_RECORDS = 32;
// 2000-01-01: no capture of a running cluster is older, and small numbers are what payload is full of.
const EARLIEST_SECONDS = 946_684_800;
// From one packet to the next: packets may be a little out of order, and traffic may sleep for a day.
const MOST_SECONDS_BACK = 5;
const MOST_SECONDS_AHEAD = 86_400;

interface Chain {
  records: number[];
  end: number;
  nanoseconds: boolean;
  /** The chain stopped at the end of what is in memory, not at something implausible. */
  open: boolean;
}

/**
 * Looks for a chain of plausible record headers.
 * @param shapes what the records may be like; several where the file header is lost
 * @returns where it begins; 'more' where more bytes could tell; null where there is none
 */
export function findRecords(
  view: DataView,
  from: number,
  to: number,
  ended: boolean,
  shapes: readonly RecordShape[],
): Found | 'more' | null {
  const limit = Math.min(to, from + RESYNC_BYTES);
  for (let start = from; start + 16 <= limit; start++) {
    for (const shape of shapes) {
      if (!isPlausible(view, start, shape)) continue;
      // Looked at no further than so, the answer does not hang on how much happens to be in memory.
      const reach = Math.min(to, start + RESYNC_BYTES);
      const chain = follow(view, start, reach, shape);
      const { length } = chain.records;
      const atEnd = chain.open && ended && reach === to;
      if (length >= ENOUGH_RECORDS || (atEnd && length >= ENOUGH_AT_END)) {
        return {
          start,
          shape: { ...shape, nanoseconds: chain.nanoseconds },
          linkType: guessLinkType(chain.records.map((record) => sampleAt(view, record, shape))),
        };
      }
      // It may go on in what is not read yet; the bound keeps one lying length from holding all up.
      if (chain.open && !ended && to - start < RESYNC_BYTES) return 'more';
    }
  }
  return to - from < RESYNC_BYTES && !ended ? 'more' : null;
}

function sampleAt(view: DataView, at: number, { little, headerLength }: RecordShape) {
  const start = at + headerLength;
  return {
    bytes: view,
    start,
    end: start + view.getUint32(at + 8, little),
    wireLength: view.getUint32(at + 12, little),
  };
}

/** What one header alone can show. */
function isPlausible(view: DataView, at: number, { little }: RecordShape): boolean {
  const captured = view.getUint32(at + 8, little);
  if (captured === 0 || captured > MAX_PACKET_BYTES) return false;
  const wireLength = view.getUint32(at + 12, little);
  if (captured > wireLength || wireLength > MAX_PACKET_BYTES) return false;
  return view.getUint32(at, little) >= EARLIEST_SECONDS && view.getUint32(at + 4, little) < 1e9;
}

function follow(view: DataView, start: number, to: number, shape: RecordShape): Chain {
  const { little, headerLength } = shape;
  const chain: Chain = { records: [], end: start, nanoseconds: shape.nanoseconds, open: false };
  let before = 0;
  while (chain.records.length < MOST_RECORDS) {
    const at = chain.end;
    if (at + headerLength > to) {
      chain.open = true;
      return chain;
    }
    if (!isPlausible(view, at, shape)) return chain;
    const seconds = view.getUint32(at, little);
    if (before !== 0 && (seconds < before - MOST_SECONDS_BACK || seconds > before + MOST_SECONDS_AHEAD)) return chain;
    const end = at + headerLength + view.getUint32(at + 8, little);
    if (end > to) {
      chain.open = true;
      return chain;
    }
    before = seconds;
    if (view.getUint32(at + 4, little) >= 1e6) chain.nanoseconds = true;
    chain.records.push(at);
    chain.end = end;
  }
  return chain;
}
