import { partitionPoint } from '../base/sorted.ts';
import { at, type Timestamp } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { endOf, type OutboundCall } from './outbound.ts';

/** Its client closed the connection, or reset the stream, before any answer; one may still come, to nobody. */
const isAbandoned = (exchange: Exchange): boolean =>
  exchange.outcome === 'cancelled' && !(exchange.firstByteAt <= endOf(exchange));

/**
 * Until when a request may have made calls. A program seldom hears that its caller has gone: it waits on for what it
 * had asked, and only then finds nobody to answer.
 * @param calls of all clients, in order of their start
 */
export function lastsUntil(exchange: Exchange, receiver: string, calls: readonly OutboundCall[]): Timestamp {
  const endedAt = endOf(exchange);
  if (!isAbandoned(exchange)) return endedAt;
  let until: number = endedAt;
  const { startedAt } = exchange;
  let place = partitionPoint(calls.length, (index) => (calls[index] as OutboundCall).startedAt < startedAt);
  for (; place < calls.length; place++) {
    const call = calls[place] as OutboundCall;
    if (call.startedAt > endedAt) break;
    if (call.client === receiver && call.exchange !== exchange && call.endedAt > until) until = call.endedAt;
  }
  return at(until);
}
