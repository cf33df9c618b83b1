import { formatCount } from '../../../base/text.ts';
import { isHttp2, type Exchange } from '../../../model/exchange.ts';
import { isProbe } from '../../../model/probe.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { manyAtATime } from './many-at-a-time.ts';
import { AnswerLog, type OneAtATime } from './one-at-a-time.ts';
import type { Route } from '../routes.ts';
import { traffic } from '../traffic.ts';
import type { Peer } from '../traffic-peer.ts';

/** A server before which requests stand in line. */
export interface Line extends OneAtATime {
  /** Null where it answers one after another. */
  readonly several: {
    /** `4`, or `4 to 6` where as many explain it as well. */
    readonly slots: string;
    /** In nanoseconds, until its turn came. */
    waitOf(exchange: Exchange): number;
  } | null;
}

export interface ServerLines extends Observer {
  ordinaryExchange(exchange: Exchange): void;
  unusualExchange(exchange: Exchange): void;
  /** For how long the exchange at hand stood behind the answer before; 0 where that tells nothing. */
  behind(): number;
  /** Null where no line shows; ask in `finish`. */
  of(input: number, server: string): Line | null;
}

/** How many requests at a time servers work at while others wait, judged once for all rules that ask. */
export const serverLines = defineFact({
  id: 'server-lines',
  create(fact): ServerLines {
    const seen = fact(traffic);
    const byServer = new Map<string, AnswerLog>();
    const byPeer: (AnswerLog | undefined)[] = [];
    // More may be heard after it was asked.
    const lines = new Map<string, { readonly calls: number; readonly line: Line | null }>();
    let behind = 0;

    function logOf({ place, input, server }: Peer): AnswerLog {
      const known = byPeer[place];
      if (known !== undefined) return known;
      const key = `${input}|${server}`;
      const log = byServer.get(key) ?? new AnswerLog();
      byServer.set(key, log);
      byPeer[place] = log;
      return log;
    }

    return {
      ordinaryExchange({ requestedAt, firstByteAt, inFlight, protocol }) {
        const { peer, isProbe: isCheck } = seen.routes.current as Route;
        if (isCheck || (inFlight > 0 && !isHttp2(protocol))) return;
        logOf(peer).add(requestedAt, firstByteAt);
      },
      unusualExchange(exchange) {
        const { shape, requestedAt, firstByteAt, inFlight, protocol } = exchange;
        // Behind others on its connection it stands by the protocol's order.
        // What a health check takes says nothing of what a call does.
        const isCall = shape === 'call' && !isProbe(exchange);
        const isCounted = isCall && firstByteAt >= requestedAt && (inFlight === 0 || isHttp2(protocol));
        behind = isCounted ? logOf(seen.peerOf(exchange)).add(requestedAt, firstByteAt) : 0;
      },
      of(input, server) {
        const key = `${input}|${server}`;
        const log = byServer.get(key);
        if (log === undefined) return null;
        const known = lines.get(key);
        if (known?.calls === log.calls) return known.line;
        const line = judge(log);
        lines.set(key, { calls: log.calls, line });
        return line;
      },
      behind: () => behind,
    };
  },
});

function judge(log: AnswerLog): Line | null {
  const one = log.judge();
  if (one !== null) return { ...one, several: null };
  const spans = log.spans();
  const several = manyAtATime(spans);
  if (several === null) return null;
  const waits = new Map(spans.map(({ from, until }, index) => [`${from}|${until}`, several.waits[index] ?? 0]));
  const { each, least, most } = several;
  return {
    each,
    most: log.most(),
    several: {
      slots: least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`,
      waitOf: ({ requestedAt, firstByteAt }) => waits.get(`${requestedAt}|${firstByteAt}`) ?? 0,
    },
  };
}

/** Why requests wait there. */
export const inLine = ({ several }: Line): string =>
  `they stand in line, as it ${several === null ? 'answers one after another' : `works at about ${several.slots} at a time`}`;
