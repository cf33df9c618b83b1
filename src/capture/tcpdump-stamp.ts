/** The time that begins each packet in tcpdump's text. */
export interface Stamp {
  /** `-tttt` carries a date, `-tt` counts from 1970; the others look alike: time of day, or a difference. */
  kind: 'date' | 'epoch' | 'day';
  /** Whole seconds: since 1970, or of the day or difference; negative differences occur. */
  seconds: number;
  /** 0 … 999,999,999, always added. */
  nanoseconds: number;
  /** The packet's number where the text was printed with `-#`; 0 where not. */
  number: number;
  /** What follows the time. */
  rest: string;
}

const CLOCK = String.raw`(?:(\d{4}-\d\d-\d\d)[ T])?(-?)(\d\d):(\d\d):(\d\d)\.(\d{3,9})`;
const EPOCH = String.raw`(\d{8,11})\.(\d{6,9})`;
// Line numbers (`-#`), quotes of mail and Markdown, list dashes, table bars.
const LEAD = /^(?:[\s>|*`]|- )*(?:(\d{1,9})\s+(?=\d{4}-\d\d-\d\d |\d\d:\d\d:|\d{8,11}\.))?/;
const AT_START = new RegExp(`^(?:${CLOCK}|${EPOCH})\\s+(\\S.*)$`);
// Behind the prefix of a log collector the time must be followed by what tcpdump writes.
const BEHIND_PREFIX = new RegExp(
  `^.{0,300}?[\\s|\\]>](?:${CLOCK}|${EPOCH})\\s+((?:\\S+\\s+(?:In|Out|B|M|P)\\s+)?(?:IP6?|ARP|In|Out)\\b.*)$`,
);
// oxlint-disable-next-line no-control-regex -- colours of a terminal, pasted with the text
const COLOURS = /\u001b\[[\d;]{0,20}m/g;

/** The stamp of a line; null where the line does not begin a packet. */
export function readStamp(line: string): Stamp | null {
  const plain = line.includes('\u001b') ? line.replace(COLOURS, '') : line;
  const lead = LEAD.exec(plain) as RegExpExecArray;
  const number = Number(lead[1] ?? 0);
  const match = AT_START.exec(plain.slice(lead[0].length)) ?? BEHIND_PREFIX.exec(plain);
  if (match === null) return null;
  const [, date, sign, hours, minutes, seconds, fraction, epoch, epochFraction, rest] = match;
  if (epoch !== undefined) {
    return {
      kind: 'epoch',
      seconds: Number(epoch),
      nanoseconds: toNanoseconds(epochFraction),
      number,
      rest: rest as string,
    };
  }
  let clock = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  let nanoseconds = toNanoseconds(fraction);
  if (sign === '-') {
    clock = -clock;
    if (nanoseconds > 0) [clock, nanoseconds] = [clock - 1, 1e9 - nanoseconds];
  }
  if (date === undefined) return { kind: 'day', seconds: clock, nanoseconds, number, rest: rest as string };
  const midnight = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight)) return null;
  return { kind: 'date', seconds: midnight / 1000 + clock, nanoseconds, number, rest: rest as string };
}

const toNanoseconds = (fraction: string | undefined): number => Number((fraction ?? '').padEnd(9, '0'));
