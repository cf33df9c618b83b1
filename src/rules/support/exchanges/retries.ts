import { endOf, milliseconds, nanoseconds, seconds, type Duration } from '../../../base/time.ts';
import { copyExchange, type Exchange, type ExchangeProtocol } from '../../../model/exchange.ts';
import { TOO_MANY_REQUESTS } from './ordinary-exchanges.ts';
import type { Route } from '../routes.ts';
import { Successes, type Tried } from './successes.ts';

// Nobody waits longer between two tries of one call.
const MAX_BACKOFF = seconds(60);
// Calls of a client's kinds, and failed ones that may be tried again.
const MAX_KINDS = 512;
const MAX_FAILED = 64;
const LEAST_GAPS = 4;
// "Clearly longer than after a success": twice the longest of those, and by what scheduling can't explain.
const LONGER = 2;
const LEAST_LONGER = milliseconds(20);
// A client that honours Retry-After comes back then, and soon after.
const AFTER_EARLY = milliseconds(20);
const AFTER_LATE = seconds(1);
// Who gives up on one server and goes to another does so at once.
const AT_ONCE = milliseconds(100);
// A gateway may ask its next upstream before it closes the connection to the one it gave up.
const BEFORE_CLOSING = milliseconds(5);

const UNAVAILABLE = 14;
const RESOURCE_EXHAUSTED = 8;
const ABORTED = 10;

/** Why a try failed, in words. */
export type Failure = string;

/** A call that was tried more than once, as far as it went. */
export interface Chain {
  /** The first try. */
  first: Exchange;
  /** The last one so far. */
  last: Tried;
  /** What it left the client with: something that was answered, and when to come back. */
  wasAnswered: boolean;
  retryAfter: Duration;
  tries: number;
  failures: Failure[];
  /** From the end of a try to the start of the next. */
  gaps: Duration[];
  /** What shows that it is one call: a header, `Retry-After`, another server at once, the wait, the request it is for, its rest, or that all rest alike. */
  because: 'header' | 'retry-after' | 'next-server' | 'backoff' | 'request' | 'rest' | 'steady';
  packets: number[];
  /** Another call of the kind began since: a wait says nothing any more. */
  interrupted: boolean;
  /** When its client first began a call of another kind since; NaN where it did not. */
  wentOnAt: number;
  /** Something shows that these are tries of one call: failures in a row on one connection are put together before. */
  isProven: boolean;
  /** The connection of the last try, and its place there; '' where calls share one. */
  connection: string;
  place: number;
}

/** One client, at whatever it calls. */
interface Caller {
  readonly paths: Map<string, Kind[]>;
  /** When the latest of its calls that failed ended. */
  failedAt: number;
  /** Failed calls since which it has begun nothing else. */
  idle: { readonly kind: Kind; readonly chain: Chain }[];
  /** Pauses of connections after a success, how many and the longest: who has one for itself shows there when it goes on. */
  pauses: number;
  longestPause: number;
}

interface Kind {
  readonly caller: Caller;
  readonly input: number;
  readonly host: string;
  readonly method: string;
  readonly protocol: ExchangeProtocol;
  failed: Chain[];
  readonly successes: Successes;
}

/** What an exchange failed with that is worth another try; null where it did not. */
export function failureOf(exchange: Exchange): Failure | null {
  const { status, grpcStatus, outcome } = exchange;
  if (grpcStatus === UNAVAILABLE) return 'UNAVAILABLE';
  if (grpcStatus === RESOURCE_EXHAUSTED) return 'RESOURCE_EXHAUSTED';
  if (grpcStatus === ABORTED) return 'ABORTED';
  if (status === TOO_MANY_REQUESTS || (status >= 500 && status < 600)) return String(status);
  if (isAnswered(exchange)) return null;
  if (outcome === 'reset') return 'reset';
  if (outcome === 'closed') return 'closed without an answer';
  return outcome === 'cancelled' ? 'no answer in time' : null;
}

/** Before its client gave up: what comes later is seen on the wire, and nobody reads it. */
export const isAnswered = (one: Exchange): boolean =>
  !Number.isNaN(one.firstByteAt) && (one.outcome !== 'cancelled' || one.firstByteAt <= endOf(one));

/**
 * Puts tries of one call together: same client, method and path, one after a failed other, where
 * something shows that it is the same call and not the next.
 * @param done each chain when a try succeeds, or when it is too late for another
 */
export function createRetries(done: (chain: Chain) => void) {
  // By client, then path: no text is made for each exchange.
  const callers = new Map<string, Caller>();
  const kinds: Kind[] = [];
  // Whose latest call failed, and that may go on: the oldest first.
  const failedOn = new Set<string>();
  const byRoute: (Kind | null | undefined)[] = [];

  function kindFor(exchange: Exchange): Kind | null {
    if (isUnread(exchange)) return null;
    const { input, client, host, method, path, protocol } = exchange;
    const caller = callers.get(client) ?? {
      paths: new Map<string, Kind[]>(),
      failedAt: Number.NEGATIVE_INFINITY,
      idle: [],
      pauses: 0,
      longestPause: 0,
    };
    const ofPath = caller.paths.get(path) ?? [];
    for (const kind of ofPath) {
      const isSame = kind.method === method && kind.host === host && kind.input === input;
      // As `kindOf` has it: where there is no path, the protocol tells.
      if (isSame && (path !== '' || kind.protocol === protocol)) return kind;
    }
    if (kinds.length >= MAX_KINDS) return null;
    const kind: Kind = {
      caller,
      input,
      host,
      method,
      protocol,
      failed: [],
      successes: new Successes(),
    };
    ofPath.push(kind);
    caller.paths.set(path, ofPath);
    callers.set(client, caller);
    kinds.push(kind);
    return kind;
  }

  /** The chain that this exchange goes on with, and what shows it. */
  function continued(kind: Kind, exchange: Exchange): { chain: Chain; because: Chain['because'] } | null {
    let best: { chain: Chain; because: Chain['because'] } | null = null;
    for (const chain of kind.failed) {
      const gap = exchange.startedAt - endOf(chain.last);
      if (gap < 0 || gap > MAX_BACKOFF) continue;
      const because = proofOf(kind, chain, exchange, gap);
      if (because !== null) best = { chain, because };
      if (because === 'header') return best;
    }
    return best;
  }

  /** What its connection did before it. */
  function notePause({ caller }: Kind, { connection, idleBefore }: Exchange): void {
    if (failedOn.size > 0 && failedOn.delete(connection)) return;
    if (!(idleBefore >= 0)) return;
    caller.pauses++;
    if (idleBefore > caller.longestPause) caller.longestPause = idleBefore;
  }

  function addTo(kind: Kind, exchange: Exchange): void {
    notePause(kind, exchange);
    goOnElsewhere(kind, exchange);
    while (kind.failed.length > 0 && exchange.startedAt - endOf((kind.failed[0] as Chain).last) > MAX_BACKOFF) {
      settle(kind.failed.shift() as Chain);
    }
    const failure = failureOf(exchange);
    const found = continued(kind, exchange);
    if (found !== null) {
      const { chain, because } = found;
      take(kind, chain);
      goOn(chain, exchange, because);
      if (failure === null) settle(chain);
      else keep(kind, failedAgain(chain, exchange, failure));
    } else {
      for (const chain of kind.failed) if (exchange.startedAt >= endOf(chain.last)) chain.interrupted = true;
      kind.successes.follow(exchange.startedAt, kind.caller.failedAt);
      if (failure !== null) {
        const former = kind.failed.find((chain) => isNextOn(chain, exchange));
        const chain = chainOf(exchange, failure);
        const next = takenElsewhere(kind, exchange);
        if (next !== null) settle(goOn(chain, next, 'next-server'));
        else if (former === undefined) keep(kind, chain);
        else {
          take(kind, former);
          keep(kind, failedAgain(triedAgain(former, exchange), exchange, failure));
        }
      }
    }
    if (failure === null) kind.successes.add(exchange);
    else {
      // One that was closed is never asked for again: the oldest gives way.
      if (failedOn.size >= MAX_FAILED) failedOn.delete(failedOn.values().next().value as string);
      failedOn.add(exchange.connection);
      kind.caller.failedAt = endOf(exchange);
      if (found === null) kind.successes.failed();
    }
  }

  return {
    /** One exchange that has ended; streams are none. */
    add(exchange: Exchange): void {
      const kind = kindFor(exchange);
      if (kind !== null) addTo(kind, exchange);
    },
    /** An ordinary one. */
    addOrdinary({ place }: Route, exchange: Exchange): void {
      const known = byRoute[place];
      const kind = known === undefined ? kindFor(exchange) : known;
      if (known === undefined) byRoute[place] = kind;
      if (kind === null) return;
      if (kind.failed.length > 0) return addTo(kind, exchange);
      notePause(kind, exchange);
      goOnElsewhere(kind, exchange);
      kind.successes.follow(exchange.startedAt, kind.caller.failedAt);
      kind.successes.add(exchange);
    },
    /** Chains that may go on, as far as they are. */
    open: (): Chain[] => kinds.flatMap(({ failed }) => failed.filter(({ isProven }) => isProven)),
  };

  function keep(kind: Kind, chain: Chain): void {
    if (kind.failed.length >= MAX_FAILED) settle(kind.failed.shift() as Chain);
    kind.failed.push(chain);
    const { caller } = kind;
    if (caller.idle.length < MAX_FAILED) caller.idle.push({ kind, chain });
  }

  function settle(chain: Chain): void {
    if (chain.isProven) done(chain);
  }
}

/** A call over HTTP whose path is not known may be any: the same again only where it says so itself. */
const isUnread = ({ protocol, path, previousAttempts }: Exchange): boolean =>
  path === '' && protocol.startsWith('http') && !(previousAttempts > 0);

const take = (kind: Kind, chain: Chain): void => void kind.failed.splice(kind.failed.indexOf(chain), 1);

const failedAgain = (chain: Chain, exchange: Exchange, failure: Failure): Chain => ({
  ...chain,
  ...leftBy(exchange),
  ...placeOf(exchange),
  failures: [...chain.failures, failure],
  interrupted: false,
  wentOnAt: Number.NaN,
});

const leftBy = (exchange: Exchange): Pick<Chain, 'wasAnswered' | 'retryAfter'> => ({
  wasAnswered: isAnswered(exchange),
  retryAfter: exchange.retryAfter,
});

function chainOf(exchange: Exchange, failure: Failure): Chain {
  const copy = copyExchange(exchange);
  return {
    first: copy,
    last: copy,
    ...leftBy(exchange),
    tries: 1,
    failures: [failure],
    gaps: [],
    because: 'backoff',
    packets: [...exchange.packets],
    interrupted: false,
    wentOnAt: Number.NaN,
    isProven: false,
    ...placeOf(exchange),
  };
}

/** Who calls over HTTP/1 has the connection for itself until the answer is whole. */
const placeOf = ({ protocol, connection, place }: Exchange): Pick<Chain, 'connection' | 'place'> => ({
  connection: protocol === 'http/1.1' || protocol === 'http/1.0' ? connection : '',
  place,
});

/** The very next call of its connection. */
const isNextOn = (chain: Chain, { connection, place }: Exchange): boolean =>
  chain.connection === connection && chain.place + 1 === place;

/** A call of another kind begins since some failed. */
function goOnElsewhere(own: Kind, { startedAt }: Exchange): void {
  const { caller } = own;
  if (caller.idle.length === 0) return;
  caller.idle = caller.idle.filter(({ kind, chain }) => {
    if (startedAt < endOf(chain.last)) return true;
    if (kind !== own) chain.wentOnAt = startedAt;
    return false;
  });
}

function goOn(chain: Chain, exchange: Tried, because: Chain['because']): Chain {
  if (chain.because === 'backoff') chain.because = because;
  chain.isProven = true;
  return triedAgain(chain, exchange);
}

function triedAgain(chain: Chain, exchange: Tried): Chain {
  chain.gaps.push(nanoseconds(Math.max(0, exchange.startedAt - endOf(chain.last))));
  const { server, serverPort, startedAt, duration, packets } = exchange;
  chain.last = { server, serverPort, startedAt, duration, packets: [...packets] };
  chain.tries++;
  chain.packets.push(...packets);
  return chain;
}

/** The client itself chose another; another back end of one Service is kube-proxy's choice for any next call. */
const isElsewhere = (one: Tried, other: Tried): boolean =>
  one.server !== other.server || one.serverPort !== other.serverPort;

/** The answered call that another server got as soon as this one was given up, where it is known already. */
function takenElsewhere(kind: Kind, given: Exchange): Tried | null {
  if (isAnswered(given)) return null;
  const ended = endOf(given);
  return kind.successes.take(
    (next) => isElsewhere(next, given) && next.startedAt >= ended - BEFORE_CLOSING && next.startedAt <= ended + AT_ONCE,
  );
}

/** How soon a client calls again after a success: by what it does after others where there is too little of the kind. */
function gapsOf({ caller, successes }: Kind): { gaps: number; longest: number } {
  if (successes.gaps >= LEAST_GAPS) return { gaps: successes.gaps, longest: successes.longestGap };
  const all = [...caller.paths.values()].flat();
  return {
    gaps: all.reduce((sum, kind) => sum + kind.successes.gaps, 0),
    longest: all.reduce((longest, kind) => Math.max(longest, kind.successes.longestGap), 0),
  };
}

const isLonger = (wait: number, longest: number): boolean => wait > LONGER * longest && wait > longest + LEAST_LONGER;

function proofOf(kind: Kind, chain: Chain, exchange: Exchange, gap: number): Chain['because'] | null {
  if (exchange.previousAttempts > 0) return exchange.previousAttempts === chain.tries ? 'header' : null;
  if (chain.because === 'header' && chain.tries > 1) return null;
  const { last, wasAnswered, retryAfter } = chain;
  if (retryAfter > 0) {
    return gap >= retryAfter - AFTER_EARLY && gap <= retryAfter + AFTER_LATE ? 'retry-after' : null;
  }
  if (!wasAnswered && isElsewhere(exchange, last) && gap <= AT_ONCE) return 'next-server';
  const { pauses, longestPause } = kind.caller;
  // Beside other calls of the client, its connection tells; what goes on another that was open already is anybody's.
  const isNext = isNextOn(chain, exchange);
  if (isNext && pauses >= LEAST_GAPS && isLonger(exchange.idleBefore, longestPause)) return 'backoff';
  if (!isNext && chain.connection !== '' && exchange.place > 0) return null;
  const { gaps, longest } = gapsOf(kind);
  if (gaps < LEAST_GAPS || chain.interrupted) return null;
  // A client that rests after a failure and then goes on with something else does not try again.
  return isLonger(gap, longest) && !isLonger(chain.wentOnAt - endOf(last), longest) ? 'backoff' : null;
}
