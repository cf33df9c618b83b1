import type { Distribution } from '../../base/distribution.ts';
import { formatCount, plural } from '../../base/text.ts';
import type { Connection } from '../../model/connection.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { Report, Subject } from '../../model/finding.ts';
import { lacking, type Input } from '../../model/input.ts';
import type { Confidence, Lookup } from '../../model/lookup.ts';
import { groupBy, OTHERS } from '../../base/group-by.ts';
import { sumOf, type AnyRow, type Tally } from './tally.ts';

/** Occurrences of one client at one server. */
export interface OccurrencesOf<Row extends AnyRow> {
  readonly input: number;
  readonly client: string;
  readonly server: string;
  readonly tally: Tally<Row>;
}

export type Occurrences = OccurrencesOf<Lookup>;

/** What one finding is about, with all that belongs to it. */
export interface Part<Group, Row extends AnyRow = Lookup> {
  input: number;
  subject: Subject;
  groups: readonly Group[];
  tally: Tally<Row>;
}

// So many clients a person looks at one by one; with more, the server is what they share.
export const FEW_CLIENTS = 5;
// So many findings of one rule are read; what is beyond is one finding of the capture.
const MAX_PARTS = 8;

/** A finding for each client where they are few, for each server otherwise. */
export function partsByClient<Group, Row extends AnyRow>(
  groups: readonly (Group & OccurrencesOf<Row>)[],
): Part<Group, Row>[] {
  const clients = new Set(groups.map((group) => `${group.input}|${group.client}`));
  const few = clients.size <= FEW_CLIENTS && !groups.some((group) => group.client === OTHERS);
  return few ? parts(groups, (group) => ({ kind: 'client', name: group.client })) : partsByServer(groups);
}

export const partsByServer = <Group, Row extends AnyRow>(
  groups: readonly (Group & OccurrencesOf<Row>)[],
): Part<Group, Row>[] => parts(groups, (group) => ({ kind: 'server', name: group.server }));

/** One finding for each subject, dearest first, the cheapest together where they are many. */
export function parts<Group, Row extends AnyRow>(
  groups: readonly (Group & OccurrencesOf<Row>)[],
  subjectOf: (group: Group & OccurrencesOf<Row>) => Subject,
): Part<Group, Row>[] {
  const all = [
    ...groupBy(groups, (group) => `${group.input}|${subjectOf(group).kind}|${subjectOf(group).name}`).values(),
  ]
    .map((own): Part<Group, Row> => {
      const first = own[0] as Group & OccurrencesOf<Row>;
      return {
        input: first.input,
        subject: subjectOf(first),
        groups: own,
        tally: sumOf(own.map((group) => group.tally)),
      };
    })
    .toSorted((a, b) => b.tally.costs.total - a.tally.costs.total || b.tally.count - a.tally.count);
  if (all.length <= MAX_PARTS) return all;
  const rest = all.slice(MAX_PARTS - 1);
  const first = rest[0] as Part<Group, Row>;
  return [
    ...all.slice(0, MAX_PARTS - 1),
    {
      input: first.input,
      subject: { kind: 'capture', name: `${formatCount(rest.length)} others` },
      groups: rest.flatMap((part) => part.groups),
      tally: sumOf(rest.map((part) => part.tally)),
    },
  ];
}

type Reported = Pick<Report, 'input' | 'subject' | 'of' | 'unit' | 'latency' | 'cost'>;

/** What each report says of a part's exchanges, which take so long; `of` all that were looked at. */
export const reportedExchanges = (
  { input, subject, tally }: Pick<Part<unknown, Exchange>, 'input' | 'subject' | 'tally'>,
  latency: Distribution,
  of = latency.count,
): Reported => ({ input, subject, of, unit: 'exchanges', latency, cost: tally });

/** What each report says of a part's connections, which take so long to open. */
export const reportedConnections = (
  { input, subject, tally }: Pick<Part<unknown, Connection>, 'input' | 'subject' | 'tally'>,
  latency: Distribution,
  of: number,
): Reported => ({ input, subject, of, unit: 'connections', latency, cost: tally });

/** What each report says of a part's lookups. */
export const reportedLookups = (
  { input, subject, tally }: Pick<Part<unknown>, 'input' | 'subject' | 'tally'>,
  of: number,
): Omit<Reported, 'latency'> => ({ input, subject, of, unit: 'lookups', cost: tally });

/** One server by its name, several by their number. */
export function serversOf(groups: readonly { readonly server: string }[]): string {
  const [server = '?', ...others] = new Set(groups.map((group) => group.server));
  return others.length === 0 ? server : plural(others.length + 1, 'server');
}

/** The workload behind a subject, in words. */
export const targetOf = (subject: Subject): string =>
  subject.kind === 'client' ? `the workload of ${subject.name}` : 'the workloads that ask';

const WEAKER = { certain: 'likely', likely: 'possible', possible: 'possible' } as const;

/** A capture that lost packets itself may have lost the very answers that are missed. */
export function tempered(
  confidence: Confidence,
  because: string,
  input: Input | undefined,
): { confidence: Confidence; confidenceBecause: string } {
  const dropped = input === undefined ? 0 : lacking(input.damage);
  if (dropped === 0) return { confidence, confidenceBecause: because };
  return {
    confidence: WEAKER[confidence],
    confidenceBecause: `${because}; the capture itself lacks ${plural(dropped, 'packet')}, perhaps these`,
  };
}

/** The weakest of several. */
export const weakest = (confidences: readonly Confidence[]): Confidence =>
  confidences.includes('possible') ? 'possible' : confidences.includes('likely') ? 'likely' : 'certain';

/** RULES, Warming up: what does not repeat is no more than `info`. */
export const SEEN_ONCE = 'seen once: a cost worth naming when it repeats';

// RULES, Habits: what holds for most of twenty or more is `minor` however cheap.
const HABIT_LEAST = 20;
const HABIT_SHARE = 0.5;

/** Whether `count` of `of` make a habit. */
export const isHabit = (count: number, of: number): boolean => of >= HABIT_LEAST && count > HABIT_SHARE * of;
