import { at, between, endOf, microseconds, nanoseconds, type Timestamp } from '../base/time.ts';
import { isOfProgram, isUnderWay, type Stall, type StallReason } from '../model/connection.ts';
import { directionOf } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Vantage } from '../model/input.ts';
import type { Confidence } from '../model/lookup.ts';
import { REST_OF_REQUEST, type Request, type Wait } from '../model/request.ts';
import { criticalShares, ownTime, type Stretch } from './critical-path.ts';
import type { OutboundCall, WaitDraft } from './outbound.ts';
import type { Queued } from './queueing.ts';

// Who reads a whole answer closes its connection and answers itself within the same moment.
const CLOSES_WITHIN = microseconds(500);

export interface SeenWait {
  readonly call: OutboundCall;
  readonly wait: WaitDraft;
}

// Of the many that call nobody.
const NO_WAITS: readonly never[] = [];

/** What a request waited for in its calls, each wait until the request went on. */
export function seenWaits(
  calls: readonly OutboundCall[],
  startedAt: Timestamp,
  endedAt: Timestamp,
): readonly SeenWait[] {
  if (calls.length === 0) return NO_WAITS;
  const inOrder = calls.toSorted((one, other) => one.startedAt - other.startedAt);
  const seen: SeenWait[] = [];
  let idleSince = startedAt;
  for (const [index, call] of inOrder.entries()) {
    const { shared } = call;
    const from = shared === undefined ? Infinity : Math.max(shared.startedAt, idleSince);
    if (shared !== undefined && from < shared.endedAt) seen.push({ call, wait: { ...shared, startedAt: at(from) } });
    idleSince = at(Math.max(idleSince, call.endedAt));
    for (const wait of call.waits) {
      if (wait.ends === 'within' && wait.endedAt > endedAt + CLOSES_WITHIN) continue;
      if (wait.ends !== 'unseen') {
        const isOver = wait.endedAt <= endedAt;
        // Whoever was given up on may wait on, and even ask others: its caller waited for none of that.
        if (isOver) seen.push({ call, wait });
        else if (wait.startedAt < endedAt) seen.push({ call, wait: { ...wait, endedAt } });
        continue;
      }
      const next = inOrder.slice(index + 1).find((other) => other.startedAt > wait.startedAt);
      const until = Math.min(wait.endedAt, endedAt, next?.startedAt ?? Infinity);
      seen.push({ call, wait: { ...wait, endedAt: at(Math.max(wait.startedAt, until)) } });
    }
  }
  return seen;
}

export function waitOf(
  { startedAt, endedAt, reason, to, ref, what, packets }: WaitDraft,
  confidence: Confidence,
  probability: number,
  alternatives: Wait['alternatives'],
): Wait {
  return {
    reason,
    to,
    ref,
    what,
    startedAt,
    duration: nanoseconds(Math.max(0, endedAt - startedAt)),
    // Told when all waits of the request are there.
    critical: nanoseconds(0),
    confidence,
    probability,
    alternatives,
    packets,
  };
}

/** A queue is told from what many requests did, never from a packet of the request's own. */
export const queueWait = ({ to, startedAt, endedAt }: Queued): Wait => ({
  reason: 'queue',
  to,
  ref: '',
  what: '',
  startedAt,
  duration: between(startedAt, endedAt),
  critical: nanoseconds(0),
  confidence: 'likely',
  probability: 1,
  alternatives: [],
  packets: [],
});

const OF_NETWORK: ReadonlySet<StallReason> = new Set(['loss', 'zero-window', 'flow-control']);

/** What the network held up of the request itself and of its answer, and the pauses in which its client sent it. */
export function stallsOf(exchange: Exchange): readonly WaitDraft[] {
  const { stalls, connection, client } = exchange;
  const rest = unsentRest(exchange);
  if (stalls.length === 0) return rest;
  return [
    ...stalls
      .filter((stall) => OF_NETWORK.has(stall.reason) || isUnderWay(stall) || isOfRequest(stall, exchange))
      .map((stall): WaitDraft => ({
        reason: OF_NETWORK.has(stall.reason) ? 'stall' : 'transfer',
        to: client,
        ref: connection,
        what: stall.reason,
        ...heldUp(stall, exchange),
        ends: 'seen',
        packets: stall.packets.filter((_, index) => index === 0 || index === stall.packets.length - 1),
      })),
    ...rest,
  ];
}

/** Its client paused in the midst of the request: nobody can answer what is not there yet. */
const isOfRequest = (stall: Stall, { requestedAt }: Exchange): boolean =>
  stall.from === 'client' && isOfProgram(stall) && endOf(stall) <= requestedAt;

/** Of a request that never came whole all but its beginning is on its way, from its client or lost. */
function unsentRest({ startedAt, duration, requestedAt, requestBytes, client, connection, packets }: Exchange) {
  if (!Number.isNaN(requestedAt) || requestBytes === 0) return NO_WAITS;
  const rest: WaitDraft = {
    reason: 'transfer',
    to: client,
    ref: connection,
    what: REST_OF_REQUEST,
    startedAt,
    endedAt: at(startedAt + duration),
    ends: 'seen',
    packets: packets.slice(0, 1),
  };
  return [rest];
}

/** While its server has not begun to answer, the way is full of other streams' data: nobody waits for that here. */
function heldUp(stall: Stall, exchange: Exchange): Pick<WaitDraft, 'startedAt' | 'endedAt'> {
  const { from, startedAt } = stall;
  const endedAt = endOf(stall);
  if (!isUnderWay(stall)) return { startedAt, endedAt };
  const { requestedAt, firstByteAt } = exchange;
  if (from === 'client') return { startedAt, endedAt: at(Math.max(startedAt, Math.min(endedAt, requestedAt))) };
  return { startedAt: at(Math.min(endedAt, Math.max(startedAt, firstByteAt))), endedAt };
}

/** The row itself: its waits, made for it, share the critical path, and what is left is its own time. */
export function requestOf(
  id: string,
  exchange: Exchange,
  vantage: Vantage | null,
  whole: Stretch,
  waits: Wait[],
  ambiguous: boolean,
): Request {
  const shares = criticalShares(whole, waits);
  for (const [index, wait] of waits.entries()) wait.critical = shares[index] as Wait['critical'];
  const { input, client, server, backend } = exchange;
  return {
    id,
    input,
    exchange: exchange.id,
    protocol: exchange.protocol,
    direction: vantage === null ? 'unknown' : directionOf(vantage, client, server, backend),
    client,
    clientPort: exchange.clientPort,
    server,
    serverPort: exchange.serverPort,
    backend,
    method: exchange.method,
    path: exchange.path,
    host: exchange.host,
    status: exchange.status,
    grpcStatus: exchange.grpcStatus,
    outcome: exchange.outcome,
    ...whole,
    waits,
    own: ownTime(whole, shares),
    ambiguous,
    packets: exchange.packets,
  };
}
