import { between, nanoseconds, seconds } from './base/time.ts';
import type { Extract } from './extract.ts';
import type { Input } from './model/input.ts';
import type { PacketSource, SourceState, TextSource } from './model/source.ts';

export type Source = { kind: 'packets'; source: PacketSource } | { kind: 'text'; source: TextSource };

/** One of the inputs that are read side by side; its source holds its next packet unless it has ended. */
export interface Head {
  readonly opened: Source;
  ended: boolean;
  /** The input that its packets are read as: its own, or the first file of the capture that it goes on with. */
  home: Input | null;
  isContinued: boolean;
}

// Often enough for a progress bar, seldom enough to cost nothing.
const TICK_EVERY = 1 << 15;

/** Reads on until the source holds a packet or has ended. */
async function step(head: Head): Promise<void> {
  const { source } = head.opened;
  for (;;) {
    const state = source.next();
    if (state === 'packet') return;
    if (state === 'end') {
      head.ended = true;
      return;
    }
    await source.fill();
  }
}

/**
 * Inputs that can be put on one axis of time (all whose packets carry dates) form one track;
 * tcpdump's text without dates is a track of its own each. Reads each input's first packet.
 */
export async function tracksOf(sources: readonly Source[]): Promise<Head[][]> {
  const dated: Head[] = [];
  const tracks: Head[][] = [dated];
  let origin: bigint | null = null;
  for (const opened of sources) {
    const head: Head = { opened, ended: false, home: null, isContinued: false };
    await step(head);
    const { source } = opened;
    const first = source.input.firstPacketAt;
    if (first === null) {
      tracks.push([head]);
      continue;
    }
    origin ??= first;
    // On top of what its clock is off.
    source.offset += nanoseconds(Number(first - origin));
    dated.push(head);
  }
  return tracks.filter((track) => track.length > 0);
}

/** Pushes the packets of a track on in order of time. */
export async function mergeTrack(track: readonly Head[], extract: Extract, onTick: () => void): Promise<void> {
  const alive = track.filter((head) => !head.ended);
  while (alive.length > 1) {
    const head = earliest(alive);
    begin(head, track, extract);
    await drain(head, extract, onTick, nextTimeBut(alive, head));
    if (head.ended) alive.splice(alive.indexOf(head), 1);
  }
  const last = alive[0];
  if (last === undefined) return;
  begin(last, track, extract);
  await drain(last, extract, onTick, Infinity);
}

/** What goes on where another file ends is read as one capture with it. */
function begin(head: Head, track: readonly Head[], extract: Extract): void {
  const { opened } = head;
  const { input } = opened.source;
  if (head.home !== null) return;
  head.home = input;
  if (opened.kind !== 'packets') return;
  const before = track.find((other) => isBefore(other, head));
  if (before === undefined || before.home === null || !extract.goOn(input, before.home, opened.source.packet)) return;
  before.isContinued = true;
  head.home = before.home;
  opened.source.continue(before.home);
  input.damage.notes.push(`goes on where ${before.opened.source.input.path} ends, and is read as one capture with it`);
}

// Whatever the pauses of the traffic, a capture that began a minute later is another one.
const MOST_PAUSE = seconds(60);

/** Whether a file is the one before another in a set that was rotated (tcpdump's -C and -G, dumpcap's -b). */
function isBefore(other: Head, head: Head): boolean {
  const [one, next] = [other.opened.source.input, head.opened.source.input];
  if (other === head || !other.ended || other.isContinued || other.home === null) return false;
  if (one.packets === 0 || nameOf(one) !== nameOf(next)) return false;
  const pause = between(one.endsAt, next.startsAt);
  return pause >= 0 && pause <= MOST_PAUSE && isSameKind(one, next);
}

/** Their names differ in numbers alone: the file's, the time. */
const nameOf = ({ path }: Input): string => path.replace(/\d+/g, '');

const isSameKind = (one: Input, other: Input): boolean =>
  one.format === other.format &&
  one.snapLength === other.snapLength &&
  one.linkTypes.every((linkType) => other.linkTypes.includes(linkType));

const timeOf = ({ opened }: Head): number =>
  opened.kind === 'packets' ? opened.source.packet.time : opened.source.layers.time;

function earliest(heads: readonly Head[]): Head {
  let first = heads[0] as Head;
  for (const head of heads) if (timeOf(head) < timeOf(first)) first = head;
  return first;
}

function nextTimeBut(heads: readonly Head[], without: Head): number {
  let next = Infinity;
  for (const head of heads) if (head !== without) next = Math.min(next, timeOf(head));
  return next;
}

/** Pushes one input's packets on while none of another input is earlier. */
async function drain(head: Head, extract: Extract, onTick: () => void, until: number): Promise<void> {
  const { opened } = head;
  const { source } = opened;
  for (;;) {
    let state =
      opened.kind === 'packets'
        ? pushPackets(opened.source, extract, until)
        : pushMessages(opened.source, extract, until);
    while (state === 'more') {
      onTick();
      await source.fill();
      state = source.next();
    }
    if (state === 'end') {
      head.ended = true;
      return;
    }
    if (timeOf(head) > until) return;
    onTick();
  }
}

// The loops that all packets go through: apart, since code that waits in its midst is compiled worse.

/** @returns `packet` where the next one is later than `until`, or it is time for a tick */
function pushPackets(source: PacketSource, extract: Extract, until: number): SourceState {
  for (let left = TICK_EVERY; left > 0; left--) {
    extract.packet(source.packet);
    const state = source.next();
    if (state !== 'packet') return state;
    if (source.packet.time > until) return state;
  }
  return 'packet';
}

/** The same of text. */
function pushMessages(source: TextSource, extract: Extract, until: number): SourceState {
  const { layers, message } = source;
  for (let left = TICK_EVERY; left > 0; left--) {
    if (source.isUnreachable) extract.unreachable(layers);
    else extract.message(layers, message);
    const state = source.next();
    if (state !== 'packet') return state;
    if (layers.time > until) return state;
  }
  return 'packet';
}
