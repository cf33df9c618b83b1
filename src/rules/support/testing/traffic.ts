import { at, nanoseconds, type Timestamp } from '../../../base/time.ts';
import type { Connection, Stall } from '../../../model/connection.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { connectionOf, exchangeOf, stallOf, tlsOf, unopened } from '../../../model/testing/rows.ts';
import type { Rows } from './run-rule.ts';

const ms = (count: number): number => Math.round(count * 1e6);

/** How a connection opens, times in milliseconds since its first SYN. */
export interface Opening {
  /** SYNs beside the first. */
  again?: readonly number[];
  /** When the SYN-ACK comes; null for never. */
  connect?: number | null;
  /** How long the TLS handshake takes; left out for none. */
  tls?: number;
  resumed?: boolean;
  /** The capture begins when it is long open. */
  before?: boolean;
}

/** One exchange, times in milliseconds since its start. */
export interface Call {
  takes?: number;
  /** When the answer's first byte comes; its last unless told otherwise. */
  firstByte?: number;
  stalls?: readonly { at: number; lasts: number; parts?: Partial<Stall> }[];
  /** The clock does not go on: the next one begins while this is open. */
  alongside?: boolean;
}

/** How a connection stands when the capture ends before it. */
export const LEFT_OPEN = { ending: 'captureEnd', endedBy: null, endedAt: at(Number.NaN) } as const;

type Ends = Partial<Pick<Connection, 'input' | 'client' | 'server' | 'serverPort' | 'backend' | 'protocol'>>;

/** Builds one client's connections to one server and their exchanges, one after another. */
export class Traffic {
  readonly exchanges: Exchange[] = [];
  readonly connections: Connection[] = [];
  readonly #ends: Ends;
  #clock = 0;
  #port = 41_200;
  #packet = 0;
  #open: Connection | null = null;
  #lastEnd = 0;

  constructor(ends: Ends = {}) {
    this.#ends = ends;
  }

  /** What a rule is given; a connection that is still open ends with the capture. */
  get rows(): Rows {
    this.close(LEFT_OPEN);
    return { exchanges: this.exchanges, connections: this.connections };
  }

  /** A new connection; the one before is closed by its client. */
  open(opening: Opening = {}, parts: Partial<Connection> = {}): this {
    this.close();
    const { again = [], connect = 0.4, tls, resumed = false, before = false } = opening;
    const startedAt = at(this.#clock);
    const sighting = (time: number) => ({ at: at(startedAt + ms(time)), packet: this.#next() });
    const syns = [0, ...again].map(sighting);
    const firstPacket = syns[0]!.packet;
    const synAcks = connect === null ? [] : [sighting(connect)];
    this.#clock += ms(connect ?? Math.max(0, ...again));
    const handshake = tls === undefined ? null : this.#handshake(tls, resumed);
    this.#open = connectionOf({
      id: `0.c${this.connections.length + 1}-${this.#port}`,
      clientPort: ++this.#port,
      startedAt,
      syns,
      synAcks,
      connectDuration: nanoseconds(connect === null ? Number.NaN : ms(connect)),
      tls: handshake,
      exchanges: 0,
      bytes: { client: 0, server: 0 },
      firstPacket,
      ...this.#ends,
      ...(before ? unopened : {}),
      ...parts,
    });
    this.#lastEnd = Number.NaN;
    return this;
  }

  /** SYNs that the server answers with a reset. */
  refused(count = 1, parts: Partial<Connection> = {}): this {
    for (let index = 0; index < count; index++) {
      this.open({ connect: null });
      this.#clock += ms(0.2);
      const endedAt = at(this.#clock);
      this.close({
        ending: 'refused',
        endedBy: 'server',
        endedAt,
        connectDuration: nanoseconds(ms(0.2)),
        packets: { client: 1, server: 1 },
        ...parts,
      });
      this.wait(20);
    }
    return this;
  }

  /** One request and its answer on the open connection; one is opened where none is. */
  call(call: Call = {}, parts: Partial<Exchange> = {}): this {
    if (this.#open === null) this.open();
    const connection = this.#open!;
    const { takes = 4, firstByte = takes, stalls = [], alongside = false } = call;
    const startedAt = at(this.#clock);
    const moment = (time: number): Timestamp => at(startedAt + ms(time));
    const isFirst = connection.exchanges === 0;
    const packets = [this.#next(), this.#next()];
    const waits = stalls.map(({ at: from, lasts, parts: own }) =>
      stallOf({ startedAt: moment(from), duration: nanoseconds(ms(lasts)), packets: [this.#next()], ...own }),
    );
    const opened = connection.syns.length > 0;
    this.exchanges.push(
      exchangeOf({
        id: `0.e${this.exchanges.length + 1}-${connection.client}-${connection.server}`,
        input: connection.input,
        client: connection.client,
        clientPort: connection.clientPort,
        server: connection.server,
        serverPort: connection.serverPort,
        backend: connection.backend,
        connection: connection.id,
        startedAt,
        firstByteAt: moment(firstByte),
        duration: nanoseconds(ms(takes)),
        packets,
        place: connection.exchanges,
        reused: !isFirst || !opened,
        idleBefore: nanoseconds(startedAt - this.#lastEnd),
        connectDuration: nanoseconds(isFirst && opened ? connection.connectDuration : Number.NaN),
        tlsDuration: nanoseconds(isFirst && opened ? (connection.tls?.handshakeDuration ?? Number.NaN) : Number.NaN),
        stalls: waits,
        retransmissions: waits.filter(({ reason }) => reason === 'loss').length,
        ...parts,
      }),
    );
    connection.exchanges++;
    connection.bytes = { client: connection.bytes.client + 180, server: connection.bytes.server + 1200 };
    connection.stalls = [...connection.stalls, ...waits];
    connection.stallCount += waits.length;
    if (!alongside) this.#clock += ms(takes) + ms(10);
    this.#lastEnd = startedAt + ms(takes);
    return this;
  }

  calls(count: number, call: Call = {}, parts: Partial<Exchange> = {}): this {
    for (let index = 0; index < count; index++) this.call(call, parts);
    return this;
  }

  /** Nothing happens for a while. */
  wait(time: number): this {
    this.#clock += ms(time);
    return this;
  }

  /** The connection ends; its client closes it unless told otherwise. */
  close(parts: Partial<Connection> = {}): this {
    const connection = this.#open;
    if (connection === null) return this;
    this.#open = null;
    const endedAt = at(this.#clock);
    const endPacket = this.#next();
    this.connections.push({
      ...connection,
      duration: nanoseconds(this.#clock - connection.startedAt),
      endedAt,
      endPacket,
      lastPacket: endPacket,
      ...parts,
    });
    return this;
  }

  #handshake(takes: number, resumed: boolean): Connection['tls'] {
    const startedAt = at(this.#clock);
    this.#clock += ms(takes);
    return tlsOf({
      startedAt,
      handshakeDuration: nanoseconds(ms(takes)),
      resumed,
      packets: [this.#next(), this.#next()],
    });
  }

  #next(): number {
    return ++this.#packet;
  }
}

/** Several builders' rows together. */
export const joined = (...all: readonly Rows[]): Required<Rows> => ({
  lookups: all.flatMap(({ lookups = [] }) => lookups).toSorted((a, b) => a.startedAt - b.startedAt),
  exchanges: all.flatMap(({ exchanges = [] }) => exchanges),
  connections: all.flatMap(({ connections = [] }) => connections),
  requests: all.flatMap(({ requests = [] }) => requests),
});
