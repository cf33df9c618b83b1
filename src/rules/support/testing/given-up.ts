import { milliseconds } from '../../../base/time.ts';
import { requestOf, waitOf } from '../../../model/testing/rows.ts';
import type { Rows } from './run-rule.ts';
import { joined, Traffic } from './traffic.ts';

/** A connection of which nobody answered the SYN. */
export const inVain = {
  ending: 'captureEnd',
  endedBy: null,
  endedAt: Number.NaN as never,
  bytes: { client: 0, server: 0 },
} as const;

/** Connections of which the one SYN gets no answer; a request waits so long for each, and goes on with another server. */
export function givenUpEarly(times: number, wait: number): Rows {
  const traffic = new Traffic({ server: '10.0.4.9' });
  for (let index = 0; index < times; index++) traffic.open({ connect: null }).close(inVain).wait(1500);
  return joined(new Traffic().open().calls(3).close().open().calls(3).close().rows, waitedFor(traffic.rows, wait));
}

/** The same with a request for each connection, which waits so long for it. */
export function waitedFor(rows: Rows, wait: number): Rows {
  const requests = (rows.connections ?? []).map(({ id, startedAt }) => {
    const waits = [waitOf({ reason: 'connect', ref: id, startedAt, duration: milliseconds(wait) })];
    return requestOf({ startedAt, duration: milliseconds(wait + 5), waits });
  });
  return { ...rows, requests };
}
