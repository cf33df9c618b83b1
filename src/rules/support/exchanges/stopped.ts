import { fewNames, formatDuration, plural } from '../../../base/text.ts';
import { between, type Duration } from '../../../base/time.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Evidence, Fix, Report, Setting } from '../../../model/finding.ts';
import type { Confidence } from '../../../model/lookup.ts';
import type { Observer } from '../../../model/observer.ts';
import type { RuleContext } from '../define-rule.ts';
import { evidenceOf, ownPackets } from '../evidence.ts';
import { LEAST_VICTIMS, lostIn, pausesOf, type Pause, type PausesOf } from './pauses.ts';
import { ownTimes, type OwnTimes } from '../requests/own-times.ts';
import { createPeerGroups } from '../peer-groups.ts';
import { serverAnswers } from './server-answers.ts';
import { SEEN_ONCE, partsByServer, reportedExchanges } from '../subjects.ts';
import { exchangeTally } from '../tally.ts';
import { traffic } from '../traffic.ts';
import { kindOf } from '../usual.ts';

/** What one rule about processes that stand still differs in from another. */
export interface StoppedRule {
  /** Whether these pauses are this rule's. */
  isOwn(pauses: readonly Pause[]): boolean;
  confidence(pauses: readonly Pause[]): Confidence;
  confidenceBecause(pauses: readonly Pause[]): string;
  /** Why these pauses are only worth knowing, where they are. */
  onlyInfo?(pauses: readonly Pause[]): string | undefined;
  because(server: string, pauses: readonly Pause[]): Setting[];
  fix(server: string): Fix[];
  /** What the service in the capture calls is judged, too, and not only the service. */
  judgesUpstreams?: boolean;
}

const UNREAD = '; it asks others as well, and what it says to them can’t be read';

// Evidence of a few says it; the reader believes the others.
const SHOWN = 3;

/**
 * A rule about servers that answer nobody for a while, and then all. Its messages are `stopped`
 * (count, total, server, cost, times) and `clear` (total).
 */
export function stoppedRule(
  { report, clear, unobservable, fact }: RuleContext<'stopped' | 'clear'>,
  options: StoppedRule,
): Observer {
  const seen = fact(traffic);
  const answers = fact(serverAnswers);
  const times = fact(ownTimes);

  function stopsOf(of: PausesOf): PausesOf {
    const stops = of.pauses
      .map((pause) => ({
        ...pause,
        victims: pause.victims.filter((call) => isStopped(times, call, lostIn(pause, call))),
      }))
      .filter(({ victims }) => victims.length >= LEAST_VICTIMS);
    return { ...of, pauses: stops };
  }

  /** One server's finding for each address that clients know it by. */
  function reportsOf({ pauses: own }: PausesOf): Report<'stopped'>[] {
    // Before its first answer a process or its clients may just have started: that is no first time.
    const isOnce = own.filter(({ isFirst }) => !isFirst).length <= 1;
    const onlyInfo = isOnce ? SEEN_ONCE : options.onlyInfo?.(own);
    const groups = createPeerGroups(seen, exchangeTally, () => ({}));
    for (const pause of own) {
      for (const call of pause.victims) groups.add(call, lostIn(pause, call), ownPackets);
    }
    return partsByServer<ReturnType<typeof groups.of>, Exchange>(
      options.judgesUpstreams === true ? groups.judgedWithUpstreams() : groups.judged(),
    ).map(({ tally, subject, input }) => {
      const { calls } = seen.totals(input, subject);
      const unread = times.veilsOf(input, receiverOf(own[0]?.victims[0] ?? { server: '', backend: null }));
      return {
        message: 'stopped',
        data: {
          count: tally.count,
          total: calls.count,
          server: subject.name,
          cost: tally.costs.quantile(0.5),
          times: plural(own.length, 'time'),
          or: unread.length === 0 ? '' : `, or whom it asks (${fewNames(unread)}, which can’t be read),`,
        },
        ...reportedExchanges({ input, subject, tally }, calls),
        confidence: unread.length > 0 ? 'possible' : options.confidence(own),
        confidenceBecause: `${options.confidenceBecause(own)}${unread.length > 0 ? UNREAD : ''}`,
        evidence: stopEvidence(own),
        because: options.because(subject.name, own),
        fix: options.fix(subject.name),
        whatIf: { method: 'each affected exchange without the stretch in which its server stood still' },
        errors: 0,
        habit: false,
        ...(onlyInfo === undefined ? {} : { onlyInfo }),
      };
    });
  }

  return {
    finish() {
      const found = answers
        .all()
        .map(pausesOf)
        .map(stopsOf)
        .filter(({ pauses: own }) => own.length > 0 && options.isOwn(own))
        .flatMap(reportsOf);
      for (const one of found) report(one);
      if (found.length > 0) return;
      const total = answers.calls();
      if (total === 0) return unobservable({ why: 'no answered call was seen', capture: null });
      clear('clear', { total }, { count: total, unit: 'exchanges' });
    },
  };
}

/** Who waited for a call of its own was not stopped; where what it waits for can't be read, nobody knows. */
export function isStopped(times: OwnTimes, call: Exchange, lost: Duration): boolean {
  const receiver = receiverOf(call);
  if (!times.isKnown(call.input, receiver) || times.isVeiled(call.input, receiver)) return true;
  return times.isOwn(call.id, lost);
}

function stopEvidence(own: readonly Pause[]): [Evidence, ...Evidence[]] {
  const longest = own.toSorted((a, b) => between(b.from, b.until) - between(a.from, a.until)).slice(0, SHOWN);
  const lines = longest
    .toSorted((a, b) => a.from - b.from)
    .map(({ from, until, victims }) => ({
      says: `no answer to ${plural(victims.length, 'open call')} for ${formatDuration(between(from, until))}, then to all: ${[...new Set(victims.map(kindOf))].slice(0, SHOWN).join(', ')}`,
      packets: victims.flatMap(({ packets }) => packets).toSorted((a, b) => a - b),
    }));
  return evidenceOf(lines, own[0]?.victims[0]);
}
