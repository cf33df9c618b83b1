import type { ResolverName } from '../../../model/lookup.ts';
import type { LossCounts } from './loss-counts.ts';
import { isPair } from './pair.ts';
import { isAnswer, type Send } from './sends.ts';

export interface Flow {
  server: string;
  sends: Send[];
}

/** Queries by client port and server: what connection tracking takes for one flow. */
export function flowsOf(sends: readonly Send[]): Flow[] {
  const flows = new Map<string, Flow>();
  for (const send of sends) {
    const { attempt } = send;
    if (attempt.transport !== 'udp') continue;
    const key = `${attempt.clientPort} ${attempt.server}`;
    let flow = flows.get(key);
    if (flow === undefined) flows.set(key, (flow = { server: attempt.server, sends: [] }));
    flow.sends.push(send);
  }
  return [...flows.values()];
}

/**
 * How the losses of one flow lie: seconds of pairs only (one of them seen behind the DNAT),
 * everything, all until the first answer, or anything else.
 */
export type FlowShape = 'seconds' | 'seconds-past-dnat' | 'whole' | 'prefix' | 'other';

const isLost = (send: Send | undefined): boolean => send !== undefined && send.fate === 'lost';

const isCounted = (send: Send): boolean => isAnswer(send) || isLost(send);

const isTold = ({ fate }: Send): boolean => fate !== 'unknown' && fate !== 'unseen';

/** What was not asked again was answered, too. */
const hasFate = ({ fate }: Send): boolean => fate !== 'unknown';

const isFirstSending = (send: Send): boolean => send.packet === send.attempt.sentPacket;

/**
 * Counts one flow; says how its losses lie, or null where it has none.
 * @param isHalf the lookup's other family is not in the capture: which place a query had, nobody knows
 */
export function countFlow(flow: Flow, counts: LossCounts, resolver: ResolverName, isHalf: boolean): FlowShape | null {
  if (!flow.sends.some(isCounted)) return null;
  const seconds = countPlaces(flow.sends, counts, resolver, isHalf);
  let lost = 0;
  let lostAfterAnswer = 0;
  let answers = 0;
  for (const send of flow.sends) {
    if (send.fate === 'unreceived') counts.unreceived++;
    if (isCounted(send)) {
      if (answers > 0) counts.followingSent++;
      else counts.freshSent++;
    }
    if (isLost(send)) {
      lost++;
      if (!send.isSeen) counts.unseenLost++;
      if (answers > 0) lostAfterAnswer++;
    } else if (isCounted(send) || send.fate === 'unseen') answers++;
  }
  counts.followingLost += lostAfterAnswer;
  counts.freshLost += lost - lostAfterAnswer;
  if (lost === 0) counts.flowsFine++;
  else if (answers === 0) counts.flowsDead++;
  else counts.flowsMixed++;
  if (lost > 1 && lostAfterAnswer === 0 && answers > 0) counts.flowsRecovered++;
  if (lost === 0) return null;
  if (lost === seconds.length) {
    return seconds.some((send) => send.behindDnat === 'both') ? 'seconds-past-dnat' : 'seconds';
  }
  if (answers === 0) return 'whole';
  return lostAfterAnswer === 0 ? 'prefix' : 'other';
}

/** Counts pairs and lone queries; gives the seconds that were lost while their firsts were not, and those that may be some. */
function countPlaces(sends: readonly Send[], counts: LossCounts, resolver: ResolverName, isHalf: boolean): Send[] {
  const seconds: Send[] = [];
  for (let index = 0; index < sends.length; index++) {
    const first = sends[index] as Send;
    const second = sends[index + 1];
    const paired =
      second !== undefined &&
      first.attempt !== second.attempt &&
      isFirstSending(first) &&
      isFirstSending(second) &&
      isPair(first.attempt, second.attempt, resolver);
    if (paired && hasFate(first) && hasFate(second)) {
      index++;
      if (isLost(first)) {
        countSight(first, counts, 'sparedLostBefore');
        if (isLost(second)) counts.bothLost++;
        else counts.firstLost++;
        if (!first.askedAgain && !second.askedAgain) counts.strayLost++;
      } else if (isLost(second)) {
        seconds.push(second);
        if (!second.isPlaced) continue;
        countSight(second, counts, 'secondLostBefore');
        counts.secondLost++;
      } else {
        counts.pairsFine++;
      }
      continue;
    }
    if (!isTold(first) || first.fate === 'unreachable' || isHalf) continue;
    if (!first.isPlaced) {
      seconds.push(first);
      continue;
    }
    counts.loneSent++;
    const isAlone = first.isFirst && isFirstSending(first);
    if (isAlone) counts.aloneSent++;
    if (!isLost(first)) continue;
    countSight(first, counts, 'sparedLostBefore');
    counts.loneLost++;
    if (!first.askedAgain) counts.strayLost++;
    else if (isAlone) counts.aloneLost++;
  }
  return seconds;
}

function countSight({ behindDnat }: Send, counts: LossCounts, before: 'secondLostBefore' | 'sparedLostBefore'): void {
  if (behindDnat === null) return;
  counts.sightedLost++;
  if (behindDnat === 'before') counts[before]++;
}
