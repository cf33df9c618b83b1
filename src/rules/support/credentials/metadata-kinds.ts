import { Recent } from '../../../base/recent.ts';
import type { Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { MetadataQuestion } from '../../../model/metadata.ts';
import type { Observer } from '../../../model/observer.ts';
import type { PacketId } from '../../../model/packet.ts';
import { defineFact } from '../define-rule.ts';

// Requests come some thousand rows after their calls, each with up to four of these.
const MAX_KEPT = 1 << 16;
// Who asks for a role's credentials asked for its name just before.
const JUST_BEFORE = 1e9;
// Of all that stands below meta-data, only credentials and keys have this many bytes.
const CREDENTIALS_BYTES = 600;

/** A call to a metadata service in short. */
export interface MetadataCall {
  asks: MetadataQuestion;
  /** Told by the size of the answer, since the capture cut the path. */
  readonly isGuess: boolean;
  readonly startedAt: Timestamp;
  readonly packets: readonly PacketId[];
}

export interface MetadataKinds extends Observer {
  unusualExchange(exchange: Exchange): void;
  /** Undefined for what is no call to a metadata service, or long ago. */
  callOf(exchange: string): MetadataCall | undefined;
}

/** What was asked of metadata services, by the exchange's id: a request's waits name it. */
export const metadataKinds = defineFact({
  id: 'metadata-kinds',
  create(): MetadataKinds {
    const calls = new Recent<string, MetadataCall>(MAX_KEPT);
    /** By client, the last whose path is not known. */
    const unknown = new Map<string, MetadataCall>();

    return {
      unusualExchange({ id, client, metadata, method, path, startedAt, packets, responseBytes }) {
        if (metadata === null) return;
        const isBig = responseBytes >= CREDENTIALS_BYTES && method === 'GET' && !path.startsWith('/latest/dynamic');
        const isGuess = metadata.asks === 'unknown' && metadata.service === 'ec2' && isBig;
        const before = unknown.get(client);
        if (isGuess && before !== undefined && startedAt - before.startedAt < JUST_BEFORE) before.asks = 'roles';
        const asks = isGuess ? 'credentials' : metadata.asks;
        const call: MetadataCall = { asks, isGuess, startedAt, packets: [...packets] };
        calls.set(id, call);
        if (unknown.size >= MAX_KEPT) unknown.clear();
        if (asks === 'unknown') unknown.set(client, call);
        else unknown.delete(client);
      },
      callOf: (exchange) => calls.get(exchange),
    };
  },
});
