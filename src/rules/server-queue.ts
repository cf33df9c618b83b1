import { addressOf } from '../base/addresses.ts';
import { formatCount, formatDuration } from '../base/text.ts';
import { nanoseconds } from '../base/time.ts';
import { isHttp2, type Exchange } from '../model/exchange.ts';
import type { Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { AnswerLog, type OneAtATime } from './support/one-at-a-time.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import type { Route } from './support/routes.ts';
import { partsByServer, type OccurrencesOf } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';
import { kindOf } from './support/usual.ts';

export default defineRule({
  id: 'server-queue',
  title: 'Requests stand in line at a server that answers one after another',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    queued:
      '{count} of {total:exchange} with {server} waited {cost:duration} in line there: its answers leave one after another, {each:duration} apart',
    clear: 'no server answers one after another while requests wait ({total:exchange})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, () => ({}));
    const byServer = new Map<string, AnswerLog>();
    const byPeer: (AnswerLog | undefined)[] = [];
    let heard = 0;

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
        if (inFlight > 0 && !isHttp2(protocol)) return;
        logOf((seen.routes.current as Route).peer).add(requestedAt, firstByteAt);
      },
      unusualExchange(exchange) {
        heard++;
        const { shape, requestedAt, firstByteAt, inFlight, protocol } = exchange;
        // Behind others on its connection it stands by the protocol's order.
        if (shape !== 'call' || !(firstByteAt >= requestedAt) || (inFlight > 0 && !isHttp2(protocol))) return;
        const waited = logOf(seen.peerOf(exchange)).add(requestedAt, firstByteAt);
        if (waited > 0) groups.add(exchange, nanoseconds(waited), packetsOf);
      },
      finish() {
        // Asked of those alone at which anybody waited.
        const verdicts = new Map<string, OneAtATime | null>();
        const verdictOf = (input: number, server: string): OneAtATime | null => {
          const key = `${input}|${server}`;
          if (!verdicts.has(key)) verdicts.set(key, byServer.get(key)?.judge() ?? null);
          return verdicts.get(key) ?? null;
        };
        const inLine = groups.all().filter(({ input, server }) => verdictOf(input, server) !== null);
        const queued = inLine.filter((group) => !inLine.some((other) => standsFor(group, other, verdictOf)));
        for (const { tally, subject, input } of partsByServer(queued)) {
          const verdict = verdictOf(input, subject.name);
          if (verdict === null) continue;
          const { calls } = seen.totals(input, subject);
          const of = Math.max(tally.count, calls.count);
          report({
            message: 'queued',
            data: {
              count: tally.count,
              total: of,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              each: verdict.each,
            },
            input,
            subject,
            of,
            unit: 'exchanges',
            latency: calls,
            cost: tally,
            confidence: 'likely',
            confidenceBecause: `while others wait, each answer leaves ${formatDuration(verdict.each)} behind the one before, and never two together`,
            evidence: dearestEvidence(
              tally,
              `${tally.dearest === undefined ? 'a request' : kindOf(tally.dearest)}, behind others`,
            ),
            because: settings(subject.name, verdict),
            fix: fixes(subject.name),
            // Several at once may be slower each.
            whatIf: { method: 'each affected exchange without its wait in line', isAtMost: true },
            errors: 0,
            habit: false,
            onlyInfo: HOW_IT_WORKS,
          });
        }
        if (queued.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no exchange was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

// What answers one after another since it waits for such a server does so at its pace.
const SAME_PACE = 0.5;

type Line = Pick<OccurrencesOf<Exchange>, 'input' | 'client' | 'server'> & { readonly peer: Peer };

/** The line is not the server's own: it stands in one itself, at a server of the same pace. */
function standsFor(line: Line, other: Line, verdictOf: (input: number, server: string) => OneAtATime | null): boolean {
  const { input, server, peer } = line;
  const isCaller =
    other.client === addressOf(server) || (peer.backend !== null && other.client === addressOf(peer.backend));
  const own = verdictOf(input, server);
  const theirs = verdictOf(other.input, other.server);
  return isCaller && other.input === input && own !== null && theirs !== null && theirs.each >= SAME_PACE * own.each;
}

// One worker is all that many services need, and some work is done one by one on purpose.
const HOW_IT_WORKS = 'how it works under this load: whether that is too little, its owner knows';

const packetsOf = ({ packets }: Exchange): readonly number[] => packets;

const settings = (server: string, { each, most }: OneAtATime): Setting[] => [
  {
    component: server,
    setting: 'what it works at',
    value: `one request after another: answers leave ${formatDuration(each)} apart`,
    origin: 'wire',
    source: 'the packets',
  },
  {
    component: 'its callers',
    setting: 'requests at once',
    value: `up to ${formatCount(most)}`,
    origin: 'wire',
    source: 'the packets',
  },
];

const fixes = (server: string): Fix[] => [
  advice(
    'manifest',
    'more replicas, or more workers in each (gunicorn --workers, uvicorn --workers, cluster or worker_threads in Node.js), and no computing or blocking call in an event loop',
    `the workload behind ${server}`,
    'scale back what was scaled',
    'kubectl scale deployment/<name> --replicas=<more>',
  ),
  advice(
    'code',
    'make each request quicker: the line shortens by as much for each that stands in it',
    `the code behind ${server}`,
    'revert the change',
  ),
];
