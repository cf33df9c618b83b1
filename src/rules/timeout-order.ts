import { Distribution } from '../base/distribution.ts';
import { Recent } from '../base/recent.ts';
import { formatDuration } from '../base/text.ts';
import { milliseconds, nanoseconds, type Duration } from '../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../model/exchange.ts';
import { Delays } from './support/delays.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { SEEN_ONCE, partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';
import { firstByteWait, isGivenUpUnanswered } from './support/requests/upstream-wait.ts';

const GATEWAY_TIMEOUT = 504;
const SERVER_ERROR = 500;
// Nobody sets a shorter timeout for a hop; a 504 that comes sooner is no answer to waiting.
const LEAST_WAIT = milliseconds(200);
// A timer ends after the same time each time; what differs by more is no one timer.
const SAME = 0.1;
// Who gives up on a call answers its own caller at once.
const AT_ONCE = milliseconds(50);
// A request that waited for other things as well did not fail for this one alone.
const MOST = 0.8;
// Errors whose request has not come yet, and calls that were given up: no more are in flight at once.
const MAX_KEPT = 1 << 10;

export default defineRule({
  id: 'timeout-order',
  title: 'A hop in between gives up before the answer comes',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    gaveUp:
      '{server} answered {count} of {total:call} with {status}, {wait:duration} after each came: it gives up before what is behind it answers',
    clear: 'no call was answered with 504, or another error for a call that was given up, after a wait ({total})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, () => ({
      waits: new Distribution(),
      usual: new Delays(),
      statuses: new Set<number>(),
    }));
    const errors = new Recent<string, Exchange>(MAX_KEPT);
    const givenUp = new Recent<string, true>(MAX_KEPT);
    function add(exchange: Exchange, wait: Duration): void {
      const group = groups.add(exchange, wait, ownPackets);
      group.waits.add(wait);
      group.statuses.add(exchange.status);
    }
    const ordinaryOf = (peer: Peer): Delays[] =>
      seen.routes.all.filter((route) => route.peer === peer).map(({ firstBytes }) => firstBytes);
    let heard = 0;
    return {
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        heard++;
        if (isGivenUpUnanswered(exchange)) givenUp.set(exchange.id, true);
        if (!isResponded(exchange)) return;
        const firstByte = firstByteWait(exchange);
        if (exchange.status !== GATEWAY_TIMEOUT) {
          if (firstByte >= 0) groups.of(exchange).usual.add(firstByte);
          if (exchange.status >= SERVER_ERROR && firstByte >= LEAST_WAIT)
            errors.set(exchange.id, copyExchange(exchange));
          return;
        }
        if (firstByte >= LEAST_WAIT) add(exchange, firstByte);
      },
      // Many gateways say something else than 504; their own calls tell that they gave up.
      request({ exchange, waits }) {
        const error = errors.get(exchange);
        if (error === undefined) return;
        const wait = firstByteWait(error);
        const isGaveUp = waits.some(
          ({ ref, startedAt, duration }) =>
            givenUp.get(ref) !== undefined &&
            duration >= MOST * wait &&
            Math.abs(error.firstByteAt - startedAt - duration) <= AT_ONCE,
        );
        if (isGaveUp) add(error, wait);
      },
      finish() {
        // A gateway's own call to a gateway ends in 504 as its callers' does.
        // Who is answered with 504 may pass that on, or make another answer of it: then what it calls is who gave up.
        const own = groups.judged().filter(({ tally }) => tally.count > 0);
        const found = (own.length > 0 ? own : groups.judgedWithUpstreams()).map((group) => ({
          ...group,
          tally: group.tally.beyond(usualOf(group.usual.with(ordinaryOf(group.peer)))),
          wait: group.waits.quantile(0.5),
        }));
        const parts = partsByServer<(typeof found)[number], Exchange>(found);
        for (const { groups: alike, tally, subject, input } of parts) {
          const { calls } = seen.totals(input, subject);
          const wait = nanoseconds(Math.max(...alike.map((group) => group.wait)));
          const isTimer =
            tally.count > 1 &&
            alike.every(({ waits }) => waits.quantile(1) - waits.quantile(0) <= SAME * waits.quantile(0.5));
          const status = [...new Set(alike.flatMap(({ statuses }) => [...statuses]))].join(' or ');
          const because = status === `${GATEWAY_TIMEOUT}` ? '504 says so' : 'its own call was given up just before';
          report({
            message: 'gaveUp',
            data: { server: subject.name, count: tally.count, total: Math.max(calls.count, tally.count), status, wait },
            ...reportedExchanges({ input, subject, tally }, calls, Math.max(calls.count, tally.count)),
            confidence: isTimer ? 'likely' : 'possible',
            confidenceBecause: isTimer
              ? `${because}, and each comes after the same time`
              : `${because}; whether a timer ended it these few do not tell`,
            evidence: dearestEvidence(tally, `${status} after ${formatDuration(wait)}`),
            because: [
              wireSetting(
                subject.name,
                'timeout for the hop behind it (NGINX: proxy_read_timeout)',
                formatDuration(wait),
                `the time until ${status}`,
              ),
              wireSetting(
                `the service behind ${subject.name}`,
                'time that it needs',
                `more than ${formatDuration(wait)}`,
                'no answer of it came before',
              ),
            ],
            fix: [
              advice(
                'code',
                'make the inner service answer, or give up itself, before the outer hop does: a shorter timeout of its own calls, with an answer that says so',
                `the service behind ${subject.name}`,
                'set the former timeout again',
              ),
              advice(
                'manifest',
                'where the answer is worth the wait, a longer timeout of the outer hop (nginx.ingress.kubernetes.io/proxy-read-timeout)',
                `the route through ${subject.name}`,
                'take the annotation away again',
                'kubectl get ingress -A -o yaml',
              ),
            ],
            whatIf: { method: 'each affected call as quick as the others' },
            errors: tally.count,
            habit: false,
            ...(tally.count === 1 ? { onlyInfo: SEEN_ONCE } : {}),
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no call was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

/** Nothing, where all end in 504. */
const usualOf = (usual: Delays) => (usual.count === 0 ? nanoseconds(0) : usual.quantile(0.5));
