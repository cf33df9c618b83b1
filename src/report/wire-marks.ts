import { formatCount } from '../base/text.ts';
import { otherSide } from '../model/connection.ts';
import type { ConnectionRow, StallRow } from '../model/connection-schema.ts';
import { tlsWords } from './exchange-words.ts';
import type { Style } from './style.ts';
import type { Mark, Timeline } from './timeline.ts';
import { duration } from './words.ts';

/** A stretch of time and what was waited for in it. */
export interface Phase {
  fromSeconds: number;
  untilSeconds: number;
  says: string;
}

/** The dearest are drawn, which is what a reader takes in; the row has them all. */
export const MAX_DRAWN_STALLS = 12;

/** A mark of a packet, or of a moment without one. @param from whose packet it is, where that is told */
export const markOf = (
  style: Style,
  atSeconds: number,
  packet: number | string | undefined,
  from: 'client' | 'server' | null,
  text: string,
  bad = false,
): Mark => ({
  atSeconds,
  columns: [packet === undefined ? '' : `#${packet}`, style.clean(from === null ? '' : from === 'client' ? '→' : '←')],
  text: style.clean(text),
  bad,
});

/** How a connection opened: SYNs, SYN-ACKs, the TLS handshake's ends. */
export function openingMarks(style: Style, row: ConnectionRow): Mark[] {
  const { synSent, synAcks, connectSeconds, tls } = row;
  const marks = synSent.map(({ atSeconds, packet }, index) => {
    const again = `SYN again, ${duration(atSeconds - (synSent[index - 1]?.atSeconds ?? 0))} later`;
    return markOf(style, atSeconds, packet, 'client', index === 0 ? 'SYN' : again, index > 0);
  });
  for (const [index, { atSeconds, packet }] of synAcks.entries()) {
    const connected = connectSeconds === null ? '' : `, connected in ${duration(connectSeconds)}`;
    const text = index === 0 ? `SYN-ACK${connected}` : 'SYN-ACK again';
    marks.push(markOf(style, atSeconds, packet, 'server', text, index > 0));
  }
  if (tls === null || tls.startSeconds === null) return marks;
  marks.push(markOf(style, tls.startSeconds, tls.packets[0], 'client', 'TLS handshake begins'));
  const end = tls.startSeconds + (tls.handshakeSeconds ?? 0);
  const packet = tls.packets.length > 1 ? tls.packets.at(-1) : undefined;
  marks.push(markOf(style, end, packet, null, tlsWords(tls), tls.alerts.length > 0));
  return marks;
}

export function openingPhases({ startSeconds, durationSeconds, synSent, synAcks, tls }: ConnectionRow): Phase[] {
  const phases: Phase[] = [];
  const [syn] = synSent;
  if (syn !== undefined) {
    const untilSeconds = synAcks[0]?.atSeconds ?? startSeconds + durationSeconds;
    phases.push({ fromSeconds: syn.atSeconds, untilSeconds, says: 'waiting for an answer to the SYN' });
  }
  if (tls !== null && tls.startSeconds !== null && tls.handshakeSeconds !== null) {
    const untilSeconds = tls.startSeconds + tls.handshakeSeconds;
    phases.push({ fromSeconds: tls.startSeconds, untilSeconds, says: 'of the TLS handshake' });
  }
  return phases;
}

/** First and last moment of each stall, as far as they lie within. */
export function stallMarks(
  style: Style,
  stalls: readonly StallRow[],
  within: Omit<Phase, 'says'>,
): { begins: Mark[]; ends: Mark[] } {
  const marks: { begins: Mark[]; ends: Mark[] } = { begins: [], ends: [] };
  for (const stall of drawn(stalls)) {
    const { startSeconds, durationSeconds, packets, repaired } = stall;
    const endSeconds = startSeconds + durationSeconds;
    // A single packet is the one that ended it, where one did.
    const first = packets.length > 1 || !repaired ? packets[0] : undefined;
    const last = packets.length > 1 || repaired ? packets.at(-1) : undefined;
    const { begins, ends } = stallEnds(stall);
    if (startSeconds >= within.fromSeconds) marks.begins.push(markOf(style, startSeconds, first, null, begins, true));
    if (endSeconds <= within.untilSeconds) marks.ends.push(markOf(style, endSeconds, last, null, ends, !repaired));
  }
  return marks;
}

export const stallPhases = (stalls: readonly StallRow[]): Phase[] =>
  drawn(stalls).map((stall) => ({
    fromSeconds: stall.startSeconds,
    untilSeconds: stall.startSeconds + stall.durationSeconds,
    says: stallWait(stall),
  }));

/** What the bars between marks say: the first of the phases in which a wait lies. */
export const waitsIn =
  (phases: readonly Phase[], otherwise: string): Timeline['waitWords'] =>
  (_, fromSeconds, toSeconds) => {
    const middle = (fromSeconds + toSeconds) / 2;
    return phases.find((phase) => phase.fromSeconds <= middle && middle < phase.untilSeconds)?.says ?? otherwise;
  };

/** In order of time; what came with one packet stays as it is given. */
export const inOrder = (marks: readonly Mark[]): Mark[] => marks.toSorted((a, b) => a.atSeconds - b.atSeconds);

const drawn = (stalls: readonly StallRow[]): readonly StallRow[] =>
  stalls.toSorted((a, b) => b.durationSeconds - a.durationSeconds).slice(0, MAX_DRAWN_STALLS);

/** What a stall's first and last moment say. */
function stallEnds({ reason, from, bytes, resends, repaired }: StallRow): { begins: string; ends: string } {
  const data = `${formatCount(bytes)} bytes of the ${from}`;
  const other = otherSide(from);
  const opens = repaired ? 'it opens' : 'it stays so';
  switch (reason) {
    case 'loss': {
      const often = resends > 1 ? `, the last of ${formatCount(resends)}` : '';
      const ends = repaired ? `they come with a resend${often}` : 'they never come through';
      return { begins: `${data} do not get through`, ends };
    }
    case 'zero-window':
      return { begins: `${data} find the ${other}'s window closed`, ends: opens };
    case 'delayed-ack': {
      const ends = repaired ? 'they leave' : 'they never leave';
      return { begins: `${data} wait for an acknowledgement of those before`, ends };
    }
    case 'flow-control':
      return { begins: `the ${other}'s HTTP/2 window of ${formatCount(bytes)} bytes is used up`, ends: opens };
    case 'sender-idle':
      return { begins: `the ${from} pauses`, ends: repaired ? 'it goes on' : 'it never goes on' };
    case 'window':
      return { begins: `the ${other}'s window is used up in each round trip`, ends: 'for the last time' };
    case 'round-trips':
      return { begins: `data of the ${from} begins to pass`, ends: 'the last of it passes' };
    case 'written':
      return { begins: `the ${from} writes in parts`, ends: 'the last of it passes' };
    case 'path':
      return { begins: `data of the ${from} fills the path`, ends: 'the last of it passes' };
  }
}

/** `waiting for a resent segment of the server`. */
function stallWait({ reason, from }: StallRow): string {
  const other = otherSide(from);
  switch (reason) {
    case 'loss':
      return `waiting for a resent segment of the ${from}`;
    case 'zero-window':
      return `waiting for room at the ${other} (window closed)`;
    case 'delayed-ack':
      return `waiting for a delayed acknowledgement of the ${other}`;
    case 'flow-control':
      return `waiting for the ${other}'s HTTP/2 window`;
    case 'sender-idle':
      return `of a pause of the ${from}`;
    case 'window':
      return `waiting for the ${other}'s window each time`;
    case 'round-trips':
      return `waiting for acknowledgements of the ${other}`;
    case 'written':
      return `waiting for the ${from} to write more`;
    case 'path':
      return 'waiting for the path, which takes data no faster';
  }
}
