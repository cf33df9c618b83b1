import { endpoint } from '../../base/addresses.ts';
import { at, toSeconds, type Timestamp } from '../../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../../model/exchange.ts';
import type { Input } from '../../model/input.ts';
import type { Metadata } from '../../model/metadata.ts';
import type { Observer } from '../../model/observer.ts';
import type { PacketId } from '../../model/packet.ts';
import { defineFact } from './define-rule.ts';

// A storm of some thousand requests shows all there is to show.
const MAX_CALLS = 1 << 15;
// Kept whole, for who has to show them.
const MAX_ROWS = 1 << 10;

/** What a rule needs of one exchange with a metadata service. */
export interface MetadataCall extends Metadata {
  readonly id: string;
  readonly input: number;
  readonly client: string;
  readonly server: string;
  readonly connection: string;
  readonly path: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  readonly isAnswered: boolean;
  readonly status: number;
  readonly packets: readonly PacketId[];
  /** The exchange itself; null beyond a bound, and of what is no answer with credentials. */
  readonly row: Exchange | null;
}

export interface MetadataCalls extends Observer {
  exchange(exchange: Exchange): void;
  /** By the exchange's id; undefined for others, and for those beyond the bound. */
  get(id: string): MetadataCall | undefined;
  all(): MetadataCall[];
}

/** Exchanges with metadata services, by id: requests come after them and name them. */
export const metadataCalls = defineFact({
  id: 'metadata-calls',
  create(): MetadataCalls {
    const calls = new Map<string, MetadataCall>();
    let rows = 0;
    return {
      exchange(exchange) {
        const { metadata } = exchange;
        if (metadata === null || calls.size >= MAX_CALLS) return;
        const { id, input, client, server, serverPort, connection, path, startedAt, duration, status } = exchange;
        calls.set(id, {
          ...metadata,
          id,
          input,
          client,
          server: endpoint(server, serverPort),
          connection,
          path,
          startedAt,
          endedAt: at(startedAt + duration),
          isAnswered: isResponded(exchange),
          status,
          packets: [...exchange.packets],
          row: metadata.asks === 'credentials' && rows++ < MAX_ROWS ? copyExchange(exchange) : null,
        });
      },
      get: (id) => calls.get(id),
      all: () => [...calls.values()],
    };
  },
});

/** It is a step of fetching credentials: the token, the role, or they themselves. */
export const isForCredentials = ({ asks }: Pick<Metadata, 'asks'>): boolean =>
  asks === 'token' || asks === 'roles' || asks === 'credentials';

/** Seconds of life that were left when the answer came; NaN where that can't be told. */
export function remainingAt({ remaining, expiresAt, endedAt }: MetadataCall, input: Input | undefined): number {
  if (remaining >= 0) return remaining;
  const { firstPacketAt = null, startsAt = at(0) } = input ?? {};
  if (firstPacketAt === null) return Number.NaN;
  return expiresAt - (Number(firstPacketAt) / 1e9 + toSeconds(at(endedAt - startsAt)));
}
