import type { Said } from './said.ts';

/**
 * The DNS messages in tcpdump's text, by regular expressions of this test's own: what the program
 * reads from such text must not be measured by itself.
 */
const PACKET = /^ *(\d+) {2}(?:caplen \d+ len \d+ )?(?:(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)|(\d+))\.(\d+) (.*)$/s;
const ENDS = /(?:^|[\s:])([\da-f.:]+)\.(\d+) > ([\da-f.:]+)\.(\d+): (.*)$/s;
const BEFORE = /^(?:\[(?:bad udp cksum|udp sum ok|no cksum|udp sum)[^\]]*\] |Flags \[.*?, length \d+ )*/;
// print-domain.c: id, then words for opcode and code, then flags, then counts that are odd.
const MESSAGE = /^(\d+)((?: [A-Za-z]\w*[A-Za-z])*)([-*+%|$]*)((?: \[\w+\])*) (.*)$/s;
const QUESTION = /^(?:q: )?(?:Type)?(\w+)(?: \(\w+\))?\? (\S+)/;
const COUNTS = /(?:^|\s)(\d+)\/(\d+)\/(\d+)(?:\s|$)/;

const TYPES: Readonly<Record<string, number>> = { A: 1, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SSHFP: 44, URI: 256 };
/** print-domain.c, ns_resp; those that occur. */
const CODES: Readonly<Record<string, number>> = { ServFail: 2, NXDomain: 3, Refused: 5, BadVers: 16, BadCookie: 23 };

export function tcpdumpMessages(text: string): Said[] {
  // A packet begins with its number; under -v its lines are more than one.
  return text.split(/\n(?= *\d+ {2})/).flatMap((packet) => messageOf(packet.replaceAll(/\s*\n\s*/g, ' ')) ?? []);
}

function messageOf(packet: string): Said | null {
  const [, number, day, time, seconds, fraction, rest] = PACKET.exec(packet) ?? [];
  const [, , sourcePort, , destinationPort, transport] = ENDS.exec(rest ?? '') ?? [];
  const [, id, words, , , body] = MESSAGE.exec((transport ?? '').replace(BEFORE, '')) ?? [];
  if (fraction === undefined || body === undefined) return null;
  const counts = COUNTS.exec(body);
  const question = QUESTION.exec(body);
  if (counts === null && question === null) return null;
  const whole = seconds === undefined ? Date.parse(`${day}T${time}Z`) / 1000 : Number(seconds);
  const said: Said = {
    number: Number(number),
    time: BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')),
    sourcePort: Number(sourcePort),
    destinationPort: Number(destinationPort),
    id: Number(id),
    // A query has counts only behind its question, and none of this form.
    response: counts !== null,
  };
  if (question !== null) {
    const [, type, name] = question as unknown as [string, string, string];
    said.type = TYPES[type] ?? Number(type);
    said.name = name === '.' ? '.' : name.replace(/\.$/, '').toLowerCase();
  }
  if (counts !== null) {
    const code = (words ?? '').trim();
    said.rcode = code === '' ? 0 : (CODES[code] ?? -1);
    said.answers = Number(counts[1]);
  }
  return said;
}
