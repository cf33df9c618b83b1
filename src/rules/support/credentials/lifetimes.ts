import { formatDuration } from '../../../base/text.ts';
import { seconds } from '../../../base/time.ts';

/** How long credentials or tokens live, in whole seconds: `15 min`, `11 min 51 s`. */
export const lifetimeWords = (count: number): string =>
  formatDuration(seconds(Math.round(count))).replace(/ 0 s$| 0 min$/, '');
