import { formatCount, formatDuration } from '../../../base/text.ts';
import { between, plus, type Duration } from '../../../base/time.ts';
import type { Side, Stall, StallReason } from '../../../model/connection.ts';
import { copyExchange, isResponded, type Exchange } from '../../../model/exchange.ts';
import type { Evidence, Fix, Setting } from '../../../model/finding.ts';
import type { Confidence } from '../../../model/lookup.ts';
import { kindOf } from '../usual.ts';
import { commonLosses, partsByPath, type CommonLoss } from '../connections/common-loss.ts';
import { lossWords } from '../connections/common-loss-words.ts';
import type { RuleContext } from '../define-rule.ts';
import { evidenceOf } from '../evidence.ts';
import { openings } from '../connections/openings.ts';
import { createPeerGroups } from '../peer-groups.ts';
import { stalledTime, stallPackets, stallsOf } from './stalls.ts';
import { type Part, isHabit, partsByServer, reportedExchanges, serversOf } from '../subjects.ts';
import { exchangeTally, type ExchangeTally } from '../tally.ts';
import { traffic } from '../traffic.ts';
import { givenUpAt } from '../connections/vanished.ts';
import type { Observer } from '../../../model/observer.ts';

/** What one rule about stalled exchanges differs in from another. */
export interface StallRule<Message extends string> {
  reason: StallReason;
  /** Shorter waits are no occurrence. */
  least: Duration;
  /** Which stalls of that reason prove it; all where left out. */
  counts?(stall: Stall): boolean;
  /** An exchange whose waits another rule tells. */
  isAnothers?(exchange: Exchange, seesBothDirections: boolean): boolean;
  /** Occurrences that make a finding; fewer are chance. */
  leastCount: number;
  confidence: Confidence;
  confidenceBecause: string;
  /** What is told instead of `stalled` where none of the data ever came through, with the same data. */
  inVain?: { message: Message; confidenceBecause: string };
  /** What is told, with the same data, where those of one client are lost to all alike; left out: each server by itself. */
  common?: Message;
  /** What is said of the data that waited. */
  waited(stall: Stall): string;
  /** What the messages say of the dearest besides. */
  says?(dearest: Exchange): Readonly<Record<string, string>>;
  /** Without these waits it would take some of that time all the same. */
  savesAtMost?: true;
  because(server: string, from: Side, common: CommonLoss | null, dearest: Exchange | undefined): Setting[];
  fix(server: string, from: Side, common: CommonLoss | null, dearest: Exchange | undefined): Fix[];
}

interface Counted {
  fromClient: number;
  fromServer: number;
  /** Exchanges whose data never came through. */
  inVain: Exchange[];
}

// Their connections end later, and tell how long somebody waited.
const MAX_IN_VAIN = 1 << 12;

/**
 * A rule that counts exchanges which waited for one reason: each costs what its stalls took. Its
 * messages are `stalled` (count, total, server, cost, side) and `clear` (total, besides: what is no occurrence).
 */
export function stallRule<Message extends string = never>(
  { report, clear, unobservable, fact, inputs }: RuleContext<'stalled' | 'clear' | Message>,
  options: StallRule<Message>,
): Observer {
  const seen = fact(traffic);
  const groups = createPeerGroups(seen, exchangeTally, (): Counted => ({ fromClient: 0, fromServer: 0, inVain: [] }));
  const opened = fact(openings);
  const paths = fact(commonLosses);
  type Group = ReturnType<typeof groups.of>;
  const partsOf = (stalled: Group[]): (Part<Group, Exchange> & { common: CommonLoss | null })[] =>
    options.common === undefined
      ? partsByServer(stalled).map((part) => ({ ...part, common: null }))
      : partsByPath(stalled, paths, (_group, { onlyFirst }) => !onlyFirst);
  let kept = 0;
  const isCounted = (stall: Stall): boolean => options.counts?.(stall) !== false;
  const own = (exchange: Exchange): Stall[] => stallsOf(exchange, options.reason).filter(isCounted);
  const packets = (exchange: Exchange): readonly number[] => stallPackets(exchange, own(exchange));
  /** Bytes of it are missing, so that nobody saw its end: what comes before the next one began is not all its own. */
  const isLeftOpen = ({ input, outcome, startedAt, duration }: Exchange): boolean =>
    outcome === 'incomplete' && startedAt + duration < (inputs[input]?.endsAt ?? startedAt);
  const seesBoth = ({ input }: Exchange): boolean => inputs[input]?.vantage.sees.bothDirections === true;
  /** Nobody waits for what a kernel sends on and on after its program has given up. */
  const addInVain = (tally: ExchangeTally, exchange: Exchange): void => {
    const from = exchange.startedAt;
    const end = plus(from, exchange.duration);
    const until = isResponded(exchange) ? end : givenUpAt({ exchange, until: end }, opened);
    const waited = { ...exchange, duration: between(from, until) };
    const cost = stalledTime(waited, own(exchange));
    tally.add(exchange, cost, packets, { from, until, lasted: waited.duration });
  };
  /** With those that had to wait for their connections' ends. */
  const whole = (group: Group): Group => {
    if (group.inVain.length === 0) return group;
    const tally = exchangeTally();
    tally.absorb(group.tally);
    for (const exchange of group.inVain) addInVain(tally, exchange);
    return { ...group, tally };
  };
  let heard = 0;
  /** With such a stall, and no occurrence: too short, or told elsewhere. */
  const passedOver = { short: 0, elsewhere: 0 };
  const add = (exchange: Exchange): void => {
    if (exchange.stalls.length === 0) return;
    const all = stallsOf(exchange, options.reason);
    if (all.length === 0) return;
    const stalls = all.filter(isCounted);
    const isElsewhere =
      options.isAnothers?.(exchange, seesBoth(exchange)) === true ||
      (isLeftOpen(exchange) && stalls.every(({ repaired }) => repaired));
    const cost = stalledTime(exchange, stalls);
    if (isElsewhere || cost < options.least) {
      const isShort = stalledTime(exchange, all) < options.least;
      if (isShort) passedOver.short++;
      else passedOver.elsewhere++;
      return;
    }
    const isInVain = stalls.every(({ repaired }) => !repaired) && kept < MAX_IN_VAIN;
    const group = isInVain ? groups.of(exchange) : groups.add(exchange, cost, packets);
    if (stalls[0]?.from === 'client') group.fromClient++;
    else group.fromServer++;
    if (!isInVain) return;
    kept++;
    group.inVain.push(copyExchange(exchange));
  };
  return {
    unusualExchange(exchange) {
      heard++;
      add(exchange);
    },
    // Inside TLS, too, what is lost is sent again.
    turn: add,
    finish() {
      const stalled = groups.where(({ tally, inVain }) => tally.count + inVain.length > 0).map(whole);
      const parts = partsOf(stalled).filter(({ tally }) => tally.count >= options.leastCount);
      for (const { groups: members, tally, subject, input, common } of parts) {
        const totals = seen.totals(input, subject);
        // Where no call can be read, those inside TLS are what is told of.
        const latency = totals.calls.count === 0 ? totals.turns : totals.calls;
        const of = Math.max(tally.count, latency.count === 0 ? totals.streams : latency.count);
        const clientSide = members.reduce((sum, { fromClient, fromServer }) => sum + fromClient - fromServer, 0);
        const side: Side = clientSide > 0 ? 'client' : 'server';
        const isInVain = members.reduce((sum, { inVain }) => sum + inVain.length, 0) === tally.count;
        const { message, confidenceBecause } = (isInVain ? options.inVain : undefined) ?? {
          message: common !== null && options.common !== undefined ? options.common : ('stalled' as const),
          confidenceBecause: options.confidenceBecause,
        };
        report({
          message,
          data: {
            count: tally.count,
            total: of,
            server: subject.name,
            cost: tally.costs.quantile(0.5),
            side,
            ...(tally.dearest === undefined ? {} : options.says?.(tally.dearest)),
            ...(common === null ? {} : { servers: serversOf(members), why: lossWords(common) }),
          },
          ...reportedExchanges({ input, subject, tally }, latency, of),
          confidence: options.confidence,
          confidenceBecause,
          evidence: stallEvidence(tally.dearest, own, options),
          because: options.because(subject.name, side, common, tally.dearest),
          fix: options.fix(subject.name, side, common, tally.dearest),
          whatIf: {
            method: 'each affected exchange without these waits',
            ...(options.savesAtMost === undefined ? {} : { isAtMost: options.savesAtMost }),
          },
          errors: 0,
          habit: isHabit(tally.count, of),
        });
      }
      if (parts.length > 0) return;
      const total = heard + seen.routes.calls;
      if (total === 0) return unobservable({ why: 'no exchange was seen', capture: null });
      const few = stalled.reduce((sum, { tally }) => sum + tally.count, 0);
      clear('clear', { total, besides: besidesWords(passedOver, few, options) }, { count: total, unit: 'exchanges' });
    },
  };
}

/** What stalled for that reason, and is no finding. */
function besidesWords(
  { short, elsewhere }: { readonly short: number; readonly elsewhere: number },
  few: number,
  { least, leastCount }: Pick<StallRule<string>, 'least' | 'leastCount'>,
): string {
  return [
    short > 0 ? `; ${formatCount(short)} waited less than ${formatDuration(least)}` : '',
    few > 0 ? `; ${formatCount(few)} did, and fewer than ${leastCount} may be chance` : '',
    elsewhere > 0 ? `; ${formatCount(elsewhere)} that did are told elsewhere, or were not seen whole` : '',
  ].join('');
}

function stallEvidence(
  example: Exchange | undefined,
  own: (exchange: Exchange) => readonly Stall[],
  { waited }: Pick<StallRule<string>, 'waited'>,
): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const lines: Evidence[] = [{ says: kindOf(example), packets: [...example.packets] }];
  for (const stall of own(example)) {
    if (stall.packets.length === 0) continue;
    lines.push({ says: `${waited(stall)}: ${formatDuration(stall.duration)}`, packets: [...stall.packets] });
  }
  return evidenceOf(lines, example);
}
