import { METADATA_AGENTS, METADATA_QUESTIONS, METADATA_SERVICES, type Metadata } from './metadata.ts';
import type { ExchangeRow } from './exchange-schema.ts';
import { isRecord, isTextOrNull, oneOf } from './row-fields.ts';
import { numberOrNull } from './row-times.ts';

type MetadataRow = NonNullable<ExchangeRow['metadata']>;

// 2100: no credentials live longer.
const LAST_TIME = 4_102_444_800;

/** As the contract writes it: null for what was not seen. */
export const toMetadataRow = (metadata: Metadata): MetadataRow => ({
  service: metadata.service,
  asks: metadata.asks,
  software: metadata.software,
  agent: metadata.agent,
  issuedAt: numberOrNull(metadata.issuedAt),
  expiresAt: numberOrNull(metadata.expiresAt),
  remainingSeconds: numberOrNull(metadata.remaining),
  session: metadata.session,
});

/** The inverse; undefined where the value is no such row. */
export function metadataFrom(row: unknown): Metadata | null | undefined {
  if (row === null) return null;
  if (!isRecord(row)) return undefined;
  const service = oneOf(METADATA_SERVICES, row['service']);
  const asks = oneOf(METADATA_QUESTIONS, row['asks']);
  const agent = oneOf(METADATA_AGENTS, row['agent']);
  const { software, session } = row;
  const issuedAt = numberFrom(row['issuedAt']);
  const expiresAt = numberFrom(row['expiresAt']);
  const remaining = numberFrom(row['remainingSeconds']);
  if (service === null || asks === null || (agent === null && row['agent'] !== null)) return undefined;
  if (!isTextOrNull(software) || !isTextOrNull(session)) return undefined;
  if (issuedAt === null || expiresAt === null || remaining === null) return undefined;
  return { service, asks, software, agent, issuedAt, expiresAt, remaining, session };
}

/** NaN for null, null for what is no such number. */
function numberFrom(value: unknown): number | null {
  if (value === null) return Number.NaN;
  return typeof value === 'number' && value >= 0 && value <= LAST_TIME ? value : null;
}
