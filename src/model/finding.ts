import type { Distribution } from '../base/distribution.ts';
import type { Confidence, Lookup } from './lookup.ts';
import type { PacketId } from './packet.ts';

export const SEVERITIES = ['critical', 'major', 'minor', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Subject {
  kind: 'pod' | 'client' | 'server' | 'name' | 'capture';
  name: string;
}

export interface Evidence {
  says: string;
  packets: PacketId[];
}

/** One of the settings that collide. */
export interface Setting {
  component: string;
  setting: string;
  value: string;
  origin: 'default' | 'manifest' | 'wire';
  /** Where the value comes from: documentation, commit, RFC, or the packets. */
  source: string;
}

export interface Fix {
  title: string;
  kind: 'manifest' | 'environment' | 'code' | 'infrastructure';
  /** `safe`: does no harm where it does not help. `review`: changes behaviour; read first. */
  safety: 'safe' | 'review';
  /** What to change: `Deployment of 10.0.3.7`. */
  target: string;
  /** Ready to be merged into the object (a strategic-merge patch), null where none can be written. */
  patch: object | null;
  /** A command that shows or makes the change, null where there is none. */
  command: string | null;
  rollback: string;
}

/** What a finding cost, occurrence by occurrence; kept bounded by `Tally` in the rules. */
export interface Cost {
  count: number;
  costs: Distribution;
  /** Durations of the affected lookups as they were… */
  affected: Distribution;
  /** …and as they would have been without the cause. */
  relieved: Distribution;
  /** The dearest occurrences, dearest first. */
  examples: readonly Lookup[];
  /** Packets of each example, for its evidence line and the filter. */
  examplePackets: readonly (readonly PacketId[])[];
}

/** What a rule reports: data, never formatted text but for the words of its evidence. */
export interface Report<Message extends string = string> {
  message: Message;
  data: Readonly<Record<string, string | number>>;
  input: number;
  subject: Subject;
  /** Its `count` is the tally's. */
  of: number;
  unit: string;
  cost: Cost;
  confidence: Confidence;
  confidenceBecause: string;
  evidence: readonly [Evidence, ...Evidence[]];
  because: readonly Setting[];
  fix: readonly Fix[];
  /** How the saving was predicted; null where none can be. */
  whatIfMethod: string | null;
  /** Callers that got an error for it: makes it `major` at least. */
  errors: number;
  /** Holds for most of twenty lookups or more: makes it `minor` at least (RULES: habits). */
  habit: boolean;
  /** Keeps it at `info` whatever it cost, with the reason. */
  onlyInfo?: string;
}

/** A rule looked for its pathology and did not find it. */
export interface Clear {
  says: string;
  examined: { count: number; unit: string };
}

/** A rule could not have seen its pathology. */
export interface Unobservable {
  why: string;
  /** The tcpdump line that would show it, or null. */
  capture: string | null;
}
