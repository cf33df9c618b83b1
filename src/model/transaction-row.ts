import type { AttemptRow, LookupRow } from './lookup-schema.ts';
import { TRANSACTION_SCHEMA } from './schema-names.ts';

/** One attempt of a lookup that can be read alone: `export transactions` writes one a line. */
export interface TransactionRow extends AttemptRow {
  schema: typeof TRANSACTION_SCHEMA;
  /** Id of the lookup that it belongs to. */
  lookup: string;
  input: number;
  client: string;
  /** From its first sending to its reply; null where no reply was seen. */
  waitSeconds: number | null;
}

/** The attempts of a lookup as rows of their own, in order of first sending. */
export function transactionRows(lookup: LookupRow): TransactionRow[] {
  return lookup.attempts.map((attempt) => ({
    schema: TRANSACTION_SCHEMA,
    lookup: lookup.id,
    input: lookup.input,
    client: lookup.client,
    ...attempt,
    waitSeconds: waitOf(attempt),
  }));
}

function waitOf(attempt: AttemptRow): number | null {
  const sent = attempt.sent[0];
  if (attempt.reply === null || sent === undefined) return null;
  // Whole nanoseconds: a difference of seconds shows digits that nobody measured.
  return Math.round((attempt.reply.atSeconds - sent.atSeconds) * 1e9) / 1e9;
}
