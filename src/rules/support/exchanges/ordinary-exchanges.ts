import { milliseconds } from '../../../base/time.ts';
import { LARGE_BODY, type Exchange } from '../../../model/exchange.ts';
import type { Observer } from '../../../model/observer.ts';
import { listenersOf, tell } from '../hearing.ts';
import type { Routes } from '../routes.ts';

// What rules ask of an exchange at least before they say a word of it: below all of these it is ordinary.
/**
 * A scheduler's turn on a busy machine is up to 24 ms (Linux, CFS with several waiting), and a second
 * process in line doubles it nearly; longer, and all at once, is a stop. A process throttled in most
 * of each CFS period stands still for 50 ms and more.
 */
export const LEAST_SLOW = milliseconds(40);
/**
 * Zones of a region are 0.5 to 2 ms apart, neighbouring regions 10 to 30 ms, which is where people put
 * things knowingly: beyond that it is the other end of a continent, another one, or a detour.
 */
export const LEAST_ROUND_TRIP = milliseconds(40);
/** No server closes a connection that is in use, and none keeps one for less. */
export const LEAST_IDLE = milliseconds(500);
export const TOO_MANY_REQUESTS = 429;
/** Of a database's connection, which is a part of opening it. */
export const SIGN_IN = 'AUTHENTICATE';

/** Moved or redirected for good or for now: 303 answers what was sent, and 304 is no redirect (RFC 9110 section 15.4). */
const REDIRECTS: readonly number[] = [301, 302, 307, 308];
/** Credentials are asked for, by the server or by a proxy. */
export const CHALLENGES: readonly number[] = [401, 407];
const LEAST_DETOUR = 301;

/** Where the answer is that the same has to be asked elsewhere, or with credentials. */
export const isDetour = (status: number): boolean =>
  status >= LEAST_DETOUR && (REDIRECTS.includes(status) || CHALLENGES.includes(status));

/**
 * What nearly all exchanges of a healthy service are: a call on a connection that had others before,
 * answered well and at once, with no wait on the way. Rules that look for what is wrong have nothing
 * to say of them and need not hear them (`unusualExchange`); others hear of them in a quicker way
 * (`ordinaryExchange`), and of what is counted of them by `traffic`.
 */
export const isOrdinaryExchange = (exchange: Exchange): boolean => {
  const { requestedAt, firstByteAt } = exchange;
  const firstByte = firstByteAt - requestedAt;
  return (
    firstByte >= 0 &&
    firstByte < LEAST_SLOW &&
    firstByteAt <= exchange.startedAt + exchange.duration &&
    exchange.shape === 'call' &&
    exchange.outcome === 'ok' &&
    exchange.status < TOO_MANY_REQUESTS &&
    !isDetour(exchange.status) &&
    exchange.grpcStatus <= 0 &&
    exchange.metadata === null &&
    exchange.expectation === null &&
    exchange.grant === null &&
    // HTTP has a status: texts are compared for the rest alone.
    (exchange.status >= 0 || exchange.method !== SIGN_IN) &&
    exchange.stalls.length === 0 &&
    exchange.place > 0 &&
    exchange.requestBytes < LARGE_BODY &&
    exchange.responseBytes < LARGE_BODY &&
    !(exchange.idleBefore >= LEAST_IDLE) &&
    !(exchange.roundTrip >= LEAST_ROUND_TRIP)
  );
};

/** An exchange on its way to those who hear exchanges. */
export type ExchangeListener = (exchange: Exchange) => void;

/**
 * Hands each exchange to those who want its kind: told apart once, since all exchanges pass here.
 * @param takesQuickWay which may be told as ordinary ones: none, where a test compares both ways
 */
export function tellExchanges(
  observers: readonly Observer[],
  routes: Routes,
  takesQuickWay = isOrdinaryExchange,
): ExchangeListener {
  const ordinary = listenersOf(observers, (observer) => observer.ordinaryExchange ?? observer.exchange);
  const unusual = listenersOf(observers, (observer) => observer.unusualExchange ?? observer.exchange);
  const turns = listenersOf(observers, (observer) => observer.turn);
  return (exchange) => {
    if (takesQuickWay(exchange) && routes.add(exchange)) return tell(ordinary, exchange);
    routes.current = null;
    tell(exchange.shape === 'turn' ? turns : unusual, exchange);
  };
}
