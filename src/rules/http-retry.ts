import { formatDuration, plural } from '../base/text.ts';
import { at, between, nanoseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import type { Confidence } from '../model/lookup.ts';
import { isProbe } from '../model/probe.ts';
import { createCallersGone } from './support/exchanges/callers-gone.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { createRetries, failureOf, type Chain } from './support/exchanges/retries.ts';
import { createRetriesWithin } from './support/exchanges/retries-within.ts';
import type { OccurrencesOf } from './support/subjects.ts';
import type { Route } from './support/routes.ts';
import { wireSetting } from './support/settings.ts';
import { createSteadyRetries } from './support/exchanges/steady-retries.ts';
import { partsByServer, weakest } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';
import { kindOf } from './support/usual.ts';

// One is an accident; what the client does shows in two. A header says it at once.
const LEAST_BY_WAIT = 2;
// A client and a server each, and what they failed with.
const MAX_GROUPS = 256;

interface Group extends OccurrencesOf<Exchange> {
  readonly peer: Peer;
  readonly failure: string;
  chains: number;
  extraTries: number;
  /** What passed between the tries of all chains. */
  between: number;
  because: Set<Chain['because']>;
  dearest: Chain;
}

const CONFIDENCE: Record<Chain['because'], { confidence: Confidence; says: string }> = {
  header: { confidence: 'certain', says: 'grpc-previous-rpc-attempts says so' },
  'retry-after': { confidence: 'certain', says: 'the client came back when Retry-After said' },
  'next-server': {
    confidence: 'likely',
    says: 'the same call went to another server as soon as the first try was given up',
  },
  backoff: { confidence: 'likely', says: 'the same call came again, after a wait that successes are not followed by' },
  request: { confidence: 'likely', says: 'a request that meets the failure makes the call once more than others do' },
  rest: {
    confidence: 'likely',
    says: 'about as many requests as calls that fail rest, and each rests from when it fails until the same call comes again',
  },
  steady: {
    confidence: 'likely',
    says: 'nearly each failure is followed by the same call after the same rest, and successes are not',
  },
};

export default defineRule({
  id: 'http-retry',
  title: 'Calls fail and are tried again',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    retried:
      '{count} of {total:call} to {server} failed with {failure} and {were} tried again, {cost:duration} more each',
    clear: 'no failed call was tried again ({failed} of {total:call} failed)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const services = fact(observedServices);
    const within = createRetriesWithin();
    const callersGone = createCallersGone();
    const settled = new Map<string, Group>();
    let heard = 0;
    let failed = 0;
    const retries = createRetries((chain) => put(settled, chain));
    const steady = createSteadyRetries();

    // Inbound requests do not show the retries that the service itself makes: those are judged as well.
    const isJudged = (peer: Peer): boolean => seen.isJudged(peer) || seen.directionOf(peer) === 'outbound';

    function put(groups: Map<string, Group>, chain: Chain): void {
      const peer = seen.peerOf(chain.first);
      const failure = chain.failures[0] as string;
      const key = `${peer.input}|${peer.client}|${peer.server}|${failure}`;
      let group = groups.get(key);
      if (group === undefined) {
        if (groups.size >= MAX_GROUPS) return;
        const { input, client, server } = peer;
        const tally = exchangeTally();
        group = {
          peer,
          input,
          client,
          server,
          failure,
          tally,
          chains: 0,
          extraTries: 0,
          between: 0,
          because: new Set(),
          dearest: chain,
        };
        groups.set(key, group);
      }
      add(group, chain);
    }

    return {
      ordinaryExchange(exchange) {
        const route = seen.routes.current as Route;
        if (route.isProbe) return;
        retries.addOrdinary(route, exchange);
        steady.add(exchange, null);
      },
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        heard++;
        // The next health check comes when it is due, whatever became of the last one.
        if (isProbe(exchange) || callersGone.add(exchange)) return;
        const failure = failureOf(exchange);
        if (failure !== null) {
          failed++;
          within.failed(exchange);
        }
        retries.add(exchange);
        steady.add(exchange, failure);
      },
      request(request) {
        const service = services.current();
        if (service !== null) within.add(`${service.place}`, request);
      },
      finish() {
        const groups = new Map([...settled].map(([key, group]) => [key, copyOf(group)]));
        for (const chain of retries.open()) put(groups, chain);
        // What requests show beside one another, or all rests together, waits between calls of several show in part.
        for (const [chains, size] of [
          [within.chains(), chainsIn],
          [steady.chains(), triesIn],
        ] as const) {
          const others = new Map<string, Group>();
          for (const chain of chains) put(others, chain);
          for (const [key, group] of others) if (size(group) > size(groups.get(key))) groups.set(key, group);
        }
        const proven = [...groups.values()].filter(
          ({ peer, chains, because }) =>
            isJudged(peer) && (chains >= LEAST_BY_WAIT || because.has('header') || because.has('retry-after')),
        );
        const parts = partsByServer<Group, Exchange>(proven);
        for (const { groups: own, tally, subject, input } of parts) {
          const totals = seen.totals(input, subject).calls;
          const extra = own.reduce((sum, { extraTries }) => sum + extraTries, 0);
          const calls = Math.max(tally.count, totals.count - extra);
          const failures = [...new Set(own.map(({ failure }) => failure))];
          const reasons = [...new Set(own.flatMap(({ because }) => [...because]))];
          const dearest = own.reduce((best, group) =>
            costOf(group.dearest) > costOf(best.dearest) ? group : best,
          ).dearest;
          report({
            message: 'retried',
            data: {
              count: tally.count,
              total: calls,
              server: subject.name,
              failure: failures.join(' or '),
              were: tally.count === 1 ? 'was' : 'were',
              cost: tally.costs.quantile(0.5),
            },
            input,
            subject,
            of: calls,
            unit: 'calls',
            latency: totals,
            costBetween: nanoseconds(own.reduce((sum, group) => sum + group.between, 0)),
            cost: tally,
            confidence: weakest(reasons.map((reason) => CONFIDENCE[reason].confidence)),
            confidenceBecause: reasons.map((reason) => CONFIDENCE[reason].says).join('; '),
            evidence: retryEvidence(dearest),
            because: settings(dearest, subject.name),
            fix: fixes(dearest, subject.name),
            whatIf: { method: 'each affected call without its failed tries and the waits between' },
            errors: 0,
            habit: false,
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no call was seen', capture: null });
        clear('clear', { failed, total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

const chainsIn = (group?: Group): number => group?.chains ?? 0;
const triesIn = (group?: Group): number => group?.extraTries ?? 0;

/** From the first try's start to the last one's: what the call would have been spared. */
const costOf = ({ first, last }: Chain): number => Math.max(0, between(first.startedAt, last.startedAt));

function add(group: Group, chain: Chain): void {
  const { first, last } = chain;
  const from = first.startedAt;
  const until = at(last.startedAt + last.duration);
  if (costOf(chain) > costOf(group.dearest)) group.dearest = chain;
  group.chains++;
  group.extraTries += chain.tries - 1;
  group.between += chain.gaps.reduce((sum, gap) => sum + gap, 0);
  group.because.add(chain.because);
  const packets = [...new Set(chain.packets)].toSorted((a, b) => a - b);
  group.tally.add(first, nanoseconds(costOf(chain)), () => packets, { from, until, lasted: between(from, until) });
}

/** One to which open chains may be added while the capture goes on. */
function copyOf(group: Group): Group {
  return { ...group, tally: group.tally.copy(), because: new Set(group.because) };
}

function retryEvidence(chain: Chain): [Evidence, ...Evidence[]] {
  const { first, last, tries, failures, gaps } = chain;
  const waits = gaps.map((gap) => formatDuration(gap)).join(', ');
  const lines = [
    {
      says: `${kindOf(first)}: ${failures[0] ?? 'failed'} after ${formatDuration(first.duration)}`,
      packets: [...first.packets],
    },
    { says: `tried again after ${waits} (${plural(tries, 'try', 'tries')} in all)`, packets: [...last.packets] },
  ];
  return evidenceOf(lines, first);
}

function settings({ first, failures, gaps, because }: Chain, server: string): Setting[] {
  const wait =
    because === 'retry-after'
      ? `Retry-After: ${formatDuration(first.retryAfter)}`
      : `waits of ${gaps.map((gap) => formatDuration(gap)).join(', ')}`;
  return [
    wireSetting(server, 'answer', failures[0] ?? 'failure'),
    wireSetting(first.client, 'retry policy', wait, 'when the tries begin'),
  ];
}

function fixes({ failures }: Chain, server: string): Fix[] {
  const failure = failures[0] ?? 'the error';
  const cause =
    failure === '429'
      ? advice('code', 'raise the rate limit for this client, or call less often', server, 'set the former limit again')
      : advice(
          'code',
          `find out why it fails with ${failure}: capture there, read its log`,
          `the workload behind ${server}`,
          'nothing is changed',
        );
  return [
    cause,
    advice(
      'code',
      'shorten the first wait and bound the tries by the caller’s own deadline',
      'the client’s retry policy',
      'set the former policy again',
    ),
  ];
}
