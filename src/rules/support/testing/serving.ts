import { at, nanoseconds, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Metadata } from '../../../model/metadata.ts';
import { INSIDE_TLS, type Request, type Wait } from '../../../model/request.ts';
import { exchangeOf, requestOf, waitOf } from '../../../model/testing/rows.ts';
import { criticalOf } from './critical.ts';
import type { Rows } from './run-rule.ts';

const ms = (count: number): number => Math.round(count * 1e6);

/** The service, as in the other tests' rows. */
const SERVICE = '10.0.3.7';

/** One call of a request, times in milliseconds since the request's start. */
export interface Step {
  at: number;
  takes: number;
  /** Part of the exchange; `metadata` makes it a call to the metadata service. */
  parts?: Partial<Exchange>;
  /** It went on in the background: no request's. */
  own?: boolean;
  /** What was waited for before it, until it began. */
  queued?: number;
  /** So long a connection was opened for it right before. */
  connects?: number;
}

const LIFE = { issuedAt: 1_700_000_000 - 184, expiresAt: 1_700_000_000 + 716 };

export const metadataOf = (parts: Partial<Metadata> = {}): Metadata => ({
  service: 'ec2',
  asks: 'credentials',
  software: 'aws-sdk-java/1.12.129',
  agent: 'kiam',
  issuedAt: Number.NaN,
  expiresAt: Number.NaN,
  remaining: Number.NaN,
  session: null,
  ...parts,
});

const ENDS = { server: '169.254.169.254', serverPort: 80 };

/** A call to the metadata service. */
export const asking = (
  path: string,
  metadata: Partial<Metadata>,
  parts: Partial<Exchange> = {},
): Partial<Exchange> => ({
  ...ENDS,
  connection: '0.c-metadata',
  method: 'GET',
  path,
  metadata: metadataOf(metadata),
  ...parts,
});

const CREDENTIALS = '/latest/meta-data/iam/security-credentials/';

export const roleName = (parts: Partial<Exchange> = {}): Partial<Exchange> =>
  asking(CREDENTIALS, { asks: 'roles' }, { responseBytes: 136, ...parts });

export const credentials = (metadata: Partial<Metadata> = {}, parts: Partial<Exchange> = {}): Partial<Exchange> =>
  asking(
    `${CREDENTIALS}{role}`,
    { ...LIFE, session: '0d32842cdc560c29', ...metadata },
    { responseBytes: 692, ...parts },
  );

export const token = (parts: Partial<Exchange> = {}): Partial<Exchange> =>
  asking('/latest/api/token', { asks: 'token' }, { method: 'PUT', ...parts });

/** Builds the requests of one service with the calls that they make, at a pod. */
export class Serving {
  readonly exchanges: Exchange[] = [];
  readonly requests: Request[] = [];
  #clock = 0;
  #packet = 0;

  /** Nothing happens for a while. */
  wait(time: number): this {
    this.#clock += ms(time);
    return this;
  }

  /** One request; the next begins when it has ended, unless told otherwise. */
  request(takes: number, steps: readonly Step[] = [], parts: Partial<Exchange> = {}, alongside = false): this {
    const startedAt = at(this.#clock);
    const calls = steps.map((step) => ({ step, call: this.#call(startedAt, step) }));
    const root = this.#exchange(startedAt, takes, {
      client: '10.0.9.9',
      server: SERVICE,
      serverPort: 8080,
      path: '/api/orders',
      connection: '0.c-in',
      ...parts,
    });
    this.#request(
      root,
      calls.filter(({ step }) => step.own !== true),
    );
    if (!alongside) this.#clock += ms(takes) + ms(1);
    return this;
  }

  /** Requests one after another, each the same. */
  serve(count: number, takes: number, steps: readonly Step[] = []): this {
    for (let index = 0; index < count; index++) this.request(takes, steps);
    return this;
  }

  /** The service's own call, in nobody's request. */
  call(takes: number, parts: Partial<Exchange>): this {
    this.#call(at(this.#clock), { at: 0, takes, parts });
    this.#clock += ms(takes) + ms(1);
    return this;
  }

  get rows(): Rows {
    return { exchanges: this.exchanges, requests: this.requests };
  }

  /** As before requests are put together, or where nobody does. */
  get exchangesOnly(): Rows {
    return { exchanges: this.exchanges };
  }

  #call(startedAt: Timestamp, { at: from, takes, parts = {} }: Step): Exchange {
    return this.#exchange(at(startedAt + ms(from)), takes, {
      client: SERVICE,
      server: '10.20.30.40',
      serverPort: 9200,
      path: '/search',
      connection: '0.c-out',
      ...parts,
    });
  }

  #exchange(startedAt: Timestamp, takes: number, parts: Partial<Exchange>): Exchange {
    const duration = nanoseconds(ms(takes));
    const exchange = exchangeOf({
      id: `0.e${this.exchanges.length + 1}`,
      startedAt,
      requestedAt: startedAt,
      firstByteAt: at(startedAt + duration),
      duration,
      packets: [++this.#packet, ++this.#packet],
      ...parts,
    });
    this.exchanges.push(exchange);
    return exchange;
  }

  #request(root: Exchange, calls: readonly { step: Step; call: Exchange }[]): void {
    const waits: Wait[] = [];
    for (const { step, call } of calls) {
      const to = `${call.server}:${call.serverPort}`;

      const before = (reason: Wait['reason'], time: number): void => {
        const duration = nanoseconds(ms(time));
        waits.push(waitOf({ to, reason, ref: '', what: '', startedAt: at(call.startedAt - duration), duration }));
      };
      if (step.queued !== undefined) before('queue', step.queued);
      if (step.connects !== undefined) before('connect', step.connects);
      waits.push(
        waitOf({
          to,
          reason: call.metadata === null ? 'upstream' : 'metadata',
          ref: call.id,
          what: call.shape === 'turn' ? INSIDE_TLS : `${call.method} ${call.path}`.trim(),
          startedAt: call.startedAt,
          duration: call.duration,
        }),
      );
    }
    const { own, shares } = criticalOf(root, waits);
    this.requests.push(
      requestOf({
        id: `0.r${this.requests.length + 1}`,
        exchange: root.id,
        client: root.client,
        clientPort: root.clientPort,
        server: root.server,
        serverPort: root.serverPort,
        backend: root.backend,
        method: root.method,
        path: root.path,
        outcome: root.outcome,
        startedAt: root.startedAt,
        duration: root.duration,
        waits: waits.map((wait, index) => ({ ...wait, critical: nanoseconds(shares[index] as number) })),
        own: nanoseconds(own),
        packets: root.packets,
      }),
    );
  }
}

/** Three requests at once, again and again; each takes 50 ms, and stands behind the others. */
export function threeAtOnce(rounds: number): Serving {
  const serving = new Serving();
  for (let round = 0; round < rounds; round++) {
    for (const [caller, takes] of [50, 100, 150].entries()) {
      serving.request(takes, [], { connection: `0.c-caller${caller}` }, caller < 2);
    }
  }
  return serving;
}
