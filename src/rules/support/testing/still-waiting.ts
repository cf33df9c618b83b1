import { at, seconds } from '../../../base/time.ts';
import type { Lookup } from '../../../model/lookup.ts';
import { attemptOf, lookupOf, unanswered as never } from '../../../model/testing/rows.ts';

/** Lookups that wait for so many seconds when the capture ends after 14 s. */
export function stillWaiting(count: number, waited = 2): Lookup[] {
  return Array.from({ length: count }, (_, index) =>
    lookupOf({
      id: `0.w${index}`,
      startedAt: at(seconds(14 - waited)),
      duration: seconds(waited),
      endBecause: 'captureEnd',
      durationIsLowerBound: true,
      outcome: 'incomplete',
      attempts: [attemptOf({ sentAt: at(seconds(14 - waited)), clientPort: 50_000 + index, ...never })],
    }),
  );
}
