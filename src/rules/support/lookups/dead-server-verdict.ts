import { formatCount, plural } from '../../../base/text.ts';
import { UNLIKELY } from '../binomial.ts';
import { deadBackendSign, pinnedSign } from './dead-backend.ts';
import type { LossCounts } from './loss-counts.ts';
import type { LossGroup, ServerRecord } from './loss-groups.ts';
import { CERTAIN_LOSSES, LIKELY_LOSSES, type Judged } from './loss-verdict.ts';

/** Where the capture lacks answers. */
export interface BlindSpots {
  /** What else there is shows that an input has one direction only. */
  isOneSided(input: number): boolean;
  /** What else there is shows that it has both. */
  isTwoSided(input: number): boolean;
  /** No answer to the group's client was seen, from any server, and it did not miss them. */
  isUnheard(group: LossGroup): boolean;
}

export const refusedPort = (group: LossGroup): Judged => ({
  cause: 'dead-server',
  confidence: 'certain',
  because: `ICMP says that nobody listens there (${plural(group.tally.count, 'lookup')})`,
});

export const ONE_SIDED: Judged = { cause: 'one-sided', confidence: 'possible', because: 'no reply is in the capture' };

/** An address that never answered anything. */
export function silentServer(
  record: ServerRecord,
  asked: boolean,
  othersAnswer: boolean,
  blind: BlindSpots,
): Judged | null {
  const { queries, unseen, input } = record;
  if (record.answered > 0) return null;
  // Asked for the same once more a second later may be the next lookup, so connections tell more.
  const missed = asked && !blind.isOneSided(input);
  if (!missed && record.unreachable === 0 && (!othersAnswer || unseen > 0)) return ONE_SIDED;
  // A single lookup asks again for one lost packet, too.
  const isAlone = record.lookups === 1 && !othersAnswer && record.unreachable === 0 && !blind.isTwoSided(input);
  if (isAlone) {
    return {
      cause: 'dead-server',
      dead: 'unheard',
      confidence: 'possible',
      because: `not one of ${plural(queries, 'query', 'queries')} has an answer in the capture, nor has anything else: it may have one direction only`,
    };
  }
  const certain = record.unreachable > 0 || (othersAnswer && queries >= CERTAIN_LOSSES);
  return {
    cause: 'dead-server',
    dead: 'address',
    confidence: certain ? 'certain' : queries >= LIKELY_LOSSES ? 'likely' : 'possible',
    because: `not one of ${plural(queries, 'query', 'queries')} was answered${othersAnswer ? ', while another server answers' : ''}`,
  };
}

/** A node's capture shows where queries go behind the address: one never answers, others do. */
export function seenDead(record: ServerRecord, group: LossGroup): Judged | null {
  if (group.backend === null) return null;
  const backend = record.backends.get(group.backend);
  if (backend === undefined || backend.answered > 0) return null;
  const others = [...record.backends.values()].filter((other) => other.answered > 0);
  if (others.length === 0) return null;
  const answered = others.reduce((sum, other) => sum + other.answered, 0);
  const asked = others.reduce((sum, other) => sum + other.queries, 0);
  // As many lost in a row at the others' rate of loss, by chance?
  const byChance = ((asked - answered + 1) / (asked + 2)) ** backend.queries;
  if (byChance > UNLIKELY) return null;
  return {
    cause: 'dead-server',
    dead: 'backend',
    backend,
    confidence: backend.queries >= CERTAIN_LOSSES ? 'certain' : 'likely',
    because:
      `seen behind the DNAT: ${plural(backend.queries, 'query', 'queries')} went to ${backend.address}, none was answered; ` +
      `${formatCount(answered)} of ${formatCount(asked)} to the others were`,
  };
}

export function deadBackend(record: ServerRecord, counts: LossCounts): Judged | null {
  const sign = deadBackendSign(counts, record.alternations);
  if (sign === null) return null;
  const dead = formatCount(counts.flowsDead);
  const flows = formatCount(counts.flowsDead + counts.flowsFine + counts.flowsMixed);
  return {
    cause: 'dead-server',
    dead: 'backend',
    confidence: sign === 'rate' ? 'possible' : 'likely',
    because:
      sign === 'ports'
        ? `ports get either a server that answers or one that does not: ${dead} of ${flows} lost every query, the others none`
        : sign === 'redraw'
          ? `whatever follows an answered query on the same port is answered too (${formatCount(counts.followingSent)} of ` +
            `${formatCount(counts.followingSent)}), yet ${formatCount(counts.freshLost)} of ${formatCount(counts.freshSent)} ` +
            'queries before a first answer are lost: ports get either a server that answers or one that does not'
          : `${dead} of ${flows} ports got no answer: more than a path loses on which anything works; ` +
            'but each port asked once, so loss at random would look the same',
  };
}

/** A resolver that keeps its one port keeps the back end that it was given, too (c-ares's channel, Netty). */
export function pinned(record: ServerRecord): Judged | null {
  const sign = pinnedSign(record);
  if (sign === null) return null;
  return {
    cause: 'dead-server',
    dead: 'backend',
    confidence: 'possible',
    because:
      `all ${plural(record.deadPortQueries, 'query', 'queries')} without an answer left from one port, ${record.deadPort}, which never got one: ` +
      `it was given a server that does not answer${sign === 'beside' ? '; others were answered meanwhile' : ', or all servers died when it began to ask'}`,
  };
}
