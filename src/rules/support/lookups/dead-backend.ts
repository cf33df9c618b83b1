import type { LossCounts } from './loss-counts.ts';
import type { ServerRecord } from './loss-groups.ts';

// How many times likelier a dead back end must make what was seen than loss at random does.
const ODDS = 200;
// What neither explains (a packet lost besides) is not impossible.
const STRAY = 0.005;
// Lossy and whole lookups take turns at least so often, or all losses lie in one stretch of time:
// an outage, which says nothing about one back end among others.
const TURNS = 3;
const DEAD_FLOWS = 3;
const LIKELY_FLOWS = 5;
// One dead of two takes half of the ports, and half of a path's packets nothing survives: TCP
// stalls long before. So above a third a dead back end is the better guess where ports of one
// query each tell nothing; below, loss is.
const BEYOND_LOSS = 0.37;
const RATE_FLOWS = 10;
// So many in a row on one port no path loses on which anything works.
const PINNED_QUERIES = 20;
// Fewer do where no outage of all can be the reason: all tries of both families (c-ares: three or four), while others
// are answered.
const PINNED_BESIDE = 6;
const HEARD_BESIDE = 3;

/**
 * - `ports`: a port keeps its back end (connection tracking), and loses all or nothing;
 * - `redraw`: a query that a node's rules drop leaves no entry, so the next one of the port draws
 *   its back end anew, and keeps the first that answers;
 * - `rate`: each port asked once, and so many got nothing that loss is the worse guess.
 */
export type DeadBackendSign = 'ports' | 'redraw' | 'rate';

/**
 * Whether the losses at one address look like one dead back end among others behind it: which of
 * three models makes what was seen likeliest. Null where loss at random does as well.
 * @param alternations changes between lookups that lost something and those that did not
 */
export function deadBackendSign(counts: LossCounts, alternations: number): DeadBackendSign | null {
  const { freshLost, freshSent, followingLost, followingSent, flowsDead, flowsFine, flowsMixed } = counts;
  if (alternations < TURNS || flowsFine === 0) return null;
  const sent = freshSent + followingSent;
  const lost = freshLost + followingLost;
  const random = logChance(lost, sent);
  const ports = logChance(flowsDead, flowsDead + flowsFine) + flowsMixed * Math.log(STRAY);
  const redraw = logChance(freshLost, freshSent) + followingLost * Math.log(STRAY);
  const isLikely = (model: number): boolean => model - random > Math.log(ODDS);
  if (flowsDead >= DEAD_FLOWS && isLikely(ports) && ports >= redraw) return 'ports';
  // Drawn anew, the first alone is lost as often as several.
  const single = counts.firstLost;
  const several = flowsDead + counts.flowsRecovered;
  if (single > 0 && several > 0 && single + several >= LIKELY_FLOWS && isLikely(redraw)) return 'redraw';
  if (flowsDead >= DEAD_FLOWS && isLikely(ports)) return 'ports';
  const flows = flowsDead + flowsFine;
  return flowsMixed === 0 && flows >= RATE_FLOWS && flowsDead >= BEYOND_LOSS * flows ? 'rate' : null;
}

/**
 * Whether one port lost all that it sent, and none other anything: `beside` where others were answered meanwhile, so
 * that no outage of all is the reason; `alone` where it lost more than any path does.
 */
export function pinnedSign(record: ServerRecord): 'beside' | 'alone' | null {
  const { deadPort, deadPortQueries, answered, heardBeside } = record;
  if (!deadPort || answered === 0) return null;
  if (heardBeside >= HEARD_BESIDE && deadPortQueries >= PINNED_BESIDE) return 'beside';
  return deadPortQueries >= PINNED_QUERIES ? 'alone' : null;
}

/** Logarithm of the likelihood of a sequence with so many losses, at the rate that fits it best. */
function logChance(lost: number, sent: number): number {
  if (lost === 0 || lost === sent) return 0;
  const rate = lost / sent;
  return lost * Math.log(rate) + (sent - lost) * Math.log1p(-rate);
}
