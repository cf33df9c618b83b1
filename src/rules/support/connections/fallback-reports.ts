import { endpoint } from '../../../base/addresses.ts';
import { groupBy } from '../../../base/group-by.ts';
import { formatDuration } from '../../../base/text.ts';
import type { Report } from '../../../model/finding.ts';
import { connectionPackets, evidenceOf } from '../evidence.ts';
import { SEEN_ONCE } from '../subjects.ts';
import { connectionTally } from '../tally.ts';
import type { Traffic } from '../traffic.ts';
import { familySettings, letFamilyIn } from './family-advice.ts';
import type { FallenBack } from './other-family.ts';
import { SEVERAL, synExtent } from './syn-waits.ts';

/** A report for each server whose one family answers no SYN, and for whom clients called in its place. */
export function fallbackReports(fallen: readonly FallenBack[], seen: Traffic): Report<'fellBack'>[] {
  const found = groupBy(fallen, ({ connection: { input, server, serverPort }, server: other }) =>
    [input, server, serverPort, other].join('|'),
  );
  return [...found.values()].map((own) => {
    const [{ connection: first, server: used, cost: firstCost }] = own as [FallenBack];
    const server = endpoint(first.server, first.serverPort);
    const other = endpoint(used, first.serverPort);
    const tally = connectionTally();
    for (const { connection, cost } of own) {
      tally.add(connection, cost, connectionPackets, synExtent(connection, cost));
    }
    const of = Math.max(tally.count, seen.totals(first.input, { kind: 'server', name: other }).opened);
    return {
      message: 'fellBack',
      data: { count: tally.count, total: of, server, other, cost: tally.costs.quantile(0.5) },
      input: first.input,
      subject: { kind: 'server', name: server },
      of,
      unit: 'connections',
      cost: tally,
      confidence: tally.count >= SEVERAL ? 'certain' : 'likely',
      confidenceBecause: 'the name has both addresses, and the second was tried when the first had not answered',
      evidence: evidenceOf(
        [
          {
            says: `SYN without an answer, ${other} tried ${formatDuration(firstCost)} later`,
            packets: first.syns.map(({ packet }) => packet),
          },
        ],
        tally.dearest,
      ),
      because: familySettings(server, tally.costs.quantile(0.5)),
      fix: [letFamilyIn(server)],
      whatIf: { unknown: 'the wait lies before the connection that was used' },
      errors: 0,
      habit: false,
      ...(tally.count < SEVERAL ? { onlyInfo: SEEN_ONCE } : {}),
    };
  });
}
