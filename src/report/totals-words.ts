import { fewNames, formatCount, formatShare, plural } from '../base/text.ts';
import type { Diagnosis, LatencyRow } from '../model/diagnosis.ts';
import { encryptedIn } from '../model/input.ts';
import { REASON_WORDS } from './request-words.ts';
import { duration, lookupsWords, resolversWords } from './words.ts';

/** Where the time went, as label and text: what the capture does not hold has no line. */
export function totalsWords(
  diagnosis: Pick<Diagnosis, 'lookups' | 'exchanges' | 'connections' | 'requests'>,
): [string, string][] {
  const { lookups, exchanges, connections, requests } = diagnosis;
  const isOther = exchanges.count + connections.count > 0;
  return [
    ...(isOther && lookups.count + lookups.leftOut.count === 0
      ? []
      : [['lookups', lookupsWords(lookups)] as [string, string]]),
    ...(lookups.resolvers.length === 0 ? [] : [['resolvers', resolversWords(lookups)] as [string, string]]),
    ...(requests.count === 0 ? [] : [['requests', requestsWords(requests)] as [string, string]]),
    ...(requests.count === 0 ? [] : [['their time', breakdownWords(requests)] as [string, string]]),
    ...(slowWords(requests) === null ? [] : [['slow ones', slowWords(requests)] as [string, string]]),
    ...(exchanges.count === 0 ? [] : [['exchanges', exchangesWords(exchanges)] as [string, string]]),
    ...(exchanges.byServer.length === 0 ? [] : [['dearest', serversWords(exchanges)] as [string, string]]),
    ...(connections.count === 0 ? [] : [['connections', connectionsWords(connections)] as [string, string]]),
  ];
}

/** `60 (58 http/1.1, 2 grpc), 2 failed: p50 4 ms, p90 5 ms, p99 239 ms, slowest 239 ms; 3 streams`. */
function exchangesWords({ count, calls, failed, latency, protocols }: Diagnosis['exchanges']): string {
  const [only, ...others] = protocols;
  const names =
    others.length === 0
      ? (only?.name ?? '')
      : protocols.map(({ name, count: known }) => `${formatCount(known)} ${name}`).join(', ');
  const failures = failed === 0 ? '' : `, ${formatCount(failed)} failed`;
  const streams = count - calls;
  return [
    ...(calls === 0 ? [] : [`${formatCount(calls)} (${names})${failures}: ${latencyWords(latency, calls)}`]),
    ...(streams === 0 ? [] : [plural(streams, 'stream')]),
  ].join('; ');
}

const MAX_REASONS = 5;
// A share that rounds to nothing tells nothing.
const LEAST_SHARE = 0.005;

/** `60: p50 367 ms, p90 465 ms, p99 564 ms, slowest 564 ms`. */
const requestsWords = ({ count, latency, ambiguous }: Diagnosis['requests']): string =>
  `${formatCount(count)}: ${latencyWords(latency, count)}${ambiguous === 0 ? '' : `; ${formatCount(ambiguous)} linked by what is likeliest`}`;

/** `66 % waiting for their turn (169.254.169.254:80) · 25 % metadata … · 4 % own time`. */
function breakdownWords(requests: Diagnosis['requests']): string {
  return requests.breakdown
    .filter(({ share }) => share >= LEAST_SHARE)
    .slice(0, MAX_REASONS)
    .map((part) => `${formatShare(part.share)} ${reasonWords(part, requests)}`)
    .join(' · ');
}

/** `calls (10.20.30.40:9200)`, `own time, or unreadable calls (10.20.30.50:5672)`. */
function reasonWords(
  { reason, to }: { reason: keyof typeof REASON_WORDS; to: string | null },
  { unread = [] }: Diagnosis['requests'],
): string {
  const words = REASON_WORDS[reason];
  if (reason !== 'own' || unread.length === 0) return to === null ? words : `${words} (${to})`;
  const servers = new Set(unread.flatMap((one) => one.servers));
  return `${words}, or unreadable calls (${fewNames([...servers])})`;
}

// What slow ones have more of than this share of the difference is what makes them slow.
const MOST_OF_IT = 0.5;
// Twice as long is slow; less is how times scatter.
const SLOWER = 2;

/** `have 331 ms more of waiting for their turn (169.254.169.254:80) than the faster half`; null where nothing stands out. */
function slowWords(requests: Diagnosis['requests']): string | null {
  const { slowAgainstFast } = requests;
  const sum = (pick: (one: Diagnosis['requests']['slowAgainstFast'][number]) => number): number =>
    slowAgainstFast.reduce((total, one) => total + pick(one), 0);
  const slow = sum(({ slowSeconds }) => slowSeconds);
  const fast = sum(({ fastSeconds }) => fastSeconds);
  const [first] = slowAgainstFast;
  if (first === undefined || slow < SLOWER * fast) return null;
  const more = first.slowSeconds - first.fastSeconds;
  if (more < MOST_OF_IT * (slow - fast)) return null;
  return `the slowest tenth has ${duration(more)} more of ${reasonWords(first, requests)} than the faster half`;
}

// The dearest few tell where to look; the result itself has more.
const MAX_SERVERS = 3;

/** `10.96.44.12:8080: 60, p50 4 ms, p99 239 ms, 98 % of outbound time`. */
function serversWords({ byServer }: Diagnosis['exchanges']): string {
  const shown = byServer
    .slice(0, MAX_SERVERS)
    .map(({ server, protocol, direction, count, p50Seconds, p99Seconds, share }) => {
      const way = direction === 'inbound' || direction === 'outbound' ? `${direction} time` : 'the time';
      return `${server} (${protocol}): ${formatCount(count)}, p50 ${duration(p50Seconds)}, p99 ${duration(p99Seconds)}, ${formatShare(share)} of ${way}`;
    });
  const more = byServer.length - shown.length;
  return shown.join(' · ') + (more > 0 ? ` · ${formatCount(more)} more` : '');
}

/** `12, 11 opened, 1 failed: connecting p50 0.4 ms, slowest 1.02 s; 10 with TLS…; 5 segments resent`. */
function connectionsWords(connections: Diagnosis['connections']): string {
  const { count, opened, failed, latency, tls, roundTrip, retransmissions, stalledSeconds } = connections;
  const isConnecting = opened > 0 && latency.maxSeconds > 0;
  const failures = failed === 0 ? '' : `, ${formatCount(failed)} failed`;
  const kinds = [
    ...(tls.full === 0 ? [] : [`${formatCount(tls.full)} full`]),
    ...(tls.resumed === 0 ? [] : [`${formatCount(tls.resumed)} resumed`]),
  ].join(', ');
  const handshakes = tls.latency.maxSeconds > 0 ? `, handshake ${shortLatencyWords(tls.latency)}` : '';
  return [
    `${formatCount(count)}${opened === count ? '' : `, ${formatCount(opened)} opened here`}${failures}${isConnecting ? `: connecting ${shortLatencyWords(latency)}` : ''}`,
    ...(tls.count === 0 ? [] : [`${formatCount(tls.count)} with TLS${kinds === '' ? '' : ` (${kinds})`}${handshakes}`]),
    ...(roundTrip.maxSeconds === 0 ? [] : [`round trip p50 ${duration(roundTrip.p50Seconds)}`]),
    ...(retransmissions === 0 ? [] : [`${plural(retransmissions, 'segment')} resent`]),
    ...(stalledSeconds === 0 ? [] : [`data stalled for ${duration(stalledSeconds)} in all`]),
  ].join('; ');
}

const shortLatencyWords = ({ p50Seconds, maxSeconds }: LatencyRow): string =>
  `p50 ${duration(p50Seconds)}, slowest ${duration(maxSeconds)}`;

const latencyWords = (latency: LatencyRow, count: number): string =>
  count === 1
    ? duration(latency.maxSeconds)
    : `p50 ${duration(latency.p50Seconds)}, p90 ${duration(latency.p90Seconds)}, p99 ${duration(latency.p99Seconds)}, slowest ${duration(latency.maxSeconds)}`;

// A request over HTTP/3 is some ten packets: of fewer than this nothing that is slow is behind them.
const SOME = 0.01;
// What nodes send one another shows beside it as it left its pod where all interfaces are captured.
const MOST = 0.5;

/**
 * What no report could read into, beside what rules said: `inside TLS (12 connections to
 * 10.0.9.4:443; give --keylog FILE)`.
 */
export function unreadWords({ inputs, lookups, connections, exchanges, unobservable }: Diagnosis): string[] {
  // Where nothing at all could be read, the rules have said so with the same words.
  if (exchanges.count === 0 && unobservable.some(({ missing }) => missing === 'http')) return [];
  const words: string[] = [];
  for (const because of ['tls', 'protocol'] as const) {
    const unread = connections.unread.filter((one) => one.because === because);
    if (unread.length === 0) continue;
    const shown = unread.slice(0, MAX_SERVERS).map(({ server, serverName, connections: count }) => {
      return `${plural(count, 'connection')} to ${server}${serverName === null ? '' : ` (${serverName})`}`;
    });
    const more = unread.length - shown.length;
    const where = shown.join(', ') + (more > 0 ? ` and ${formatCount(more)} servers more` : '');
    words.push(
      because === 'tls' ? `inside TLS (${where}; give --keylog FILE)` : `protocols that are not read (${where})`,
    );
  }
  // Where there is nothing else, the rules have said so, too.
  if (lookups.count + connections.count === 0) return words;
  const packets = inputs.reduce((sum, input) => sum + input.packets, 0);
  for (const { by, packets: count } of encryptedIn(inputs)) {
    if (count < (by === 'QUIC' ? SOME : MOST) * packets) continue;
    words.push(`inside ${by}${by === 'QUIC' ? ' (HTTP/3)' : ''} (${plural(count, 'packet')})`);
  }
  return words;
}
