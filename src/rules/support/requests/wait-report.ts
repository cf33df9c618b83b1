import { addressOf, isLoopback } from '../../../base/addresses.ts';
import { formatDuration } from '../../../base/text.ts';
import type { Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Evidence, Report, Setting, WhatIfMethod } from '../../../model/finding.ts';
import { evidenceOf } from '../evidence.ts';
import { areChecks, ONLY_CHECKS } from './health-checks.ts';
import { AT_ONE_MOMENT, extend, isOneMoment, noExtent } from '../one-moment.ts';
import { wireSetting } from '../settings.ts';
import { SEEN_ONCE, weakest, type Part } from '../subjects.ts';
import type { Waiting, Why } from './upstream-groups.ts';
import { closedAfter, isGivenUpUnanswered, upstreamWait } from './upstream-wait.ts';
import { kindOf } from '../usual.ts';
import { isWarmingUp, wasCold } from '../warming-up.ts';

/** Where nothing says what is usual, all that it lets wait is what could be saved. */
const methodOf = (reasons: readonly Why[]): WhatIfMethod =>
  reasons.some((why) => why === 'share' || why === 'few' || why === 'unanswered')
    ? { method: 'as if it answered at once', isAtMost: true }
    : { method: 'each affected exchange as quick as is usual for its kind' };

const BECAUSE: Record<Why, { confidence: 'likely' | 'possible'; says: string }> = {
  contrast: { confidence: 'likely', says: 'others of the same kind are answered far sooner' },
  pauses: {
    confidence: 'likely',
    says: 'the server pauses within its answers, with all acknowledged and the window open',
  },
  queue: {
    confidence: 'likely',
    says: 'answers come as if the server took so many calls at a time and the others wait their turn',
  },
  share: { confidence: 'likely', says: 'requests to the service that calls it spend most of their time there' },
  few: {
    confidence: 'possible',
    says: 'each slow request to the service that calls it spent nearly all of its time there; they are few',
  },
  sealed: {
    confidence: 'possible',
    says: 'what comes in lasts as long, and others far less: whose turn it was tells that, not what was said',
  },
  unanswered: {
    confidence: 'likely',
    says: 'most calls there got no answer at all, and what was sent was acknowledged',
  },
  kind: { confidence: 'possible', says: 'all calls of this kind take so long, and all others of the server do not' },
};

// A timer ends after the same time each time; what differs by more is no one timer.
const SAME = 0.1;
// So few of all calls: a moment at which hardly anybody asked.
const FEW = 0.1;
// More are no help in one line.
const MAX_NAMED = 2;

type WaitReport = Pick<
  Report,
  | 'input'
  | 'subject'
  | 'of'
  | 'unit'
  | 'cost'
  | 'confidence'
  | 'confidenceBecause'
  | 'evidence'
  | 'because'
  | 'whatIf'
  | 'errors'
  | 'habit'
  | 'onlyInfo'
>;

/**
 * What is said of calls that waited for one server's program, whoever is asked to mend it.
 * @param endsAt the capture's end
 */
export function waitReport(
  { groups: own, tally, subject, input }: Part<Waiting, Exchange>,
  of: number,
  endsAt: Timestamp,
): WaitReport {
  const reasons = [...new Set(own.map(({ why }) => why))];
  const isStart = own.every(
    ({ peer, lastAt, quickBefore = 0, tally: { count } }) =>
      wasCold(count, quickBefore) && isWarmingUp(peer.startsAt, lastAt, endsAt, tally.count, of),
  );
  return {
    input,
    subject,
    of,
    unit: 'exchanges',
    cost: tally,
    confidence: weakest(reasons.map((why) => BECAUSE[why].confidence)),
    confidenceBecause: reasons.map((why) => BECAUSE[why].says).join('; '),
    evidence: waitEvidence(tally.dearest),
    because: settings(subject.name, own),
    whatIf: methodOf(reasons),
    errors: 0,
    habit: false,
    ...onlyInfoOf(),
  };

  function onlyInfoOf(): Pick<Report, 'onlyInfo'> {
    if (own.every(areChecks)) return { onlyInfo: ONLY_CHECKS };
    if (tally.count === 1 || isStart) return { onlyInfo: SEEN_ONCE };
    // A server that is slow for so many is slow, if only once.
    const isHiccup = tally.count <= FEW * of && reasons.every((why) => why === 'contrast') && atOneMoment(tally);
    return isHiccup ? { onlyInfo: AT_ONE_MOMENT } : {};
  }
}

/** All of them waited at the same time, and none long. */
function atOneMoment({ count, costs, occurrences }: Waiting['tally']): boolean {
  const extent = noExtent();
  for (const { from, until } of occurrences) extend(extent, from, until);
  return occurrences.size === count && isOneMoment([extent], costs.quantile(1));
}

/** ` (GET /api/items)`; '' where they are none or many. */
export function kindsIn(own: readonly Waiting[]): string {
  const kinds = [...new Set(own.map(({ kind }) => kind))].filter((kind) => kind !== '');
  return kinds.length === 0 || kinds.length > MAX_NAMED ? '' : ` (${kinds.join(', ')})`;
}

/** The one pod behind a Service's address that let all of them wait, where a DNAT shows it; null where none does. */
export function podBehind({ subject, tally }: Pick<Part<Waiting, Exchange>, 'subject' | 'tally'>): string | null {
  if (subject.kind !== 'server') return null;
  const receivers = new Set<string>();
  for (const { server } of tally.occurrences) receivers.add(server);
  const [only, ...others] = receivers;
  if (only === undefined || others.length > 0 || only === addressOf(subject.name)) return null;
  // A sidecar's address tells nothing of who is behind it.
  return isLoopback(only) ? null : only;
}

/** Who ended them unanswered, where all ended after the same time, as a timer does; else ''. */
export function untilIn({ count, costs, dearest }: Waiting['tally']): string {
  if (count < 2 || dearest === undefined || costs.quantile(1) - costs.quantile(0) > SAME * costs.quantile(1)) return '';
  if (closedAfter(dearest) >= 0) return ', until it closed the connection';
  return isGivenUpUnanswered(dearest) ? ', until the client gave up' : '';
}

function settings(server: string, own: readonly Waiting[]): [Setting, ...Setting[]] {
  const hung = own.find(({ why }) => why === 'unanswered');
  if (hung !== undefined) {
    const wait = formatDuration(hung.tally.costs.quantile(0.5));
    return [wireSetting(server, 'answer', 'none'), wireSetting('client', 'timeout', wait, 'when it gave up')];
  }
  const usual = own.map((group) => group.usual).filter((one) => one >= 0);
  if (usual.length === 0) {
    return [
      wireSetting(
        server,
        'body of the answer',
        'written in parts, with pauses between',
        'the packets: all acknowledged, the window open',
      ),
    ];
  }
  return [wireSetting(server, 'usual time to the first byte', formatDuration(Math.max(...usual)), 'the other calls')];
}

function waitEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const { firstByte, pauses } = upstreamWait(example);
  const packets = [...example.packets];
  const closed = closedAfter(example);
  if (closed >= 0)
    return [{ says: `${kindOf(example)}: closed without an answer after ${formatDuration(closed)}`, packets }];
  if (isGivenUpUnanswered(example))
    return [{ says: `${kindOf(example)}: given up after ${formatDuration(firstByte)}`, packets }];
  const pause = pauses > 0 ? `, and ${formatDuration(pauses)} of pauses in the body` : '';
  return [
    {
      says: `${kindOf(example)}: ${formatDuration(firstByte)} to the first byte${pause}`,
      packets,
    },
  ];
}
