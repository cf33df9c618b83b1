import type { AttemptRow, LookupRow } from '../model/lookup-schema.ts';

/** One sending of one query, and what came of it. */
export interface QueryLine {
  /** RFC 3339, or null where the input has no date. */
  at: string | null;
  /** Since the input's first packet. */
  atSeconds: number;
  packet: number | string;
  type: string;
  name: string;
  port: number;
  server: string;
  serverPort: number;
  transport: 'udp' | 'tcp';
  /** Since the same question was last asked in this lookup; null the first time. */
  againAfterSeconds: number | null;
  answer: QueryAnswer | null;
  /** ICMP's answer: since the sending; null where there was none. */
  unreachableAfterSeconds: number | null;
}

export interface QueryAnswer {
  packet: number | string;
  at: string | null;
  atSeconds: number;
  /** Since this sending. */
  afterSeconds: number;
  rcode: string;
  /** Records in the answer section; null where the row does not say. */
  answers: number | null;
  truncated: boolean;
  addresses: readonly string[];
  ttlSeconds: number | null;
}

/**
 * All queries of a lookup as they went out. A reply stands with the last sending before it, those
 * after it with the sendings that it left without one.
 */
export function queryLines(row: LookupRow): QueryLine[] {
  const lines = row.attempts.flatMap(linesOf).toSorted((a, b) => a.atSeconds - b.atSeconds);
  const lastAsked = new Map<string, number>();
  for (const line of lines) {
    const question = `${line.type} ${line.name}`;
    const before = lastAsked.get(question);
    // Over TCP after truncation, or to the next server: the same question all the same.
    line.againAfterSeconds = before === undefined ? null : line.atSeconds - before;
    lastAsked.set(question, line.atSeconds);
  }
  return lines;
}

function linesOf(attempt: AttemptRow): QueryLine[] {
  const replies = [
    ...attempt.earlierReplies.map((reply) => ({ ...NOTHING_MORE, ...reply })),
    ...(attempt.reply === null ? [] : [attempt.reply]),
  ];
  // In order of sending: the oldest that got no answer in time gets the first that came late.
  const late = attempt.lateReplies.map((reply) => ({ ...NOTHING_MORE, ...reply }));
  return attempt.sent.map(({ at, atSeconds, packet }, index) => {
    const until = attempt.sent[index + 1]?.atSeconds ?? Number.POSITIVE_INFINITY;
    const belongs = (time: number): boolean => (time >= atSeconds || index === 0) && time < until;
    const reply = replies.findLast((one) => belongs(one.atSeconds)) ?? late.shift();
    const unreachable = attempt.unreachableSeconds;
    return {
      at,
      atSeconds,
      packet,
      type: attempt.type,
      name: attempt.name,
      port: attempt.clientPort,
      server: attempt.server,
      serverPort: attempt.serverPort,
      transport: attempt.transport,
      againAfterSeconds: null,
      answer: reply === undefined ? null : { ...reply, afterSeconds: reply.atSeconds - atSeconds },
      unreachableAfterSeconds: unreachable !== null && belongs(unreachable) ? unreachable - atSeconds : null,
    };
  });
}

const NOTHING_MORE = { answers: null, truncated: false, addresses: [], ttlSeconds: null };

/** A line, or how many were left out in its place. */
export type ExcerptPart = { line: QueryLine } | { leftOut: readonly QueryLine[] };

/**
 * The lines that prove something, in order, the rest counted in its place: those of the given
 * packets, those that got no answer or were asked again, and the first and the last.
 * @param most lines to show; long search walks lose their middle
 */
export function excerpt(
  lines: readonly QueryLine[],
  packets: ReadonlySet<number | string>,
  most: number,
): ExcerptPart[] {
  const shown = lines.length <= most ? new Set(lines) : new Set(dearest(lines, packets).slice(0, most));
  const parts: ExcerptPart[] = [];
  let leftOut: QueryLine[] = [];
  const flush = (): void => {
    // A single one takes no more room than the word that it was left out.
    if (leftOut.length === 1) parts.push({ line: leftOut[0] as QueryLine });
    else if (leftOut.length > 1) parts.push({ leftOut });
    leftOut = [];
  };
  for (const line of lines) {
    if (!shown.has(line)) {
      leftOut.push(line);
      continue;
    }
    flush();
    parts.push({ line });
  }
  flush();
  return parts;
}

function dearest(lines: readonly QueryLine[], packets: ReadonlySet<number | string>): QueryLine[] {
  const last = lines.length - 1;
  const weight = (line: QueryLine, index: number): number =>
    (packets.has(line.packet) || (line.answer !== null && packets.has(line.answer.packet)) ? 4 : 0) +
    (line.answer === null || line.againAfterSeconds !== null ? 2 : 0) +
    (index === 0 || index === last ? 5 : 0);
  return lines
    .map((line, index) => ({ line, weight: weight(line, index), edge: Math.min(index, last - index), index }))
    .filter((one) => one.weight > 0)
    .toSorted((a, b) => b.weight - a.weight || a.edge - b.edge || a.index - b.index)
    .map((one) => one.line);
}

/** The packets of one finding's example as its own row numbers them. */
export const packetsOfRow = (
  packets: readonly (number | string)[],
  findingInput: number,
  rowInput: number,
): Set<number | string> =>
  new Set(
    packets.map((packet) => {
      if (findingInput === rowInput) return packet;
      if (typeof packet === 'number') return `${findingInput}:${packet}`;
      return packet.startsWith(`${rowInput}:`) ? Number(packet.slice(`${rowInput}:`.length)) : packet;
    }),
  );
