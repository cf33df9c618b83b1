import { MAX_ANSWERS, typeFromName } from '../model/lookup.ts';
import { EDNS_SIZE_UNKNOWN, type DnsMessage } from '../model/dns-message.ts';

// What tcpdump's print-domain.c prints, today's names and those of the last twenty years.
const OPCODES: ReadonlyMap<string, number> = new Map([
  ['inv_q', 1],
  ['stat', 2],
  ['notify', 4],
  ['update', 5],
  ['updataA', 9],
  ['updateA', 9],
  ['updateD', 10],
  ['updateDA', 11],
  ['updateM', 12],
  ['updateMA', 13],
  ['zoneInit', 14],
  ['zoneRef', 15],
]);
const RCODES: ReadonlyMap<string, number> = new Map([
  ['FormErr', 1],
  ['ServFail', 2],
  ['NXDomain', 3],
  ['NotImp', 4],
  ['Refused', 5],
  ['YXDomain', 6],
  ['YXRRSet', 7],
  ['NXRRSet', 8],
  ['NotAuth', 9],
  ['NotZone', 10],
  ['NoChange', 15],
  ['BadVers', 16],
  ['BadSig', 16],
  ['BadKey', 17],
  ['BadTime', 18],
  ['BadMode', 19],
  ['BadName', 20],
  ['BadAlg', 21],
  ['BadTrunc', 22],
  ['BadCookie', 23],
]);
// Types that model/lookup.ts has no name for and that tcpdump does (IANA's numbers).
const TYPES: ReadonlyMap<string, number> = new Map([
  ['HINFO', 13],
  ['NAPTR', 35],
  ['DNAME', 39],
  ['DS', 43],
  ['SSHFP', 44],
  ['RRSIG', 46],
  ['NSEC', 47],
  ['DNSKEY', 48],
  ['TLSA', 52],
  ['SPF', 99],
  ['TKEY', 249],
  ['TSIG', 250],
  ['IXFR', 251],
  ['AXFR', 252],
  ['URI', 256],
  ['CAA', 257],
]);
const CLASSES: ReadonlyMap<string, number> = new Map([
  ['IN', 1],
  ['CHAOS', 3],
  ['HS', 4],
  ['ANY', 255],
]);

// id, kind of query or code of reply, flags, counts in brackets.
const HEAD =
  /^(\d{1,5})(?: (inv_q|stat|notify|op\d{1,2}|updat\w{1,3}|zone\w{3,4}))?(?: ([FSNRYB][A-Za-z]{3,8}\d{0,2}))?([-+*|%$]{0,6})((?: \[[^\]]{1,40}\]){0,6})(?: |$)/;
const COUNTS = /(?:^| )(\d{1,5})\/(\d{1,5})\/(\d{1,5})(?=[ ,]|$)/;
const QUESTION = /^([A-Z][A-Za-z0-9-]{0,14})(?: (IN|CHAOS|HS|ANY|\(Class \d{1,5}\)))?(?: \(Q[MU]\))?\? /;
// Where a question's name ends: the length, the counts, another section, another question, a cut.
const NAME_END =
  / (?=\(\d{1,6}(?:\/\d{1,6})?\)(?: |$)|\d{1,5}\/\d{1,5}\/\d{1,5}(?: |$)|(?:ns|ar): |[A-Z][A-Za-z0-9-]{0,14}(?: \S{2,5})?\? )|$/;
const LENGTH = / ?\((\d{1,6})(?:\/\d{1,6})?\)(?: \([^)]{0,80}\)){0,2}$/;
const CUT = '[|domain]';
/** Nothing, or the name that the first record is of. */
const CUT_BEFORE_DATA = /^\s*\S*\s*$/;
const SECTION = / (?:ns|ar): /;
const ADDRESS = /(?:^|[ ,\]])(?:A|AAAA) ([0-9a-fA-F:.]{2,45})(?=[ ,]|$)/g;
const TIME_TO_LIVE = / \[((?:\d{1,10}[wdhms]){1,5})\] /g;
const EDNS_SIZE = / OPT UDPsize=(\d{1,5})/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 };

/**
 * Reads tcpdump's words on one DNS message: `10118+ AAAA? name. (84)`, `50250*- 1/0/0 A 10.1.2.3 (120)`.
 * @param text from the id on
 * @returns the message's length in bytes, -1 where the text is cut before it; null where it is no DNS
 */
export function readDnsText(text: string, message: DnsMessage): number | null {
  const head = HEAD.exec(text);
  if (head === null || Number(head[1]) > 0xffff) return null;
  const rest = text.slice(head[0].length);
  const code = head[3] === undefined ? 0 : codeOf(head[3]);
  if (code < 0) return null;
  clear(message);
  message.id = Number(head[1]);
  message.opcode = opcodeOf(head[2]);
  message.rcode = code;
  readBrackets(head[5] as string, message);
  message.cut = rest.endsWith(CUT);
  const length = LENGTH.exec(rest);
  const end = message.cut ? rest.length - CUT.length : (length?.index ?? rest.length);
  const body = rest.slice(0, end).trimEnd();
  const read = isReply(head, body) ? readReply(body, message) : readQuery(body, message);
  if (!read || (length === null && !message.cut)) return null;
  const flags = head[4] as string;
  message.truncated = flags.includes('|');
  if (!message.response) {
    message.recursionDesired = flags.includes('+');
    message.authenticData ||= flags.includes('$');
  }
  return length === null ? -1 : Number(length[1]);
}

function isReply(head: RegExpExecArray, body: string): boolean {
  return head[3] !== undefined || /[-*|]/.test(head[4] as string) || body.startsWith('q: ') || /^\d+\//.test(body);
}

function readQuery(body: string, message: DnsMessage): boolean {
  let rest = body;
  let questions = 0;
  let endsWithDot = false;
  for (let match = QUESTION.exec(rest); match !== null; match = QUESTION.exec(rest)) {
    const named = rest.slice(match[0].length);
    const end = named.search(NAME_END);
    if (questions === 0) setQuestion(message, match, named.slice(0, end));
    endsWithDot = named[end - 1] === '.';
    questions++;
    rest = named.slice(end + 1);
  }
  message.questions = questions;
  readEdns(rest, message);
  // What is left must be other sections or the cut; anything else is no query, or a wrapped line.
  if (!/^(?:$|(?:.* )?(?:ns|ar): )/.test(rest)) return false;
  // A name that was cut is another name.
  if (message.cut) return questions > 0 && endsWithDot;
  return questions > 0 || body === '';
}

function readReply(body: string, message: DnsMessage): boolean {
  message.response = true;
  // The question is always there; without -vv it is not printed.
  message.questions = 1;
  let rest = body;
  if (body.startsWith('q: ')) {
    rest = body.slice(3);
    const match = QUESTION.exec(rest);
    if (match !== null) {
      const named = rest.slice(match[0].length);
      const end = named.search(NAME_END);
      setQuestion(message, match, named.slice(0, end));
      rest = named.slice(end);
    }
  }
  const counts = COUNTS.exec(rest);
  if (counts === null) return message.cut;
  message.answerCount = Number(counts[1]);
  const records = rest.slice(counts.index + counts[0].length);
  const answers = records.slice(0, sectionStart(records));
  readAnswers(answers, message);
  readEdns(records, message);
  // Of a record that is cut before its type no more is printed than its name, if that.
  if (message.answerCount > 0 && CUT_BEFORE_DATA.test(answers)) message.cut = true;
  return true;
}

const sectionStart = (records: string): number => {
  const at = records.search(SECTION);
  return at < 0 ? records.length : at;
};

function readAnswers(answers: string, message: DnsMessage): void {
  if (message.answerCount === 0) return;
  const addresses: string[] = [];
  for (const match of answers.matchAll(ADDRESS)) {
    if (addresses.length < MAX_ANSWERS) addresses.push((match[1] as string).toLowerCase());
  }
  if (addresses.length > 0) message.addresses = addresses;
  for (const match of answers.matchAll(TIME_TO_LIVE)) {
    const ttl = secondsOf(match[1] as string);
    if (message.ttl < 0 || ttl < message.ttl) message.ttl = ttl;
  }
}

function readEdns(text: string, message: DnsMessage): void {
  const size = EDNS_SIZE.exec(text);
  if (size === null) return;
  message.ednsSize = Number(size[1]);
  message.cookie = text.includes('COOKIE');
}

/** `[1au]`, `[2q]`, `[b2&3=0x182]`: counts and flags that are unusual in a query. */
function readBrackets(text: string, message: DnsMessage): void {
  // The one additional record of a query is its OPT record (RFC 6891); a signed update has others.
  // Without -vv.
  if (text.includes('[1au]')) message.ednsSize = EDNS_SIZE_UNKNOWN;
  const flags = /\[b2&3=0x([0-9a-f]{1,4})\]/.exec(text);
  if (flags !== null) message.authenticData = (Number.parseInt(flags[1] as string, 16) & 0x20) !== 0;
}

function setQuestion(message: DnsMessage, match: RegExpExecArray, name: string): void {
  message.type = typeOf(match[1] as string);
  message.class = classOf(match[2]);
  message.name = name === '.' ? '.' : (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

const typeOf = (word: string): number => TYPES.get(word) ?? typeFromName(word);

function classOf(word: string | undefined): number {
  if (word === undefined) return 1;
  return CLASSES.get(word) ?? Number(/\d+/.exec(word)?.[0] ?? 0);
}

const opcodeOf = (word: string | undefined): number =>
  word === undefined ? 0 : (OPCODES.get(word) ?? Number(/\d+/.exec(word)?.[0] ?? 0));

function codeOf(word: string): number {
  const known = RCODES.get(word);
  if (known !== undefined) return known;
  const match = /^Resp(\d{1,2})$/.exec(word);
  return match === null ? -1 : Number(match[1]);
}

/** `1h5m` as tcpdump prints a time to live. */
function secondsOf(text: string): number {
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([wdhms])/g)) {
    total += Number(count) * (UNIT_SECONDS[unit as string] as number);
  }
  return total;
}

function clear(message: DnsMessage): void {
  message.response = false;
  message.truncated = false;
  message.recursionDesired = false;
  message.authenticData = false;
  message.questions = 0;
  message.name = '';
  message.nameHash = 0;
  message.type = 0;
  message.class = 0;
  message.answerCount = 0;
  message.addresses = [];
  message.ttl = -1;
  message.ednsSize = -1;
  message.cookie = false;
}
