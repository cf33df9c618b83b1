import { at, nanoseconds } from '../../../base/time.ts';
import type { Side } from '../../../model/connection.ts';
import { copyExchange, type Exchange } from '../../../model/exchange.ts';
import type { Arrival, TrackedConnection } from '../../../model/tracked-connection.ts';
import type { Conversation, StreamEnd } from '../../protocol.ts';
import { createHttp2 } from '../http2.ts';

const UNKNOWN = nanoseconds(Number.NaN);
const NEVER = at(Number.NaN);

/** A connection of which only the handshake was seen. */
function trackedConnection(): TrackedConnection {
  return {
    id: '0.c0',
    input: 0,
    client: '10.0.3.7',
    clientPort: 41_200,
    server: '10.96.0.20',
    serverPort: 50_051,
    backend: null,
    rolesFrom: 'handshake',
    startedAt: at(0),
    duration: nanoseconds(0),
    syns: [{ at: at(0), packet: 1 }],
    synAcks: [{ at: at(0), packet: 2 }],
    connectDuration: nanoseconds(0),
    roundTrip: UNKNOWN,
    minRoundTrip: UNKNOWN,
    tls: null,
    protocol: 'http/2',
    exchanges: 0,
    unanswered: 0,
    goaway: null,
    pings: null,
    bytes: { client: 0, server: 0 },
    packets: { client: 0, server: 0 },
    retransmissions: { client: 0, server: 0 },
    spurious: { client: 0, server: 0 },
    largestAcknowledged: { client: 0, server: 0 },
    keepalives: { client: 0, server: 0 },
    zeroWindows: { client: 0, server: 0 },
    tooBig: 0,
    stalls: [],
    stallCount: 0,
    stallTime: nanoseconds(0),
    ending: 'captureEnd',
    endedBy: null,
    endedAt: NEVER,
    endPacket: -1,
    firstPacket: 1,
    lastPacket: 1,
    clientId: 1,
    serverId: 2,
    establishedAt: at(0),
    lastDataAt: NEVER,
    previousDataAt: NEVER,
    openExchanges: 0,
  };
}

/** A conversation that a test holds: each packet has the next number, and its time in milliseconds. */
export class Talk {
  readonly connection = trackedConnection();
  readonly exchanges: Exchange[] = [];
  readonly conversation: Conversation;
  #number = 2;
  #ids = 0;

  constructor(fromStart = true) {
    this.conversation = createHttp2().open({
      connection: this.connection,
      fromStart,
      nextId: () => `0.e${this.#ids++}`,
      emit: (exchange) => void this.exchanges.push(copyExchange(exchange)),
      handedOver: null,
      carry: () => this.conversation,
      become: () => {},
    });
  }

  client(ms: number, ...frames: readonly Uint8Array[]): this {
    return this.send('client', ms, ...frames);
  }

  server(ms: number, ...frames: readonly Uint8Array[]): this {
    return this.send('server', ms, ...frames);
  }

  send(from: Side, ms: number, ...frames: readonly Uint8Array[]): this {
    const bytes = Buffer.concat(frames);
    this.conversation.push(from, bytes, 0, bytes.length, this.#arrive(ms));
    return this;
  }

  gap(from: Side, ms: number, length: number): this {
    this.conversation.gap(from, length, this.#arrive(ms));
    return this;
  }

  /** @param by who ends first */
  end(ms: number, because: StreamEnd = 'captureEnd', by: Side = 'client'): this {
    const arrival = this.#arrive(ms);
    if (because === 'fin' || because === 'reset') this.connection.endedBy = by;
    this.conversation.end(by, arrival, because);
    this.conversation.end(by === 'client' ? 'server' : 'client', arrival, because);
    return this;
  }

  #arrive(ms: number): Arrival {
    return { input: 0, number: ++this.#number, time: at(ms * 1e6) };
  }
}
