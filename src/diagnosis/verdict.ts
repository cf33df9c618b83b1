import { endpoint } from '../base/addresses.ts';
import { fewNames, formatCount, formatDuration, plural } from '../base/text.ts';
import { fromSeconds } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { receiverOf } from '../model/direction.ts';
import { REST_OF_REQUEST } from '../model/request.ts';
import { isOpen, isWhatTheyWaitFor, MOST, SLOW, unexplainedPart, type Judged } from './unexplained.ts';

/** The one sentence that is read first, and its status. */
export function verdictOf(diagnosis: Judged): Diagnosis['verdict'] {
  const { findings, ruledOut } = diagnosis;
  const dearest = findings[0];
  if (dearest !== undefined && dearest.severity !== 'info') {
    const unexplained = unexplainedPart(diagnosis, whereWords(diagnosis));
    if (unexplained === null) return { status: 'found', says: dearest.says };
    const { who, most } = unexplained;
    // A cheap habit is not why anything is slow, and whoever reads it first takes it for that.
    const isHabit = dearest.severity === 'minor';
    return {
      status: 'found',
      says: isHabit ? (most ?? `no known cause makes requests slow, yet ${who}`) : dearest.says,
      unexplained: `${who}: ${most ?? 'no finding explains that'}`,
    };
  }
  if (findings.length === 0 && ruledOut.length === 0) {
    return { status: 'insufficient', says: mostTelling(diagnosis)?.why ?? 'no rule was asked' };
  }
  if (findings.length === 0 && tellsLittle(diagnosis)) {
    return {
      status: 'insufficient',
      says: `${seenWords(diagnosis)}, and little to tell: ${mostTelling(diagnosis)?.why ?? ''}`,
    };
  }
  return { status: 'clear', says: manyOpenWords(diagnosis) + clearWords(diagnosis) + cutWords(diagnosis) };
}

function clearWords(diagnosis: Judged): string {
  const kinds = slowestKinds(diagnosis);
  const figures =
    kinds.map(({ count, slowest, where }) => `${count}, slowest ${formatDuration(slowest)}${where}`).join('; ') +
    errorWords(diagnosis);
  const slow = kinds.filter(({ slowest, lost }) => slowest >= SLOW || lost > 0);
  const what = (some: typeof kinds): string => some.map(({ name }) => name).join(' or ');
  if (kinds.length === 0) return `nothing is wrong with ${seenWords(diagnosis)}`;
  if (slow.length === 0) return `no ${what(kinds)} is slow: ${figures}`;
  // Who captured one request wants to know about that, and not that it does not repeat.
  const longest = Math.max(...slow.map(({ slowest }) => slowest));
  const once = diagnosis.findings.find((finding) => isAllThereIs(finding, longest));
  if (once !== undefined) return `seen once: ${once.says}`;
  // No fault by itself, and yet what they wait for.
  const most = diagnosis.findings.find(isWhatTheyWaitFor);
  if (most !== undefined) return most.says;
  // Slow, but too rare to matter or of no cause that a rule knows: never "all is well".
  if (diagnosis.findings.length > 0 && !slow.some(({ mostly }) => mostly)) {
    return `nothing that costs much: ${figures}`;
  }
  const names = slow.map((kind) => kind.names).join(' or ');
  const does = slow.some(({ lost }) => lost > 0) ? 'fail, yet some do' : 'slow, yet some are';
  return `no known cause makes ${names} ${does}: ${figures}`;
}

// One call in a hundred is what people are woken for; of fewer the answer tells further down.
const MANY_ERRORS = 0.01;

/** Quick errors are no slowness, and yet nobody should read "all is well" where calls are answered with them. */
function errorWords({ findings }: Judged): string {
  const errors = findings.find(
    ({ rule, occurrences: { count, of } }) => rule === 'http-error' && count >= MANY_ERRORS * of,
  );
  return errors === undefined ? '' : `; but ${errors.says}`;
}

/** The capture holds one of its kind, and most of what took longest there was it. */
const isAllThereIs = ({ occurrences, cost }: Judged['findings'][number], longest: number): boolean =>
  occurrences.count === 1 && occurrences.of === 1 && fromSeconds(cost.totalSeconds) >= MOST * longest;

// One packet may be cut where the file ends; a snap length cuts all that are long.
const SNAPPED_SHARE = 0.01;

/** What nothing can be said of, where a snap length was so short that it may hide causes. */
function cutWords({ inputs }: Judged): string {
  const packets = inputs.reduce((sum, input) => sum + input.packets, 0);
  const cut = inputs.reduce((sum, { damage }) => sum + damage.cut, 0);
  if (cut <= 1 || cut < SNAPPED_SHARE * packets) return '';
  const questions = inputs.reduce((sum, { damage }) => sum + (damage.cutQuestions ?? 0), 0);
  const names = questions > 0 ? `, ${plural(questions, 'DNS name')}` : '';
  return `; what ${plural(cut, 'cut packet')} held (statuses, errors${names}) is not known: capture with -s 0`;
}

const isAboutDns = ({ rule }: { readonly rule: string }): boolean => rule.startsWith('dns-');

/**
 * Of DNS more that could not be seen than was looked at, and nothing was looked at but DNS: silence
 * is no health. Rules of what the capture does not hold at all say nothing of what it does hold.
 */
function tellsLittle({ ruledOut, unobservable }: Judged): boolean {
  const seen = ruledOut.filter(isAboutDns).length;
  if (ruledOut.length > seen) return false;
  return unobservable.filter((one) => one.missing === null && isAboutDns(one)).length > seen;
}

/** Of what there is rather than of what is not there at all. */
const mostTelling = ({ unobservable, connections }: Judged): Judged['unobservable'][number] | undefined =>
  unobservable.find(({ missing }) => missing === null) ??
  (connections.count > 0 ? unobservable.find(({ missing }) => missing !== 'dns') : undefined) ??
  unobservable[0];

interface Kind {
  name: string;
  names: string;
  count: string;
  slowest: number;
  /** Half of them are slow. */
  mostly: boolean;
  /** `, 2.1 s of it waiting for 10.20.30.40:9200`: where the time of the slowest went; '' where that is not known. */
  where: string;
  /** That came to nothing, without a finding that says why. */
  lost: number;
}

/** What took time, requests first: they are what callers wait for. */
function slowestKinds({ lookups, exchanges, connections, requests }: Judged): Kind[] {
  const kinds: Kind[] = [];
  const aside = callsAside({ exchanges, requests });
  if (aside !== null) {
    kinds.push({
      name: 'request',
      names: 'requests',
      count: plural(requests.count, 'request'),
      slowest: fromSeconds(requests.latency.maxSeconds),
      mostly: fromSeconds(requests.latency.p50Seconds) >= SLOW,
      where: aside,
      lost: 0,
    });
  } else if (exchanges.calls > 0) {
    const calls = fromSeconds(exchanges.latency.maxSeconds);
    // With what it had to look up and to connect first, the slowest is slower than its call.
    const whole = requests.count === 0 ? calls : fromSeconds(requests.latency.maxSeconds);
    kinds.push({
      name: 'request',
      names: 'requests',
      count: requestsAndCalls({ exchanges, requests }),
      slowest: Math.max(calls, whole),
      mostly: fromSeconds(exchanges.latency.p50Seconds) >= SLOW,
      where: calls < SLOW && whole >= SLOW ? slowestWords(requests) : whereWords({ exchanges, requests }),
      lost: 0,
    });
  }
  const sealed = exchanges.calls > 0 ? [] : exchanges.byServer.filter(({ protocol }) => protocol === 'tls');
  const [slowest] = sealed.toSorted((a, b) => b.maxSeconds - a.maxSeconds);
  if (slowest !== undefined) {
    const count = sealed.reduce((sum, one) => sum + one.count, 0);
    const time = fromSeconds(slowest.maxSeconds);
    kinds.push({
      name: 'call inside TLS',
      names: 'calls inside TLS',
      count: `${plural(count, 'call')} inside TLS`,
      slowest: time,
      mostly: slowest.count >= MOST * count && fromSeconds(slowest.p50Seconds) >= SLOW,
      where: time >= SLOW ? `, at ${slowest.server}` : '',
      lost: 0,
    });
  }
  const { failed } = connections;
  if (failed > 0 || (exchanges.calls === 0 && connections.opened > 0)) {
    kinds.push({
      name: 'connection',
      names: 'connections',
      count:
        failed > 0
          ? `${formatCount(failed)} of ${plural(connections.opened, 'connection')} failed`
          : `${plural(connections.opened, 'connection')} opened`,
      slowest: fromSeconds(connections.latency.maxSeconds),
      mostly: false,
      where: '',
      lost: failed,
    });
  }
  if (lookups.count > 0) {
    const open = openLookups(lookups);
    kinds.push({
      name: 'DNS lookup',
      names: 'DNS lookups',
      count: plural(lookups.count - open.count, 'lookup'),
      slowest: open.slowestOfOthers,
      mostly: false,
      where:
        open.count > 0 && !areMany(open, lookups)
          ? `; ${formatCount(open.count)} more got no answer before the capture ended`
          : '',
      lost: 0,
    });
  }
  return kinds;
}

interface OpenLookups {
  count: number;
  slowestOfOthers: number;
}

/**
 * Lookups that the capture's end leaves open seem the slowest where it goes on for a while: what they wait for may be lost,
 * or a packet that the capture lacks.
 */
function openLookups({ count: all, latency, openAtEnd }: Judged['lookups']): OpenLookups {
  const longest = fromSeconds(latency.maxSeconds);
  if (openAtEnd === undefined || openAtEnd.count === all || longest < SLOW)
    return { count: 0, slowestOfOthers: longest };
  return { count: openAtEnd.count, slowestOfOthers: fromSeconds(openAtEnd.slowestOfOthersSeconds) };
}

// A capture that lacks so many answers, or a server that gives none, is the first thing to know.
const MANY_OPEN = 0.1;

const areMany = ({ count }: OpenLookups, lookups: Judged['lookups']): boolean => count >= MANY_OPEN * lookups.count;

function manyOpenWords({ lookups }: Judged): string {
  const open = openLookups(lookups);
  if (open.count === 0 || !areMany(open, lookups)) return '';
  return `${formatCount(open.count)} of ${plural(lookups.count, 'lookup')} got no answer before the capture ended; else `;
}

/** What services were asked, where that is known, and what else was: calls of theirs, or of others who are no service. */
function requestsAndCalls({
  exchanges: { calls },
  requests: { count },
}: Pick<Judged, 'exchanges' | 'requests'>): string {
  if (count === 0) return plural(calls, 'request');
  return calls > count
    ? `${plural(count, 'request')} and ${plural(calls - count, 'other call')}`
    : plural(count, 'request');
}

// What is left of more than this is for nobody to read.
const NEARLY_ALL = 0.95;

/** Where the time of the slowest request went, or who was asked for it. */
function whereWords({ exchanges, requests }: Pick<Judged, 'exchanges' | 'requests'>): string {
  const [exchange] = exchanges.slowest;
  if (exchange === undefined) return '';
  const open = isOpen(exchange) ? ' without an answer until the capture ends' : '';
  return fromSeconds(exchange.durationSeconds) < SLOW ? open : open + partWords(exchange, requests);
}

/**
 * `; a call that none of them waits for takes 4.86 s, at 10.20.30.40:7233`: what a service asks beside its requests, such
 * as a worker's poll for tasks, is longer than each of them. Null where the slowest call is one of them, or within one.
 */
function callsAside({ exchanges, requests }: Pick<Judged, 'exchanges' | 'requests'>): string | null {
  const [call] = exchanges.slowest;
  const [request] = requests.slowest;
  if (call === undefined || request === undefined) return null;
  const took = fromSeconds(call.durationSeconds);
  const isAside = requests.slowest.some((one) => one.exchange !== call.id && receiverOf(one) === call.client);
  if (!isAside || took < SLOW || took <= fromSeconds(requests.latency.maxSeconds)) return null;
  const ownPart = fromSeconds(request.durationSeconds) >= SLOW ? requestWords(request, requests) : '';
  const at = endpoint(call.server, call.serverPort);
  return `${ownPart}; a call that none of them waits for takes ${formatDuration(took)}, at ${at}`;
}

/** Where the time of the slowest went, with what its caller looked up and connected to for it. */
function slowestWords(requests: Judged['requests']): string {
  const [request] = requests.slowest;
  return request === undefined ? '' : requestWords(request, requests);
}

function partWords(exchange: Judged['exchanges']['slowest'][number], requests: Judged['requests']): string {
  const request = requests.slowest.find(({ exchange: id }) => id === exchange.id);
  return request === undefined
    ? `, at ${endpoint(exchange.server, exchange.serverPort)}`
    : requestWords(request, requests);
}

/** Its client paused in the midst of it, or never sent it whole. */
const isUnsent = (what: string | null): boolean =>
  what === REST_OF_REQUEST || what === 'sender-idle' || what === 'written';

function requestWords(request: Judged['requests']['slowest'][number], requests: Judged['requests']): string {
  const [part] = request.breakdown.toSorted((a, b) => b.seconds - a.seconds);
  if (part === undefined || request.ambiguous || part.seconds < MOST * request.durationSeconds) return '';
  const isAll = part.seconds >= NEARLY_ALL * request.durationSeconds;
  const spent = `, ${isAll ? 'nearly all' : formatDuration(fromSeconds(part.seconds))} of it`;
  if (part.reason === 'own') {
    const unread = requests.unread?.find(({ service }) => service === receiverOf(request))?.servers ?? [];
    const or = unread.length === 0 ? '' : `, or waiting for ${fewNames(unread)}, which can’t be read`;
    return `${spent} in ${endpoint(request.server, request.serverPort)} itself${or}`;
  }
  const to = part.to === null ? '' : ` ${part.to}`;
  switch (part.reason) {
    case 'upstream':
    case 'metadata':
      return `${spent} waiting for${to}`;
    case 'connect':
      return `${spent} connecting to${to}`;
    case 'tls':
      return `${spent} for the TLS handshake with${to}`;
    case 'dns':
      return `${spent} for DNS (${to.trim()})`;
    case 'stall':
      return `${spent} while data stood still on its way`;
    case 'transfer':
      if (request.waits.every(({ reason, what }) => reason !== 'transfer' || isUnsent(what)))
        return `${spent} waiting for ${part.to} to send the request`;
      return `${spent} for bodies on their way (${to.trim()})`;
    case 'queue':
      return `${spent} waiting for its turn`;
  }
}

function seenWords({ lookups, exchanges, connections }: Judged): string {
  const words = [
    ...(exchanges.count > 0 ? [plural(exchanges.count, 'request')] : []),
    ...(connections.count > 0 ? [plural(connections.count, 'connection')] : []),
    ...(lookups.count > 0 ? [plural(lookups.count, 'lookup')] : []),
  ];
  return words.length === 0 ? '0 lookups' : words.join(', ');
}
