import type { Distribution } from '../../../base/distribution.ts';
import { formatCount, formatDuration, plural } from '../../../base/text.ts';
import { between } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Evidence } from '../../../model/finding.ts';
import { evidenceOf } from '../evidence.ts';

export function synEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  const first = example?.syns[0];
  if (example === undefined || first === undefined) return evidenceOf([], example);
  const { syns, synAcks, stalls } = example;
  const again = syns.slice(1).map(({ at: time }) => `+${formatDuration(between(first.at, time))}`);
  const answer = synAcks[0];
  const waiting = stalls.find(({ reason, resends }) => reason === 'loss' && resends > 0);
  return [
    {
      says: again.length > 0 ? `SYN, sent again at ${again.join(', ')}` : 'SYN, not answered, nor sent again',
      packets: syns.map(({ packet }) => packet),
    },
    ...(answer === undefined
      ? []
      : [{ says: `SYN-ACK after ${formatDuration(between(first.at, answer.at))}`, packets: [answer.packet] }]),
    ...(waiting === undefined
      ? []
      : [
          {
            says: `then data of the ${waiting.from} sent again ${plural(waiting.resends, 'time')} until it got through, ${formatDuration(waiting.duration)} later`,
            packets: [...waiting.packets],
          },
        ]),
  ];
}

// Less beyond the SYN's own wait is its server's way, and nothing that was sent again.
const BEYOND = 1.1;

/** Where the first data was not taken either: what half of them waited in all, as the cost says. */
export const firstDataWords = (waits: Distribution, costs: Distribution): string =>
  costs.quantile(0.5) > BEYOND * waits.quantile(0.5)
    ? ` (${formatDuration(costs.quantile(0.5))} with their first data, sent again too)`
    : '';

/** SYNs that came again, and are no finding here. */
export const passedOverWords = ({ hasty, elsewhere }: { readonly hasty: number; readonly elsewhere: number }): string =>
  [
    hasty > 0 ? `; of ${formatCount(hasty)} it came twice, sooner than kernels send it again` : '',
    elsewhere > 0 ? `; of ${formatCount(elsewhere)} it was, which were refused or are others’` : '',
  ].join('');
