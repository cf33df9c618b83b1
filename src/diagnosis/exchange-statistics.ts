import { endpoint } from '../base/addresses.ts';
import { Distribution } from '../base/distribution.ts';
import { OTHERS } from '../base/group-by.ts';
import { at, toSeconds } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { directionOf } from '../model/direction.ts';
import {
  copyExchange,
  type Exchange,
  type ExchangeDirection,
  type ExchangeOutcome,
  type ExchangeProtocol,
} from '../model/exchange.ts';
import { toExchangeRow } from '../model/exchange-row.ts';
import type { Input } from '../model/input.ts';
import type { Traffic } from '../rules/support/traffic.ts';
import { latencyRow } from './latency-row.ts';
import { createSlowest } from './slowest.ts';

// What one pod calls is a few dozen, on a node a few hundred; the rest is counted together.
const MAX_SERVERS = 256;
// The dearest are what a reader looks at.
const MAX_NAMED = 16;

// An exchange that the capture cut may yet have succeeded.
const FAILED: ReadonlySet<ExchangeOutcome> = new Set<ExchangeOutcome>(['error', 'reset', 'closed', 'cancelled']);

interface ServerCount {
  input: number;
  address: string;
  port: number;
  protocol: ExchangeProtocol;
  /** One client and backend of it: what tells the direction. */
  client: string;
  backend: string | null;
  readonly latency: Distribution;
}

export interface ExchangeStatistics {
  /** Durations of all calls: streams last by design and are none. */
  readonly latency: Distribution;
  exchange(exchange: Exchange): void;
  ordinaryExchange(exchange: Exchange): void;
  /** What was taken for a call inside TLS counts for its server alone. */
  turn(exchange: Exchange): void;
  row(inputs: readonly Input[]): Diagnosis['exchanges'];
}

/**
 * Counts all exchanges: their latency, their servers, the slowest few. Bounded. How long the calls of each
 * server took is what its clients' took, which `traffic` counts; here stands what that does not tell apart.
 */
export function createExchangeStatistics(traffic: Traffic): ExchangeStatistics {
  const latency = new Distribution();
  const servers = new Map<string, ServerCount[]>();
  const protocols: { name: ExchangeProtocol; count: number }[] = [];
  const slowest = createSlowest(copyExchange);
  let count = 0;
  let failed = 0;
  let serverCount = 0;

  function serverOf({ input, server, serverPort, protocol, client, backend }: Exchange): ServerCount {
    const known = servers.get(server);
    if (known !== undefined) {
      for (const one of known) {
        if (one.port === serverPort && one.protocol === protocol && one.input === input) return one;
      }
    }
    const full = serverCount >= MAX_SERVERS;
    const address = full ? OTHERS : server;
    const port = full ? 0 : serverPort;
    const ofAddress = servers.get(address) ?? [];
    const shared = full ? ofAddress.find((one) => one.protocol === protocol && one.input === input) : undefined;
    if (shared !== undefined) return shared;
    serverCount++;
    const added = { input, address, port, protocol, client, backend, latency: new Distribution() };
    ofAddress.push(added);
    servers.set(address, ofAddress);
    return added;
  }

  function countProtocol(name: ExchangeProtocol): void {
    for (const known of protocols) {
      if (known.name !== name) continue;
      known.count++;
      return;
    }
    protocols.push({ name, count: 1 });
  }

  /** One for each server, of what was counted here and with its clients. */
  function allServers(): ServerCount[] {
    const all = new Map<string, ServerCount>();
    const keyOf = ({ input, address, port, protocol }: ServerCount): string =>
      `${input}|${address}|${port}|${protocol}`;
    const take = (part: ServerCount): void => {
      const isKnown = all.size < MAX_SERVERS || all.has(keyOf(part));
      const own = isKnown ? part : { ...part, address: OTHERS, port: 0 };
      const whole = all.get(keyOf(own)) ?? { ...own, latency: new Distribution() };
      whole.latency.addAll(part.latency);
      all.set(keyOf(own), whole);
    };
    for (const peer of traffic.peers().toSorted((a, b) => a.place - b.place)) {
      if (peer.isRest) continue;
      const { input, address, port, client, backend } = peer;
      for (const { protocol, calls } of peer.callsBy) {
        take({ input, address, port, protocol, client, backend, latency: calls });
      }
    }
    for (const own of [...servers.values()].flat()) take(own);
    return [...all.values()];
  }

  function byServer(inputs: readonly Input[]): Diagnosis['exchanges']['byServer'] {
    const all = allServers().map((one) => ({ ...one, direction: direction(one, inputs) }));
    const totals = new Map<ExchangeDirection, number>();
    for (const one of all) totals.set(one.direction, (totals.get(one.direction) ?? 0) + one.latency.total);
    return all
      .toSorted((a, b) => b.latency.total - a.latency.total)
      .slice(0, MAX_NAMED)
      .map((one) => ({
        server: one.address === OTHERS ? OTHERS : endpoint(one.address, one.port),
        protocol: one.protocol,
        direction: one.direction,
        count: one.latency.count,
        p50Seconds: toSeconds(one.latency.quantile(0.5)),
        p99Seconds: toSeconds(one.latency.quantile(0.99)),
        maxSeconds: toSeconds(one.latency.max),
        totalSeconds: toSeconds(at(one.latency.total)),
        share: one.latency.total / Math.max(1, totals.get(one.direction) ?? 0),
      }));
  }

  return {
    latency,
    exchange(exchange) {
      count++;
      countProtocol(exchange.protocol);
      if (exchange.shape !== 'call') return;
      latency.add(exchange.duration);
      if (exchange.outcome !== 'ok' && FAILED.has(exchange.outcome)) failed++;
      if (traffic.peerOf(exchange).isRest) serverOf(exchange).latency.add(exchange.duration);
      slowest.add(exchange, exchange.duration);
    },
    ordinaryExchange(exchange) {
      latency.add(exchange.duration);
      slowest.add(exchange, exchange.duration);
    },
    turn: (exchange) => serverOf(exchange).latency.add(exchange.duration),
    row: (inputs) => ({
      count: count + traffic.routes.calls,
      calls: latency.count,
      failed,
      latency: latencyRow(latency),
      protocols: protocols
        .map(({ name, count: others }) => ({ name, count: others + traffic.routes.callsBy(name) }))
        .toSorted((a, b) => b.count - a.count),
      byServer: byServer(inputs),
      slowest: slowest.rows().map((exchange) => toExchangeRow(exchange, inputs)),
    }),
  };
}

function direction({ input, address, client, backend }: ServerCount, inputs: readonly Input[]): ExchangeDirection {
  const vantage = inputs[input]?.vantage;
  return vantage === undefined || address === OTHERS ? 'unknown' : directionOf(vantage, client, address, backend);
}
