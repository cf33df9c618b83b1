import { formatCount, plural } from '../../../base/text.ts';
import type { Unobservable } from '../../../model/finding.ts';
import type { ServerRecord } from './loss-groups.ts';
import type { Verdict } from './loss-verdict.ts';
import { dueOf, isMissed, type Silence } from './silence.ts';

const CAPTURE = "tcpdump -i any -s 0 -w dns.pcap 'port 53 or icmp or icmp6'";

/** All replies are missing: nothing can be said of what hangs on them. */
export function oneSided(verdicts: readonly Verdict[], records: readonly ServerRecord[]): Unobservable | null {
  if (verdicts.length === 0 || !verdicts.every(({ cause }) => cause === 'one-sided')) return null;
  if (records.some(({ answered }) => answered > 0)) return null;
  const queries = plural(sum(records, 'queries'), 'DNS query', 'DNS queries');
  return { why: `the capture has ${queries} and no answer of anybody${missedBy(records)}`, capture: CAPTURE };
}

/** Who missed an answer asked again. */
function missedBy(records: readonly Silence[]): string {
  if (sum(records, 'ledOn') > 0) return ', yet who asked went on as after one: it saw one direction';
  // Only connections in one direction make the silence of a server that all missed the capture's.
  if (records.every(isMissed)) return ', nor one of any TCP server: it saw one direction';
  const askedAgain = sum(records, 'askedAgain');
  const questions = records.reduce((total, record) => total + dueOf(record), 0);
  if (askedAgain > 0) {
    return `, and only ${formatCount(askedAgain)} of ${plural(questions, 'question')} were asked again: it saw one direction`;
  }
  if (sum(records, 'unseen') > 0) return ', and nobody missed one: it saw one direction';
  return ': it saw one direction, or none came while it lasted';
}

// So many are named; more are counted.
const MOST_NAMED = 3;

/** Answers that are missing of some only; null where none are. */
export function partlyBlind(verdicts: readonly Verdict[]): Unobservable | null {
  const blind = verdicts.filter(({ cause }) => cause === 'one-sided');
  if (blind.length === 0) return null;
  const whose = [...new Set(blind.map(({ group, record }) => (record.answered > 0 ? group.client : record.server)))];
  const named = whose.length > MOST_NAMED ? `${formatCount(whose.length)} addresses` : whose.join(', ');
  const tallied = blind.map(({ group: { missed, tally } }) => ({ missed, lookups: tally.count }));
  const missed = sum(tallied, 'missed');
  const lookups = plural(sum(tallied, 'lookups'), 'lookup');
  return {
    why: `no DNS answer from or to ${named} is in the capture (${lookups}, ${missed === 0 ? 'none' : formatCount(missed)} of which asked again): they come another way`,
    capture: CAPTURE,
  };
}

const sum = <Key extends string>(records: readonly Readonly<Record<Key, number>>[], key: Key): number =>
  records.reduce((total, record) => total + record[key], 0);
