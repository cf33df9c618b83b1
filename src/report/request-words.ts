import type { RequestRow } from '../model/request-schema.ts';

/** What a request's time goes to, as it stands in a sentence. */
export const REASON_WORDS: Readonly<Record<RequestRow['breakdown'][number]['reason'], string>> = {
  dns: 'DNS',
  connect: 'connecting',
  tls: 'TLS',
  upstream: 'calls',
  metadata: 'metadata',
  stall: 'network stalls',
  transfer: 'bodies on their way',
  queue: 'waiting for their turn',
  own: 'own time',
};
