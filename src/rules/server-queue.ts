import { addressOf } from '../base/addresses.ts';
import { formatCount, formatDuration } from '../base/text.ts';
import { nanoseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { serverAnswers } from './support/exchanges/server-answers.ts';
import { serverLines, type Line, type ServerLines } from './support/exchanges/server-lines.ts';
import { wireSetting } from './support/settings.ts';
import { type OccurrencesOf, partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';
import { kindOf } from './support/usual.ts';

export default defineRule({
  id: 'server-queue',
  title: 'Requests stand in line at a server that works at few of them at a time',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    queued:
      '{count} of {total:exchange} with {server} waited {cost:duration} in line there: its answers leave one after another, {each:duration} apart',
    several:
      '{count} of {total:exchange} with {server} waited {cost:duration} in line there: it works at about {slots} at a time, {each:duration} each',
    clear: 'no server works at few requests at a time while others wait ({total:exchange})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const answers = fact(serverAnswers);
    const lines = fact(serverLines);
    const groups = createPeerGroups(seen, exchangeTally, () => ({}));
    let heard = 0;

    return {
      unusualExchange(exchange) {
        heard++;
        const waited = lines.behind();
        if (waited > 0) groups.add(exchange, nanoseconds(waited), ownPackets);
      },
      finish() {
        // Asked of those alone at which anybody waited.
        const waiting = groups.all();
        const behindOne = waiting.filter(({ input, server }) => lines.of(input, server)?.several === null);
        const behindSeveral = createPeerGroups(seen, exchangeTally, () => ({}));
        if (waiting.some(({ input, server }) => (lines.of(input, server)?.several ?? null) !== null)) {
          for (const exchange of answers.all().flatMap(({ slow }) => slow)) {
            const { input, server } = seen.peerOf(exchange);
            const wait = lines.of(input, server)?.several?.waitOf(exchange) ?? 0;
            if (wait > 0) behindSeveral.add(exchange, nanoseconds(wait), ownPackets);
          }
        }
        const inLine = [...behindOne, ...behindSeveral.all()];
        const queued = inLine.filter((group) => !inLine.some((other) => standsFor(group, other, lines)));
        for (const { tally, subject, input } of partsByServer(queued)) {
          const verdict = lines.of(input, subject.name);
          if (verdict === null) continue;
          const { each, several } = verdict;
          const { calls } = seen.totals(input, subject);
          const of = Math.max(tally.count, calls.count);
          report({
            message: several === null ? 'queued' : 'several',
            data: {
              count: tally.count,
              total: of,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              each,
              slots: several?.slots ?? '',
            },
            ...reportedExchanges({ input, subject, tally }, calls, of),
            confidence: 'likely',
            confidenceBecause:
              several === null
                ? `while others wait, each answer leaves ${formatDuration(each)} behind the one before, and never two together`
                : 'calls that come while fewer are there take as long as the others from their turn on, and hardly any is done before its turn',
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

type Group = Pick<OccurrencesOf<Exchange>, 'input' | 'client' | 'server'> & { readonly peer: Peer };

/** The line is not the server's own: it stands in one itself, at a server of the same pace. */
function standsFor(line: Group, other: Group, lines: ServerLines): boolean {
  const { input, server, peer } = line;
  const isCaller =
    other.client === addressOf(server) || (peer.backend !== null && other.client === addressOf(peer.backend));
  const own = lines.of(input, server);
  const theirs = lines.of(other.input, other.server);
  return isCaller && other.input === input && own !== null && theirs !== null && theirs.each >= SAME_PACE * own.each;
}

// One worker is all that many services need, and some work is done one by one on purpose.
const HOW_IT_WORKS = 'how it works under this load: whether that is too little, its owner knows';

const settings = (server: string, { each, most, several }: Line): Setting[] => [
  wireSetting(
    server,
    'what it works at',
    several === null
      ? `one request after another: answers leave ${formatDuration(each)} apart`
      : `about ${several.slots} requests at a time (workers, threads, permits), ${formatDuration(each)} each`,
  ),
  wireSetting('its callers', 'requests at once', `up to ${formatCount(most)}`),
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
