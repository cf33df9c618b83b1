import { formatDuration } from '../base/text.ts';
import { milliseconds, orZero } from '../base/time.ts';
import { isResponded, type Exchange, type Expectation } from '../model/exchange.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice, eitherOf } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { SEEN_ONCE, isHabit, partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { kindOf } from './support/usual.ts';

// Who answers at once does so within a round trip; the shortest of clients' timers is 350 ms (.NET Framework).
const LEAST_WAIT = milliseconds(100);

export default defineRule({
  id: 'http-continue-wait',
  title: 'Bodies are held back until the server asks for them',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    vain: '{count} of {total:exchange} with {server} waited {cost:duration} for “100 Continue” in vain',
    late: '{count} of {total:exchange} with {server} waited {cost:duration} for “100 Continue”',
    clear: 'no client held its body back for “100 Continue” ({total:exchange})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, () => ({ answered: 0 }));
    let heard = 0;
    return {
      unusualExchange(exchange) {
        heard++;
        const { expectation } = exchange;
        if (expectation === null || !isHeldBack(exchange, expectation)) return;
        const group = groups.add(exchange, expectation.waited, ownPackets);
        if (expectation.answered) group.answered++;
      },
      finish() {
        const parts = partsByServer(groups.all());
        for (const { groups: own, tally, subject, input } of parts) {
          const { calls } = seen.totals(input, subject);
          const of = Math.max(tally.count, calls.count);
          const answered = own.reduce((sum, group) => sum + group.answered, 0);
          const isLate = answered * 2 > tally.count;
          report({
            message: isLate ? 'late' : 'vain',
            data: { count: tally.count, total: of, server: subject.name, cost: tally.costs.quantile(0.5) },
            ...reportedExchanges({ input, subject, tally }, calls, of),
            confidence: 'certain',
            confidenceBecause: isLate
              ? 'the head says “Expect: 100-continue”, and the body left when the answer to that had come'
              : 'the head says “Expect: 100-continue”, no answer to that comes before the body leaves, by its client’s own timer',
            evidence: continueEvidence(tally.dearest),
            because: settings(subject.name, tally.costs.quantile(0.5), isLate),
            fix: fixes(subject.name),
            whatIf: { method: 'each affected exchange without its wait' },
            alone: eitherOf('a client that does not ask', 'a server that answers at once'),
            errors: 0,
            habit: isHabit(tally.count, of),
            ...(tally.count === 1 ? { onlyInfo: SEEN_ONCE } : {}),
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no exchange was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

/** For longer than the way there and back; who answered nothing at all may not be in the capture. */
const isHeldBack = (exchange: Exchange, { waited, answered }: Expectation): boolean =>
  waited >= LEAST_WAIT + orZero(exchange.roundTrip) && (answered || isResponded(exchange));

function continueEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  const waited = example?.expectation?.waited;
  if (example === undefined || waited === undefined) return evidenceOf([], example);
  const says = `${kindOf(example)}, its body ${formatDuration(waited)} behind its head`;
  return evidenceOf([{ says, packets: [...example.packets] }], example);
}

const settings = (server: string, waited: number, isLate: boolean): Setting[] => [
  wireSetting(
    'client',
    'Expect: 100-continue',
    isLate ? 'sends no body before the answer' : `sends the body ${formatDuration(waited)} later without an answer`,
    'the packets; 1 s: libcurl CURLOPT_EXPECT_100_TIMEOUT_MS, Go ExpectContinueTimeout, .NET Expect100ContinueTimeout, botocore',
  ),
  wireSetting(server, '100 Continue', isLate ? 'sent late' : 'not sent by then'),
];

const fixes = (server: string): Fix[] => [
  advice(
    'code',
    'let the client send its body at once, without the header (curl -H "Expect:", ExpectContinue = false in .NET, expectContinueEnabled(false) in the AWS SDK for Java)',
    `the client of ${server}`,
    'send the header again',
  ),
  advice(
    'code',
    'let the server answer 100 Continue when it has read the head, as RFC 9110 section 10.1.1 asks of it; a proxy such as NGINX or Envoy before it does so',
    `the workload behind ${server}`,
    'undo the change that was made',
  ),
];
