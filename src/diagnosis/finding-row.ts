import { fillMessage } from '../base/text.ts';
import type { Distribution } from '../base/distribution.ts';
import { at, toSeconds } from '../base/time.ts';
import type { Finding } from '../model/diagnosis.ts';
import type { Report } from '../model/finding.ts';
import type { Input } from '../model/input.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import type { Lookup } from '../model/lookup.ts';
import { packetReference, type PacketId } from '../model/packet.ts';
import { wiresharkFilter } from './filter.ts';
import { judgeSeverity, shareOfLatency } from './severity.ts';
import { predictSaving } from './what-if.ts';

interface NamedRule {
  readonly id: string;
  readonly title: string;
  readonly messages: Readonly<Record<string, string>>;
}

/** What a rule reported, as the contract has it. */
export function findingRow(rule: NamedRule, report: Report, latency: Distribution, inputs: readonly Input[]): Finding {
  const { cost } = report;
  const { severity, because: severityBecause } = judgeSeverity(report, latency.total);
  const references = (packets: readonly PacketId[]): (number | string)[] =>
    packets.map((packet) => packetReference(packet, report.input));
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
    affected: null,
    cost: {
      totalSeconds: toSeconds(at(cost.costs.total)),
      p50Seconds: toSeconds(cost.costs.quantile(0.5)),
      maxSeconds: toSeconds(cost.costs.max),
      shareOfLatency: shareOfLatency(cost, latency.total),
    },
    input: report.input,
    examples: cost.examples.map((lookup, index) =>
      exampleRow(lookup, references(cost.examplePackets[index] ?? []), inputs),
    ),
    evidence: report.evidence.map(({ says, packets }) => ({ says, packets: references(packets) })),
    filter: hasFrameNumbers(inputs[report.input]) ? wiresharkFilter(provingPackets(report), report.input) : null,
    because: report.because.map((setting) => ({ ...setting })),
    fix: report.fix.map((fix) => ({ ...fix })),
    whatIf: predictSaving(report, latency),
    absorbs: [],
    documentation: `kubelag rules ${rule.id}`,
  };
}

/** The rule's message with its data; a message that the rule does not have is a bug. */
export function messageOf(rule: NamedRule, message: string, data: Readonly<Record<string, string | number>>): string {
  const text = rule.messages[message];
  if (text === undefined) throw new Error(`rule ${rule.id} has no message '${message}'`);
  return fillMessage(text, data);
}

function exampleRow(
  lookup: Lookup,
  packets: (number | string)[],
  inputs: readonly Input[],
): Finding['examples'][number] {
  const row = toLookupRow(lookup, inputs);
  return {
    lookup: row.id,
    request: null,
    startedAt: row.startedAt,
    startSeconds: row.startSeconds,
    durationSeconds: row.durationSeconds,
    packets,
    row,
  };
}

function* provingPackets(report: Report): Generator<PacketId> {
  for (const { packets } of report.evidence) yield* packets;
  for (const packets of report.cost.examplePackets) yield* packets;
}

// Lines of text and rows have no frame that Wireshark could show.
const hasFrameNumbers = (input: Input | undefined): boolean => input !== undefined && input.format.startsWith('pcap');
