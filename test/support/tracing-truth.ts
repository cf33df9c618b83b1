import { existsSync, readFileSync } from 'node:fs';
import { analyze } from '../../src/analyze.ts';
import { copyExchange, type Exchange } from '../../src/model/exchange.ts';
import { copyRequest, type Request } from '../../src/model/request.ts';

/** What the application itself logged of one request that it received. Times are seconds since 1970. */
export interface TrueRequest {
  /** The caller's. */
  port: number;
  start: number;
  end: number;
  calls: readonly { port: number; start: number; to: string }[];
  /** How long it waited for its SDK to have credentials, and what of that for the SDK's lock. */
  credentialsMs?: number;
  lockMs?: number;
  /** How long it waited for getaddrinfo, the lock of its own runtime included. */
  lookupMs?: number;
}

export interface Traced {
  /** Each true request with the row that was made of it. */
  pairs: readonly { truth: TrueRequest; request: Request }[];
  /** All rows, those of health checks included. */
  requests: readonly Request[];
  /** The exchange of each true call by the request that made it, as the application says. */
  callsOf(truth: TrueRequest): ReadonlySet<string>;
  /** Whose an exchange is, as the application says; undefined where it says nothing of it. */
  ownerOf(exchange: string): TrueRequest | undefined;
}

/** A capture's requests beside what the application in it logged of them. */
export async function traced(capture: string, truth: readonly TrueRequest[]): Promise<Traced> {
  const requests: Request[] = [];
  const byPort = new Map<number, Exchange[]>();
  const { inputs } = await analyze({
    paths: [capture],
    dnsPorts: [53],
    clients: [],
    names: [],
    slowerThan: null,
    observers: [
      {
        request: (request) => void requests.push(copyRequest(request)),
        exchange(exchange) {
          const known = byPort.get(exchange.clientPort);
          if (known === undefined) byPort.set(exchange.clientPort, [copyExchange(exchange)]);
          else known.push(copyExchange(exchange));
        },
      },
    ],
  });
  const began = Number(inputs[0]?.firstPacketAt ?? 0n) / 1e9;
  const exchangeAt = (port: number, start: number): string | undefined =>
    nearest(byPort.get(port) ?? [], start - began)?.id;

  const owners = new Map<string, TrueRequest>();
  const calls = new Map<TrueRequest, Set<string>>();
  const pairs: { truth: TrueRequest; request: Request }[] = [];
  for (const one of truth) {
    const request = nearest(
      requests.filter(({ clientPort }) => clientPort === one.port),
      one.start - began,
    );
    if (request !== undefined) pairs.push({ truth: one, request });
    const own = new Set<string>();
    for (const { port, start } of one.calls) {
      const exchange = exchangeAt(port, start);
      if (exchange === undefined) continue;
      own.add(exchange);
      owners.set(exchange, one);
    }
    calls.set(one, own);
  }
  return {
    pairs,
    requests,
    callsOf: (one) => calls.get(one) ?? new Set(),
    ownerOf: (exchange) => owners.get(exchange),
  };
}

function nearest<Row extends { startedAt: number }>(rows: readonly Row[], seconds: number): Row | undefined {
  const away = ({ startedAt }: Row): number => Math.abs(startedAt / 1e9 - seconds);
  return rows.toSorted((one, other) => away(one) - away(other))[0];
}

/** The exchanges that a request waited for, as kubelag says. */
export const linkedCalls = ({ waits }: Request): Set<string> =>
  new Set(
    waits
      .filter(({ reason, ref }) => (reason === 'upstream' || reason === 'metadata') && isExchange(ref))
      .map(({ ref }) => ref),
  );

const isExchange = (ref: string): boolean => /^\d+\.e/.test(ref);

/** Milliseconds of a request's critical path that went to these reasons. */
export const criticalMs = ({ waits }: Request, reasons: readonly string[]): number =>
  waits.filter(({ reason }) => reasons.includes(reason)).reduce((sum, { critical }) => sum + critical, 0) / 1e6;

interface SharedTruth {
  requests?: readonly {
    remote_port?: number;
    start: number;
    end: number;
    calls?: readonly { type: string; local_port?: number; start: number; end: number }[];
    credentials_ms?: number;
    credentials_wait_ms?: number;
  }[];
}

/** The requests of a `truth.json` of the credentials lab. */
export function sharedTruth(path: string): TrueRequest[] {
  if (!existsSync(path)) return [];
  const { requests = [] } = JSON.parse(readFileSync(path, 'utf8')) as SharedTruth;
  return requests.map(({ remote_port, start, end, calls = [], credentials_ms, credentials_wait_ms }) => ({
    port: remote_port ?? 0,
    start,
    end,
    calls: calls.flatMap(({ type, local_port, start: began }) =>
      local_port === undefined ? [] : [{ port: local_port, start: began, to: type }],
    ),
    ...(credentials_ms === undefined ? {} : { credentialsMs: credentials_ms }),
    ...(credentials_wait_ms === undefined ? {} : { lockMs: credentials_wait_ms }),
  }));
}
