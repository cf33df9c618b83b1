import type { Said } from './said.ts';

/**
 * The DNS messages in what `dnscap -g` prints, by regular expressions of this test's own. The
 * capture's name stands in each message's head.
 */
const HEAD =
  /^\[\d+\] (\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d+) \[#\d+ (\S+)[^\]]*\] \[([\da-f.:]+)\]\.(\d+) \[([\da-f.:]+)\]\.(\d+) ?(.*)$/;
// Opcode, code, id, flags; the question; then the count of answers.
const DNS = /^ ?dns (\w+),(\w+),(\d+),([\w|]*) 1 (\S+),IN,(\w+) (\d+)(?: |$)/;

const TYPES: Readonly<Record<string, number>> = { A: 1, NS: 2, PTR: 12, AAAA: 28 };
const CODES: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export interface Gold {
  capture: string;
  said: Said;
}

/** @returns the messages, and how many packets without one stand between them */
export function dnscapMessages(text: string): { messages: Gold[]; others: number; unread: string[] } {
  const messages: Gold[] = [];
  const unread: string[] = [];
  let others = 0;
  for (const block of text.split(/\n(?=\[\d+\] \d|--)/)) {
    const [, day, time, fraction, capture, , sourcePort, , destinationPort, body] =
      HEAD.exec(block.replaceAll(/\s*\\\n\s*/g, ' ').trimEnd()) ?? [];
    if (body === undefined) continue;
    if (!body.includes('dns ')) {
      others++;
      continue;
    }
    const [, , code, id, flags, name, type, answers] = DNS.exec(body) ?? [];
    const number = TYPES[type ?? ''];
    if (answers === undefined || number === undefined) {
      unread.push(block);
      continue;
    }
    const response = (flags as string).split('|').includes('qr');
    messages.push({
      capture: capture as string,
      said: {
        time: BigInt(Date.parse(`${day}T${time}Z`)) * 1_000_000n + BigInt((fraction as string).padEnd(9, '0')),
        sourcePort: Number(sourcePort),
        destinationPort: Number(destinationPort),
        id: Number(id),
        response,
        type: number,
        name: nameOf(name as string),
        rcode: CODES.indexOf(code as string),
        answers: Number(answers),
      },
    });
  }
  return { messages, others, unread };
}

/** Without the root's dot; a dot within a label is `\.` here and `\046` in our rows. */
const nameOf = (name: string): string =>
  name === '.' ? name : name.replace(/(?<!\\)\.$/, '').replaceAll('\\,', ',').replaceAll('\\.', '\\046').toLowerCase();
