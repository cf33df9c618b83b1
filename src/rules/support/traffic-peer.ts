import { endpoint } from '../../base/addresses.ts';
import { Distribution } from '../../base/distribution.ts';
import { OTHERS } from '../../base/group-by.ts';
import type { Timestamp } from '../../base/time.ts';
import type { Exchange, ExchangeProtocol } from '../../model/exchange.ts';

/** What a row has that tells who speaks to whom. */
export type Ends = Pick<
  Exchange,
  'input' | 'client' | 'clientPort' | 'server' | 'serverPort' | 'backend' | 'startedAt'
>;

interface CallsBy {
  readonly protocol: ExchangeProtocol;
  readonly calls: Distribution;
}

/** One client and one server of it, in one input. A class: V8 keeps a literal with a getter as a hash table. */
export class Peer {
  /** The how-manieth of all peers. */
  readonly place: number;
  readonly input: number;
  readonly client: string;
  /** `address:port`, as the client names it. */
  readonly server: string;
  readonly address: string;
  readonly port: number;
  /** It stands for all that are beyond counting. */
  readonly isRest: boolean;
  /** Where a DNAT sent one of their connections. */
  backend: string | null;
  /** Exchanges that are no streams, and how long each took, by their protocol: nearly always one. */
  readonly callsBy: CallsBy[] = [];
  streams = 0;
  /** How long those took that are taken for calls inside TLS. */
  readonly turns = new Distribution();
  connections = 0;
  /** Of these, the ones whose handshake the capture shows, and how long their handshakes took. */
  opened = 0;
  readonly opening = new Distribution();
  /** The first thing that was seen of them. */
  startsAt: Timestamp;

  constructor(place: number, { input, client, server, serverPort, backend, startedAt }: Ends, isRest: boolean) {
    this.place = place;
    this.input = input;
    this.client = isRest ? OTHERS : client;
    this.server = isRest ? OTHERS : endpoint(server, serverPort);
    this.address = isRest ? OTHERS : server;
    this.port = isRest ? 0 : serverPort;
    this.isRest = isRest;
    this.backend = backend;
    this.startsAt = startedAt;
  }

  /** Of one protocol. */
  callsOf(protocol: ExchangeProtocol): Distribution {
    for (const known of this.callsBy) if (known.protocol === protocol) return known.calls;
    const calls = new Distribution();
    this.callsBy.push({ protocol, calls });
    return calls;
  }

  /** All of `callsBy`. */
  get calls(): Distribution {
    const [first, ...others] = this.callsBy;
    return first !== undefined && others.length === 0 ? first.calls : sumOf(this.callsBy);
  }
}

function sumOf(parts: readonly CallsBy[]): Distribution {
  const sum = new Distribution();
  for (const { calls } of parts) sum.addAll(calls);
  return sum;
}
