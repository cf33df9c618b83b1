import type { Distribution } from '../base/distribution.ts';
import type { Duration, Timestamp } from '../base/time.ts';
import type { Connection } from './connection.ts';
import type { Edit } from './edit.ts';
import type { Exchange } from './exchange.ts';
import type { Confidence, Lookup } from './lookup.ts';
import type { PacketId } from './packet.ts';
import type { Request, WaitReason } from './request.ts';
import type { ClusterObject, Place } from './workload.ts';

export const SEVERITIES = ['critical', 'major', 'minor', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a capture must show before silence means health. `http` stands for all exchanges. */
export const SENSES = ['dns', 'tcp', 'http', 'bothDirections'] as const;
export type Sense = (typeof SENSES)[number];

/** What rules count in. A call is an exchange with all its retries. */
export const UNITS = ['lookups', 'connections', 'exchanges', 'calls', 'requests'] as const;
export type Unit = (typeof UNITS)[number];

/**
 * Of a finding: lookups while requests were followed, none of which is slower for them. What befalls calls, callers
 * hear of.
 */
export const sparesRequests = ({
  occurrences,
  affected,
}: {
  readonly occurrences: { readonly unit: string };
  readonly affected: { readonly count: number } | null;
}): boolean => occurrences.unit === 'lookups' && affected?.count === 0;

export interface Subject {
  kind: 'pod' | 'client' | 'server' | 'name' | 'capture';
  /** A connection's server with its port: `10.96.44.12:8080`. */
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
  /** What it may harm. */
  risk?: string;
  /** How to see that it helped. */
  verify?: string;
  /** The same as changes to the manifests that were read; all of them belong together. */
  edits?: readonly Edit[];
}

/** One occurrence kept whole. */
export type Example = { packets: readonly PacketId[] } & (
  | { kind: 'lookup'; row: Lookup }
  | { kind: 'exchange'; row: Exchange }
  | { kind: 'connection'; row: Connection }
  | { kind: 'request'; row: Request }
);

/** One occurrence in short: enough to tell whether another rule counted the same. */
export interface Occurrence {
  /** Of the row. */
  id: string;
  /** Of the connection that it is or was on; '' for a lookup. */
  connection: string;
  client: string;
  server: string;
  /** For whom it happened, from when until when. */
  from: Timestamp;
  until: Timestamp;
  cost: Duration;
  /** How long the row took, as it counts in `affected`. */
  lasted: Duration;
  /** Of a request: what it would no longer wait for (`ref` of its waits). Left out: the cost is time of its own. */
  refs?: readonly string[];
}

/** All occurrences of a finding, or the first so many. */
export interface KeptOccurrences extends Iterable<Occurrence> {
  readonly size: number;
  /** What ended by then is in it for certain; positive infinity where nothing was left out. */
  readonly completeUntil: Timestamp;
}

/** What a finding cost, occurrence by occurrence; kept bounded by `Tally` in the rules. */
export interface Cost {
  count: number;
  costs: Distribution;
  /** Durations of the affected rows as they were… */
  affected: Distribution;
  /** …and as they would have been without the cause. */
  relieved: Distribution;
  /** Durations of the same rows as they stand among all, where that is not what their callers waited: they gave up. */
  asRows?: Distribution | null;
  /** The dearest occurrences, dearest first. */
  examples: readonly Example[];
  occurrences: KeptOccurrences;
}

export type WhatIfMethod =
  | {
      readonly method: string;
      /** No cure saves more; how much less, the packets do not tell. */
      readonly isAtMost?: true;
    }
  | { readonly unknown: string };

/** One of several settings that only help together. */
export interface HalfFix {
  /** `--session-duration=60m`. */
  readonly change: string;
  /** The share of what is affected that would stay so, from 0 to 1. */
  readonly remains: number;
}

/** What a rule reports: data, never formatted text but for the words of its evidence. */
export interface Report<Message extends string = string> {
  message: Message;
  /** For the message. Where it has a `count`, that is the cost's. */
  data: Readonly<Record<string, string | number>>;
  input: number;
  subject: Subject;
  /** All that was looked at, of which the cost's `count` are affected. */
  of: number;
  unit: Unit;
  /**
   * How long each of all these took, so that shares and savings are of what the rule judged. Left
   * out: all lookups, exchanges or connections of the capture, by the unit.
   */
  latency?: Distribution;
  /** What these are, where it is not the unit. */
  latencyUnit?: Unit;
  /** What of the cost lies between these, and in none of them: a part of the time that shares are of. */
  costBetween?: Duration;
  cost: Cost;
  /** What it cost at most in all, where some of it shows in no packet. Left out: as much as the cost. */
  costAtMost?: Duration;
  confidence: Confidence;
  confidenceBecause: string;
  evidence: readonly [Evidence, ...Evidence[]];
  because: readonly Setting[];
  fix: readonly Fix[];
  /** How the saving is predicted, or why none can be. */
  whatIf: WhatIfMethod;
  /**
   * In which waits of requests the cost lies, the first of them first. Left out: in those that the unit
   * says. `queue`: what occurrences name by `refs` need be waited for in no line.
   */
  relieves?: readonly WaitReason[];
  /** What one of several settings alone would leave, where the cause takes more than one. */
  alone?: readonly HalfFix[];
  /** Requests that paid for it, where that is known and they are not what is counted. */
  affected?: { count: number; of: number };
  /** Callers that got an error for it: makes it `major` at least. */
  errors: number;
  /** Holds for most of twenty or more: makes it `minor` at least, however cheap (RULES: habits). */
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

/** What a manifest says, as evidence or as a setting. */
export interface Quote {
  says: string;
  /** Where; null for a default that nobody wrote down. */
  place: Place | null;
}

/** What a rule says of manifests alone: never `certain`. */
export interface Predicted<Message extends string = string> {
  message: Message;
  data: Readonly<Record<string, string | number>>;
  subject: ClusterObject;
  /** Others that pay for it: a capture of theirs confirms it. */
  payers?: readonly ClusterObject[];
  severity: Exclude<Severity, 'critical'>;
  severityBecause: string;
  confidence: Exclude<Confidence, 'certain'>;
  confidenceBecause: string;
  /** The manifest says that it cannot be: where a capture shows it all the same, that is the finding. */
  contrary?: true;
  /** What must hold beside for it to be slow. */
  assumed: readonly string[];
  evidence: readonly [Quote, ...Quote[]];
  because: readonly (Setting & { place?: Place })[];
  fix: readonly Fix[];
}
