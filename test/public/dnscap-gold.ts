import type { Said } from './said.ts';

/**
 * The DNS messages in what `dnscap -g` prints, by regular expressions of this test's own. The
 * capture's name and a running number stand in each message's head.
 */
const HEAD =
  /^\[\d+\] (\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d+) \[#(\d+) (\S+)[^\]]*\] \[([\da-f.:]+)\]\.(\d+) \[([\da-f.:]+)\]\.(\d+) ?(.*)$/;
// Opcode, code, id, flags; the question; then the count of answers.
const DNS = /^ ?dns (\w+),(\w+),(\d+),([\w|]*) 1 (\S+),IN,(\w+) (\d+)(?: |$)/;

const TYPES: Readonly<Record<string, number>> = { A: 1, NS: 2, PTR: 12, AAAA: 28 };
const CODES: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export interface GoldRun {
  capture: string;
  messages: Said[];
  /** DNS messages that dnscap could not read. */
  unread: number;
}

/** What each run of dnscap printed; one file may hold several. */
export function dnscapRuns(text: string): GoldRun[] {
  const runs: GoldRun[] = [];
  for (const block of text.split(/\n(?=\[\d+\] \d|--)/)) {
    const [, day, time, fraction, index, capture, , sourcePort, , destinationPort, body] =
      HEAD.exec(block.replaceAll(/\s*\\\n\s*/g, ' ').trimEnd()) ?? [];
    if (body === undefined) continue;
    if (index === '0') runs.push({ capture: capture as string, messages: [], unread: 0 });
    const run = runs.at(-1) as GoldRun;
    if (!body.includes('dns ')) continue;
    const [, , code, id, flags, name, type, answers] = DNS.exec(body) ?? [];
    const number = TYPES[type ?? ''];
    if (answers === undefined || number === undefined) {
      run.unread++;
      continue;
    }
    run.messages.push({
      time: BigInt(Date.parse(`${day}T${time}Z`)) * 1_000_000n + BigInt((fraction as string).padEnd(9, '0')),
      sourcePort: Number(sourcePort),
      destinationPort: Number(destinationPort),
      id: Number(id),
      response: (flags as string).split('|').includes('qr'),
      type: number,
      name: nameOf(name as string),
      rcode: CODES.indexOf(code as string),
      answers: Number(answers),
    });
  }
  return runs;
}

/** Without the root's dot; a dot within a label is `\.` here and `\046` in our rows. */
const nameOf = (name: string): string =>
  name === '.'
    ? name
    : name
        .replace(/(?<!\\)\.$/, '')
        .replaceAll('\\,', ',')
        .replaceAll('\\.', '\\046')
        .toLowerCase();
