import type { Message } from './dns-messages.ts';

/**
 * The checks of a suricata-verify `test.yaml`: how many events of which kind Suricata writes for
 * a capture. Reads as much of YAML as those files use: two levels of keys in a list of filters,
 * values on their own line, plain or quoted.
 */
export interface Check {
  count: number;
  match: Record<string, string>;
  /** Where the events are written; some tests have several logs, each with a filter of its own. */
  filename: string | null;
}

export interface SuricataTest {
  /** Relative to the test's folder; null where the folder has a capture of its own. */
  capture: string | null;
  /** Ports on which Suricata was told to look for DNS. */
  ports: number[];
  checks: Check[];
}

const KEY = /^( *)(- )?("?[\w.[\]-]+"?) *: *(.*?) *$/;

export function readSuricataTest(text: string): SuricataTest {
  const ports = [...text.matchAll(/detection-ports\.dp=(\d+)/g)].map(([, port]) => Number(port));
  const test: SuricataTest = { capture: null, ports: [53, ...ports], checks: [] };
  let check: Check | null = null;
  let matchIndent = -1;
  let requiresIndent = -1;
  for (const line of text.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, spaces, dash, key, value] = KEY.exec(line) ?? [];
    if (spaces === undefined || key === undefined || value === undefined) continue;
    const indent = spaces.length + (dash?.length ?? 0);
    if (indent <= matchIndent) matchIndent = -1;
    if (indent <= requiresIndent) requiresIndent = -1;
    if (key === 'filter') {
      check = { count: -1, match: {}, filename: null };
      test.checks.push(check);
    } else if (indent === 0) {
      check = null;
      if (key === 'pcap') test.capture = unquoted(value);
    } else if (key === 'requires') requiresIndent = indent;
    else if (check === null || requiresIndent >= 0) continue;
    else if (matchIndent >= 0) check.match[key] = unquoted(value);
    else if (key === 'match') matchIndent = indent;
    else if (key === 'count') check.count = Number(value);
    else if (key === 'filename') check.filename = unquoted(value);
  }
  return test;
}

function unquoted(value: string): string {
  if (value.startsWith("'")) return value.slice(1, -1).replaceAll("''", "'");
  return value.startsWith('"') ? (JSON.parse(value) as string) : value.replace(/ +#.*$/, '');
}

export const isOfDns = ({ match }: Check): boolean =>
  match['event_type'] === 'dns' ||
  (match['event_type'] === undefined && Object.keys(match).some((key) => key.startsWith('dns.')));

const TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [10, 'NULL'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [44, 'SSHFP'],
  [65, 'HTTPS'],
]);
const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/**
 * Whether Suricata's event for this message fulfils the check, as far as we keep what the check
 * asks for: records, flags and Suricata's own counters we do not, and then only the rest counts.
 */
export function fulfils(message: Message, { match }: Check): boolean {
  // Up to version 2 of its format an answer is told from the client's side.
  const turned = match['dns.type'] === 'answer';
  const [source, destination] = turned ? ['destination', 'source'] : ['source', 'destination'];
  const own = message as unknown as Record<string, unknown>;
  return Object.entries(match).every(([key, value]) => {
    switch (key) {
      case 'src_ip':
        return own[source as string] === value;
      case 'src_port':
        return String(own[`${source}Port`]) === value;
      case 'dest_ip':
        return own[destination as string] === value;
      case 'dest_port':
        return String(own[`${destination}Port`]) === value;
      case 'proto':
        return message.transport === value.toLowerCase();
      case 'pcap_cnt':
        // Over TCP, Suricata writes when the other side has acknowledged.
        return message.transport === 'tcp' || String(message.number) === value;
      case 'dns.type':
        return message.response === (value === 'answer' || value === 'response');
      case 'dns.id':
        return String(message.id) === value;
      case 'dns.opcode':
        return String(message.opcode) === value;
      case 'dns.rrname':
      case 'dns.queries[0].rrname':
        return message.name === value.toLowerCase();
      case 'dns.rrtype':
      case 'dns.queries[0].rrtype':
        return TYPES.get(message.type) === value;
      case 'dns.rcode':
        return message.response && CODES[message.rcode] === value;
      case 'dns.answers.__len':
        return String(message.answers) === value;
      default:
        return message.response || !/^dns\.(qr|answers|authorities)\b/.test(key);
    }
  });
}
