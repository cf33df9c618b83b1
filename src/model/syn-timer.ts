import { between, nanoseconds, seconds, type Duration } from '../base/time.ts';
import type { Connection } from './connection.ts';

// The kernel's first wait (tcp_syn_retries; RFC 6298 section 2.1), less what a clock may be off: a
// copy of a SYN on another interface comes sooner.
export const LEAST_SYN_WAIT = seconds(0.9);
// The least that is waited after the last SYN: the next one would follow then…
export const NEXT_SYN = seconds(1);
// …or where the kernel doubles its waits, after twice the last one, up to its longest (TCP_RTO_MAX).
export const DOUBLED = 2;
const LONGEST_WAIT = seconds(120);

type Syns = Connection['syns'];

/** How long after the last SYN the next one is due. */
export function nextSynWait(syns: Syns): Duration {
  const last = lastWait(syns);
  // Of waits of a second nobody knows whether they double: from kernel 6.5 the first five do not.
  if (last < DOUBLED * LEAST_SYN_WAIT) return NEXT_SYN;
  return nanoseconds(Math.min(DOUBLED * last, LONGEST_WAIT));
}

function lastWait(syns: Syns): Duration {
  const last = syns.at(-1);
  const before = syns.at(-2);
  return last === undefined || before === undefined ? NEXT_SYN : between(before.at, last.at);
}
