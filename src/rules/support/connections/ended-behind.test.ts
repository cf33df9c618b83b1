import { expect, it } from 'vitest';
import rule from '../../tcp-connect-retry.ts';
import { runRule, type Rows } from '../testing/run-rule.ts';
import { joined, LEFT_OPEN, Traffic } from '../testing/traffic.ts';

const answered = (): Traffic => new Traffic().open().calls(3).close();
/** Refused so often, 20 ms apart, from that millisecond on. */
const refusedAt = (start: number, count: number, parts = {}): Rows =>
  new Traffic().wait(start).refused(count, parts).rows;
/** Two connections whose SYNs nobody answers, from that millisecond on. */
const silentAt = (start: number): Rows =>
  joined(
    ...[start, start + 30].map(
      (time) =>
        new Traffic()
          .wait(time)
          .open({ connect: null, again: [1000, 2000] })
          .close(LEFT_OPEN).rows,
    ),
  );

const said = (...rows: Rows[]) =>
  runRule(rule, joined(...rows)).reports.map(({ message, says, fix }) => ({ message, says, first: fix[0]?.title }));

it('a server that refuses for a moment, then leaves SYNs without an answer, is told as a pod that ended', () => {
  expect(said(answered().rows, refusedAt(5000, 4), silentAt(5100))).toEqual([
    {
      message: 'ended',
      says: expect.stringMatching(
        /^a back end of 10\.96\.44\.12:8080 refused 4, then answered no more: 2 of \d+ connections waited .* in vain/,
      ),
      first: expect.stringMatching(/preStop sleep/),
    },
  ]);
});

it.each([
  ['it refused nobody', [answered().rows, silentAt(5100)]],
  ['it refused long before', [answered().rows, refusedAt(1000, 4), silentAt(5100)]],
  ['it refused afterwards', [answered().rows, refusedAt(6000, 4), silentAt(5100)]],
  ['it refuses all the time', [answered().rows, refusedAt(0, 300), silentAt(5100)]],
  ['an ICMP error refused', [answered().rows, refusedAt(3500, 4, { endedBy: null }), silentAt(5100)]],
  ['it answers nobody', [refusedAt(5000, 4), silentAt(5100)]],
])('but not where %s', (_, rows) => {
  expect(said(...rows).map(({ message }) => message)).toEqual(['unanswered']);
});
