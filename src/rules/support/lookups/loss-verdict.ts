import type { Confidence } from '../../../model/lookup.ts';
import type { LossCounts } from './loss-counts.ts';
import type { BackendRecord, LossGroup, ServerRecord } from './loss-groups.ts';

/** `one-sided`: the capture has no answers of the server or to the client, and hardly anybody missed one. */
export type Cause = 'race' | 'loss' | 'dead-server' | 'slow-server' | 'family-missing' | 'one-sided' | 'none';

/** Why the lookups of one group waited, from the evidence of the whole capture. */
export interface Verdict {
  readonly cause: Cause;
  readonly group: LossGroup;
  readonly record: ServerRecord;
  /** What happened to all queries to that server, without families that are missing. */
  readonly counts: LossCounts;
  /**
   * The whole address is dead (`unheard`: of one lookup, and whether the capture has answers at all nothing shows),
   * or one of several that share it: seen there, or told from the ports.
   */
  readonly dead: 'address' | 'unheard' | 'backend' | null;
  /** The one behind the address that never answers, where a node's capture shows it. */
  readonly backend: BackendRecord | null;
  readonly confidence: Confidence;
  readonly because: string;
}

/** What one cause makes of a group, or of all groups of a server. */
export interface Judged
  extends Pick<Verdict, 'cause' | 'confidence' | 'because'>, Partial<Pick<Verdict, 'dead' | 'backend'>> {}

// RULES: `possible` from a loss or two, `likely` from five, which is 1 in 32 by chance.
export const LIKELY_LOSSES = 5;
// Ten queries without an answer, while another server answers, leave no doubt that it is this one.
export const CERTAIN_LOSSES = 10;
