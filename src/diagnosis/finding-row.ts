import { fillMessage } from '../base/text.ts';
import type { Distribution } from '../base/distribution.ts';
import { at, toSeconds } from '../base/time.ts';
import { toConnectionRow } from '../model/connection-row.ts';
import type { ExampleRow, Finding } from '../model/diagnosis.ts';
import type { Edit } from '../model/edit.ts';
import { toExchangeRow } from '../model/exchange-row.ts';
import type { Example, Fix, Report, Unit } from '../model/finding.ts';
import type { Input } from '../model/input.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import { packetReference, type PacketId } from '../model/packet.ts';
import { toRequestRow } from '../model/request-row.ts';
import type { BesideRequests } from './beside-requests.ts';
import { wiresharkFilter } from './filter.ts';
import { latencyWords } from './latency-words.ts';
import { judgeSeverity, shareOfLatency } from './severity.ts';
import { quickerIn, type Outlook } from './outlook.ts';
import { predictSaving } from './what-if.ts';

interface NamedRule {
  readonly id: string;
  readonly title: string;
  readonly messages: Readonly<Record<string, string>>;
}

/** How long all rows of the capture took, by what they are. */
export type Latencies = Readonly<Record<'lookups' | 'exchanges' | 'connections' | 'requests', Distribution>>;

/**
 * What a rule reported, as the contract has it.
 * @param outlook on requests with the cause gone, where they are seen to wait for it
 * @param beside which findings no request waits for
 */
export function findingRow(
  rule: NamedRule,
  report: Report,
  latencies: Latencies,
  outlook: Outlook | null,
  inputs: readonly Input[],
  beside: BesideRequests,
): Finding {
  const { cost } = report;
  const latency = report.latency ?? latencies[LATENCY_OF[report.unit]];
  const latencyTotal = latency.total + (report.costBetween ?? 0) - goneOnFor(cost);
  const { severity, because: severityBecause } = judgeSeverity(report, latencyTotal);
  const references = (packets: readonly PacketId[]): (number | string)[] =>
    packets.map((packet) => packetReference(packet, report.input));
  const filter = hasFrameNumbers(inputs[report.input]) ? wiresharkFilter(provingPackets(report), report.input) : null;
  return {
    rule: rule.id,
    title: rule.title,
    severity,
    severityBecause,
    confidence: report.confidence,
    confidenceBecause: report.confidenceBecause,
    basis: 'observed',
    says: messageOf(rule, report.message, report.data),
    subject: { ...report.subject, workload: null },
    occurrences: { count: cost.count, of: report.of, unit: report.unit },
    affected: affectedOf(report, outlook, beside),
    cost: {
      totalSeconds: toSeconds(at(cost.costs.total)),
      p50Seconds: toSeconds(cost.costs.quantile(0.5)),
      maxSeconds: toSeconds(cost.costs.max),
      shareOfLatency: shareOfLatency(cost, latencyTotal),
      shareOf: latencyWords(report),
      ...(report.costAtMost === undefined ? {} : { atMostSeconds: toSeconds(at(report.costAtMost)) }),
    },
    input: report.input,
    examples: cost.examples.map((example) => exampleRow(example, references(example.packets), inputs)),
    evidence: report.evidence.map(({ says, packets }) => ({ says, packets: references(packets) })),
    filter: filter?.filter ?? null,
    ...(filter === null || filter.leftOut === 0 ? {} : { filterLeavesOut: filter.leftOut }),
    because: report.because.map((setting) => ({ ...setting })),
    fix: report.fix.map(fixRow),
    ...predictSaving(report, latency, outlook),
    absorbs: [],
    documentation: `kubelag rules ${rule.id}`,
  };
}

type FixRow = Finding['fix'][number];

/** A change as the contract has it. */
export const editRow = ({ path, list, overlays, ...edit }: Edit): NonNullable<FixRow['edits']>[number] => ({
  ...edit,
  path: [...path],
  ...(overlays === undefined ? {} : { overlays: { needed: [...overlays.needed], others: [...overlays.others] } }),
  ...(list === undefined ? {} : { list: { key: list.key, items: [...list.items] } }),
});

/** A fix as the contract has it. */
export const fixRow = ({ edits, ...fix }: Fix): FixRow => ({
  ...fix,
  ...(edits === undefined ? {} : { edits: edits.map(editRow) }),
});

const LATENCY_OF: Readonly<Record<Unit, keyof Latencies>> = {
  lookups: 'lookups',
  connections: 'connections',
  exchanges: 'exchanges',
  calls: 'exchanges',
  requests: 'requests',
};

/** What paid for it, in requests. */
function affectedOf(report: Report, outlook: Outlook | null, beside: BesideRequests): Finding['affected'] {
  const { affected, unit, of, cost } = report;
  if (unit === 'requests') return { count: cost.count, of, unit: 'requests' };
  if (affected !== undefined) return { ...affected, unit: 'requests' };
  if (outlook === null && beside.holds(report)) return { count: 0, of: beside.count, unit: 'requests' };
  if (outlook === null || outlook.isPart) return null;
  return { count: quickerIn(outlook), of: outlook.before.length, unit: 'requests' };
}

/** The rule's message with its data; a message that the rule does not have is a bug. */
export function messageOf(rule: NamedRule, message: string, data: Readonly<Record<string, string | number>>): string {
  const text = rule.messages[message];
  if (text === undefined) throw new Error(`rule ${rule.id} has no message '${message}'`);
  return fillMessage(text, data);
}

function exampleRow(example: Example, packets: (number | string)[], inputs: readonly Input[]): ExampleRow {
  if (example.kind === 'lookup') {
    const row = toLookupRow(example.row, inputs);
    const { startedAt, startSeconds, durationSeconds } = row;
    const ids = { lookup: row.id, exchange: null, connection: null, request: null };
    return { ...ids, startedAt, startSeconds, durationSeconds, packets, row };
  }
  if (example.kind === 'exchange') {
    const row = toExchangeRow(example.row, inputs);
    const { startedAt, startSeconds, durationSeconds } = row;
    const ids = { lookup: null, exchange: row.id, connection: row.connection, request: null };
    return { ...ids, startedAt, startSeconds, durationSeconds, packets, row };
  }
  if (example.kind === 'request') {
    const row = toRequestRow(example.row, inputs);
    const { startedAt, startSeconds, durationSeconds } = row;
    const ids = { lookup: null, exchange: row.exchange, connection: null, request: row.id };
    return { ...ids, startedAt, startSeconds, durationSeconds, packets, row };
  }
  const row = toConnectionRow(example.row, inputs);
  const { startedAt, startSeconds } = row;
  const ids = { lookup: null, exchange: null, connection: row.id, request: null };
  return { ...ids, startedAt, startSeconds, durationSeconds: openingSeconds(row), packets, row };
}

/** What was waited for a connection: its handshakes, or all of it where it never opened. */
function openingSeconds({ connectSeconds, tls, durationSeconds }: ReturnType<typeof toConnectionRow>): number {
  const handshakes = (connectSeconds ?? 0) + (tls?.handshakeSeconds ?? 0);
  return handshakes > 0 ? handshakes : durationSeconds;
}

function* provingPackets(report: Report): Generator<PacketId> {
  for (const { packets } of report.evidence) yield* packets;
  for (const { packets } of report.cost.examples) yield* packets;
}

// Lines of text and rows have no frame that Wireshark could show.
const hasFrameNumbers = (input: Input | undefined): boolean => input !== undefined && input.format.startsWith('pcap');

/** For how long rows went on whose callers had given up: no time of anybody. */
const goneOnFor = ({ asRows, affected }: Report['cost']): number =>
  Math.max(0, (asRows ?? affected).total - affected.total);
