import { formatCount, formatDuration, formatShare, plural } from '../base/text.ts';
import type { Diagnosis, Finding, InputRow } from '../model/diagnosis.ts';
import { sparesRequests } from '../model/finding.ts';
import type { LookupRow } from '../model/lookup-schema.ts';
import type { QueryLine } from './query-lines.ts';

/** Seconds as a person reads them. */
export const duration = (seconds: number): string => formatDuration(seconds * 1e9);

/** What came of one sending: `answered in 412 µs`, `NXDOMAIN in 1.4 ms`, `no answer`. */
export function answerWords(line: QueryLine): string {
  const { answer, unreachableAfterSeconds } = line;
  if (answer === null) {
    return unreachableAfterSeconds === null
      ? 'no answer'
      : `port unreachable (ICMP) after ${duration(unreachableAfterSeconds)}`;
  }
  const after = `in ${duration(answer.afterSeconds)}`;
  if (answer.truncated) return `truncated ${after}`;
  if (answer.rcode !== 'NOERROR') return `${answer.rcode} ${after}`;
  return answer.answers === 0 ? `no ${line.type} record ${after}` : `answered ${after}`;
}

// Every packet stands in the filter; a line names enough to start with.
const MAX_PACKETS = 6;

/** `#412, #413 and 3 more`. */
export function packetWords(packets: readonly (number | string)[]): string {
  const named = packets.slice(0, MAX_PACKETS).map((packet) => `#${packet}`);
  const more = packets.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '');
}

/** `1,204 packets, 61.2 s from 2023-11-14 22:13:20 UTC, taken in pod 10.0.3.7`. */
export function inputWords(input: InputRow): string {
  const { kind, addresses } = input.vantage;
  const where = addresses.length === 0 ? '' : ` ${addresses.join(', ')}`;
  const taken =
    kind === 'pod'
      ? `taken in pod${where}`
      : kind === 'unknown'
        ? 'place unknown'
        : `taken on a ${kind}${addresses.length === 0 ? '' : ` that sees${where}`}`;
  // The one place that says which day and zone the times of day further down are of.
  const from = input.firstPacket === null ? '' : ` from ${input.firstPacket.slice(0, 19).replace('T', ' ')} UTC`;
  return [plural(input.packets, unitOf(input)), `${duration(input.durationSeconds)}${from}`, taken].join(', ');
}

const unitOf = (input: InputRow): string =>
  input.format.startsWith('tcpdump') ? 'line' : input.format.startsWith('ndjson') ? 'row' : 'packet';

// One packet may be cut where the file ends; a snap length cuts all that are long.
const SNAPPED_SHARE = 0.01;

function cutWords(input: InputRow): string {
  const { cut } = input.damage;
  if (cut === 0) return '';
  const isSnapped = unitOf(input) === 'packet' && cut >= SNAPPED_SHARE * input.packets;
  const behind = 'what is behind the cut (paths, statuses, names) is not seen: capture with -s 0';
  return `${plural(cut, unitOf(input))} cut${isSnapped && cut > 1 ? `, ${behind}` : ''}`;
}

/**
 * `12 packets cut, 3 lost by the capturing program`; '' where nothing is damaged.
 * @param full copies as well, which are the rule with `-i any` and harm nothing
 */
export function damageWords(input: InputRow, full: boolean): string {
  const { undecodable, duplicates, droppedByCapture } = input.damage;
  const { cutQuestions = 0, unseenSegments = 0, unseenQuestions = 0 } = input.damage;
  return [
    cutQuestions > 0 ? `${plural(cutQuestions, 'DNS message')} cut within the name (these lookups are not seen)` : '',
    cutWords(input),
    undecodable > 0 ? `${formatCount(undecodable)} not understood` : '',
    droppedByCapture > 0 ? `${formatCount(droppedByCapture)} lost by the capturing program` : '',
    unseenSegments > 0 ? `${plural(unseenSegments, 'TCP segment')} acknowledged that it lacks` : '',
    unseenQuestions > 0 ? `${plural(unseenQuestions, 'DNS question')} answered that it lacks` : '',
    full && duplicates > 0 ? `${plural(duplicates, 'copy', 'copies')} left out` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

// Below, the range is as narrow as a busy machine makes it.
const WORTH_A_RANGE = 1.05;

/** `20.1 s in all, 5.01 s each, at most 5.02 s; 97 % of all lookup time; none of 36 requests is slower for it`. */
export function costWords(finding: Finding): string {
  const { totalSeconds, p50Seconds, maxSeconds, shareOfLatency, atMostSeconds = totalSeconds } = finding.cost;
  // Saved answers of earlier versions do not say it.
  const { shareOf = 'all latency' } = finding.cost;
  const { count, unit } = finding.occurrences;
  if (unit === 'objects') return 'not measured: manifests alone tell no time';
  if (totalSeconds <= 0) return 'no time, but errors or risk';
  const share = `${formatShare(shareOfLatency)} of ${shareOf}`;
  const isOpen = atMostSeconds > totalSeconds * WORTH_A_RANGE;
  const total = isOpen
    ? `${duration(totalSeconds)} to ${duration(atMostSeconds)} (what the program itself does for it shows in no packet)`
    : duration(totalSeconds);
  const spared = sparedWords(finding);
  if (count === 1) return `${total}, ${share}${spared}`;
  return `${total} in all, ${duration(p50Seconds)} each (median), at most ${duration(maxSeconds)}; ${share}${spared}`;
}

/** Where lookups are dear, and no request waits for them. */
const sparedWords = (finding: Finding): string =>
  finding.affected !== null && sparesRequests(finding)
    ? `; none of ${plural(finding.affected.of, 'request')} is slower for it`
    : '';

type WhatIf = NonNullable<Finding['whatIf']>;

// With fewer, a quantile is one of the slowest.
const LEAST_FOR_QUANTILES = 20;
const SHOWN_QUANTILES = [
  ['p50', 'p50Seconds'],
  ['p90', 'p90Seconds'],
  ['p99', 'p99Seconds'],
] as const;

/** `request duration p50: 371 ms → 32.9 ms, p90 574 ms → 34.7 ms, p99 596 ms → 42 ms`. */
export function savingWords({ metric, nowSeconds, thenSeconds, isAtMost, count, before, after }: WhatIf): string {
  const shown = count < LEAST_FOR_QUANTILES ? [] : SHOWN_QUANTILES.filter(([name]) => !metric.endsWith(name));
  const others = shown.flatMap(([name, field]) => {
    const [was, is] = [duration(before[field]), duration(after[field])];
    return was === is ? [] : `, ${name} ${was} → ${is}`;
  });
  const bound = isAtMost ? ' at best' : '';
  if (others.length === 0 && duration(nowSeconds) === duration(thenSeconds)) {
    return `next to nothing: ${metric} stays at ${duration(nowSeconds)}`;
  }
  return `${metric}: ${duration(nowSeconds)} → ${duration(thenSeconds)}${others.join('')}${bound}`;
}

/**
 * `--session-duration=60m leaves 18 % as slow (p50 33.1 ms, p90 571 ms)`, `a lower ndots or a trailing dot
 * is enough`; nothing where one change is all there is.
 */
export function halfWords({ alone }: WhatIf): string[] {
  const enough = alone.filter(({ remains }) => remains <= 0).map(({ change }) => change);
  const halves = alone
    .filter(({ remains }) => remains > 0)
    .map(({ change, remains, after }) => {
      if (remains >= 1) return `${change} saves nothing`;
      const left = after === null ? '' : ` (p50 ${duration(after.p50Seconds)}, p90 ${duration(after.p90Seconds)})`;
      return `${change} leaves ${formatShare(remains)} as slow${left}`;
    });
  return enough.length === 0 ? halves : [...halves, `${enough.join(' or ')} is enough`];
}

/** `120, 2 failed: p50 1.1 ms, p90 2 ms, p99 5.01 s, slowest 5.02 s`. */
export function lookupsWords(lookups: Diagnosis['lookups']): string {
  const { count, failed, latency, leftOut } = lookups;
  const left =
    leftOut.count === 0
      ? ''
      : `${formatCount(leftOut.count)} left out${leftOut.because === null ? '' : ` (${leftOut.because})`}`;
  if (count === 0) return ['none', left].filter((part) => part !== '').join('; ');
  const failures = failed === 0 ? '' : `, ${formatCount(failed)} failed`;
  const quantiles =
    count === 1
      ? duration(latency.maxSeconds)
      : `p50 ${duration(latency.p50Seconds)}, p90 ${duration(latency.p90Seconds)}, p99 ${duration(latency.p99Seconds)}, slowest ${duration(latency.maxSeconds)}`;
  return [`${formatCount(count)}${failures}: ${quantiles}`, left].filter((part) => part !== '').join('; ');
}

/** `glibc (118 lookups), c-ares gRPC (2 lookups, likely)`. */
export const resolversWords = (lookups: Diagnosis['lookups']): string =>
  lookups.resolvers
    .map(({ name, detail, lookups: count, confidence }) => {
      const sure = name === 'unknown' || confidence === 'certain' ? '' : `, ${confidence}`;
      return `${name === 'unknown' ? 'unknown resolver' : name}${detail === null ? '' : ` ${detail}`} (${plural(count, 'lookup')}${sure})`;
    })
    .join(', ');

export const tookWords = (row: LookupRow): string =>
  `${row.durationIsLowerBound ? 'at least ' : ''}${duration(row.durationSeconds)}`;

/** What ended a lookup, where no reply did; null where one did. */
export function endWords(row: LookupRow): string | null {
  if (row.endBecause === 'timer' && row.endTimer !== null) {
    return `the resolver goes on by its own timer of ${duration(row.endTimer.seconds)} (${row.endTimer.source})`;
  }
  if (row.endBecause === 'timer') return 'the resolver goes on by its own timer';
  return row.endBecause === 'captureEnd' ? 'the capture ends before the lookup does' : null;
}

/** `14:02:07.113240` of an RFC 3339 time, or seconds since the first packet as Wireshark writes them. */
export function timeWords(at: string | null, atSeconds: number): string {
  const clock = at === null ? null : /T(\d\d:\d\d:\d\d\.\d{6})/.exec(at);
  return clock === null ? atSeconds.toFixed(6) : (clock[1] as string);
}

/** Which of a lookup's names: the rest after what was asked for, `+ svc.cluster.local`, '' for itself. */
export function nameWords(name: string, asked: string): string {
  if (name === asked) return '';
  return asked !== '' && name.startsWith(`${asked}.`) ? `+ ${name.slice(asked.length + 1)}` : name;
}

/** What settings are and where their values come from: `default, resolv.conf(5)`. */
export function originWords({ origin, source }: Finding['because'][number]): string {
  if (origin === 'default') return source === '' ? 'default' : `default, ${source}`;
  if (origin === 'wire') return source === '' ? 'seen on the wire' : `on the wire: ${source}`;
  return source;
}

/** The same without its source. */
export const originWord = ({ origin }: Finding['because'][number]): string =>
  origin === 'wire' ? 'on the wire' : origin;

export function collisionWords({ because }: Pick<Finding, 'because'>): string {
  const [first, ...others] = because;
  // Alone, what the packets show is nobody's setting.
  if (others.length === 0) return first?.origin === 'wire' ? 'what is seen' : 'the setting';
  return others.length === 1 ? 'two settings collide' : `${because.length} settings collide`;
}

/** `grpc-deadline (3, 9 s in all), service-slow (2, 4 s in all)`: what a finding explains besides; null where nothing. */
export const absorbedWords = (finding: Finding): string | null =>
  finding.absorbs.length === 0
    ? null
    : finding.absorbs
        .map(({ rule, count, totalSeconds }) => {
          const took = totalSeconds > 0 ? `, ${duration(totalSeconds)} in all` : '';
          return `${rule} (${formatCount(count)}${took})`;
        })
        .join(', ');

// So many names of rules are read; more are said by what they are about.
const MAX_RULES = 4;

/** `dns-race, dns-loss`, or `9 rules about DNS` where that is shorter. */
export function rulesWords(rules: readonly string[], full: boolean): string {
  if (full || rules.length <= MAX_RULES) return rules.join(', ');
  const dns = rules.filter((rule) => rule.startsWith('dns-')).length;
  const about = dns === rules.length ? 'DNS' : dns === 0 ? 'connections and requests' : 'DNS, connections and requests';
  return `${formatCount(rules.length)} rules about ${about}`;
}

/** The rules of one reason together: why, the capture that would show them, who. */
export function unobservableGroups(
  unobservable: Diagnosis['unobservable'],
): { why: string; capture: string | null; rules: string[] }[] {
  const groups = new Map<string, { why: string; capture: string | null; rules: string[] }>();
  for (const { rule, why, capture } of unobservable) {
    const key = JSON.stringify([why, capture]);
    const group = groups.get(key) ?? { why, capture, rules: [] };
    group.rules.push(rule);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** What is slow is said first, and not the cheap habits that were found beside it. */
export const isLedByVerdict = ({ verdict: { unexplained }, findings: [first] }: Diagnosis): boolean =>
  unexplained !== undefined && first?.severity === 'minor';
