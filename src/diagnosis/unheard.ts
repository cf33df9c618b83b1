import { formatCount, plural } from '../base/text.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Sense, Unobservable } from '../model/finding.ts';
import { encryptedIn, type HeldRows, type Input } from '../model/input.ts';

// ICMP says when nobody listens on a server's port, and `port 53` alone would miss it.
const DNS_CAPTURE = "tcpdump -i any -s 0 -w dns.pcap 'port 53 or icmp or icmp6'";
const TCP_CAPTURE = "tcpdump -i any -s 0 -w all.pcap 'tcp or port 53 or icmp or icmp6'";

// Headers of IP and TCP take a hundred; a request's own would not be whole.
const SHORT_PACKETS = 512;

type Rows = Pick<Diagnosis, 'lookups' | 'exchanges' | 'connections'>;

/** Rows that the capture holds and the user did not ask for. */
export interface Unwanted {
  lookups: number;
  exchanges: number;
  connections: number;
  /** What he asked for, as he wrote it: `--client 10.0.3.7`. */
  readonly filters: string;
}

type Unheard = Unobservable & { missing: Sense };

/** Tells why a rule could not have heard anything, from what it needs to see; null where it could. */
export function createHearing(
  inputs: readonly Input[],
  rows: Rows,
  unwanted: Unwanted | null,
): (sees: readonly Sense[]) => Unheard | null {
  const reasons = new Map<Sense, Unheard>();
  const missing = (sense: Sense, reason: Unobservable): void => {
    reasons.set(sense, { ...reason, missing: sense });
  };
  if (rows.lookups.count === 0) missing('dns', unasked(unwanted, 'lookups') ?? whyNoLookups(inputs, rows));
  if (rows.connections.count === 0) {
    missing('tcp', unasked(unwanted, 'connections') ?? whyNoConnections(inputs, rows));
  }
  if (rows.exchanges.count === 0) missing('http', unasked(unwanted, 'exchanges') ?? whyNoExchanges(inputs, rows));
  return (sees) => {
    for (const sense of sees) {
      const reason = reasons.get(sense);
      if (reason !== undefined) return reason;
    }
    return null;
  };
}

/** All that there are of a kind are of other clients or names than the user asked for. */
function unasked(unwanted: Unwanted | null, kind: 'lookups' | 'connections' | 'exchanges'): Unobservable | null {
  if (unwanted === null || unwanted[kind] === 0) return null;
  return { why: `none of ${plural(unwanted[kind], kind.slice(0, -1))} is of ${unwanted.filters}`, capture: null };
}

/** Exported rows are read in place of captures, and were exported without these; null where not. */
function whyNotExported(inputs: readonly Input[], kind: HeldRows): Unobservable | null {
  const isLeftOut = inputs.length > 0 && inputs.every(({ holds }) => holds !== undefined && !holds.includes(kind));
  const why = `the export holds no ${kind}; kubelag export rows CAPTURE writes all that is known`;
  return isLeftOut ? { why, capture: null } : null;
}

const areTexts = (inputs: readonly Input[]): boolean => inputs.every(({ format }) => format.startsWith('tcpdump'));

const packetsOf = (inputs: readonly Input[]): number => inputs.reduce((sum, input) => sum + input.packets, 0);

// So many of all packets are what the capture holds, and not something beside it.
const MOST = 0.5;

/** Where most packets can't be read by anybody; null where they can. */
function whyUnreadable(inputs: readonly Input[], packets: number): string | null {
  const undecodable = inputs.reduce((sum, { damage }) => sum + damage.undecodable, 0);
  if (undecodable >= packets) {
    const types = [...new Set(inputs.flatMap(({ linkTypes }) => linkTypes))].join(', ');
    return `none of ${plural(packets, 'packet')} could be read${types === '' ? '' : ` (link type ${types})`}`;
  }
  const [most] = encryptedIn(inputs);
  if (most === undefined || most.packets < MOST * packets) return null;
  const share = `${formatCount(most.packets)} of ${plural(packets, 'packet')}`;
  return most.by === 'QUIC'
    ? `QUIC (HTTP/3) encrypts ${share}: nothing in them can be read`
    : `${most.by} between nodes encrypts ${share}: capture in the pod, or on all of a node’s interfaces`;
}

function whyNoLookups(inputs: readonly Input[], { lookups: { leftOut } }: Rows): Unobservable {
  if (leftOut.count > 0) {
    const reason = leftOut.because === null ? '' : `: ${leftOut.because}`;
    return {
      why: `no lookup is left to look at: ${plural(leftOut.count, 'lookup')} left out${reason}`,
      capture: DNS_CAPTURE,
    };
  }
  const notExported = whyNotExported(inputs, 'lookups');
  if (notExported !== null) return notExported;
  const packets = packetsOf(inputs);
  if (packets === 0) return { why: 'the capture is empty', capture: DNS_CAPTURE };
  const cut = inputs.reduce((sum, { damage }) => sum + (damage.cutQuestions ?? 0), 0);
  if (cut > 0) {
    return { why: `${plural(cut, 'DNS message')} are cut within the name that they ask for`, capture: DNS_CAPTURE };
  }
  const unreadable = whyUnreadable(inputs, packets);
  if (unreadable !== null) return { why: unreadable, capture: DNS_CAPTURE };
  const inPackets = `(${plural(packets, 'packet')})`;
  if (!inputs.some((input) => input.vantage.sees.dns)) {
    if (areTexts(inputs)) {
      return {
        why: 'text of tcpdump shows DNS only, and this one has none: give the capture itself (-w)',
        capture: DNS_CAPTURE,
      };
    }
    return { why: `the capture shows no DNS ${inPackets}`, capture: DNS_CAPTURE };
  }
  return {
    why: `the capture has answers of DNS and no query that they answer: it saw one direction, or began too late ${inPackets}`,
    capture: DNS_CAPTURE,
  };
}

function whyNoConnections(inputs: readonly Input[], { lookups }: Rows): Unobservable {
  const packets = packetsOf(inputs);
  if (packets === 0) return { why: 'the capture is empty', capture: TCP_CAPTURE };
  if (areTexts(inputs)) {
    return { why: 'text of tcpdump shows DNS only', capture: TCP_CAPTURE };
  }
  const notExported = whyNotExported(inputs, 'connections');
  if (notExported !== null) return notExported;
  const unreadable = whyUnreadable(inputs, packets);
  if (unreadable !== null) return { why: unreadable, capture: TCP_CAPTURE };
  return {
    why:
      lookups.count > 0
        ? 'the capture holds no connections beside DNS'
        : `the capture shows no TCP (${plural(packets, 'packet')})`,
    capture: TCP_CAPTURE,
  };
}

function whyNoExchanges(inputs: readonly Input[], rows: Rows): Unobservable {
  const notExported = whyNotExported(inputs, 'exchanges');
  if (notExported !== null) return notExported;
  const { count, unread } = rows.connections;
  if (count === 0) return whyNoConnections(inputs, rows);
  const encrypted = unread.filter(({ because }) => because === 'tls');
  const [first] = encrypted;
  if (first === undefined) {
    const cut = inputs.find(({ snapLength }) => snapLength !== null && snapLength < SHORT_PACKETS);
    const why = unread.length === 0 ? 'no request was sent' : 'no request could be read';
    return cut === undefined
      ? { why: `${why} on ${plural(count, 'connection')}`, capture: null }
      : { why: `${why}: packets are cut at ${formatCount(cut.snapLength ?? 0)} bytes`, capture: TCP_CAPTURE };
  }
  const sum = encrypted.reduce((total, { connections }) => total + connections, 0);
  const where = encrypted.length === 1 ? ` to ${first.server}` : '';
  return {
    why: `all requests are inside TLS (${plural(sum, 'connection')}${where}); give --keylog FILE`,
    capture: null,
  };
}
