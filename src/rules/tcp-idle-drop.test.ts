import { at } from '../base/time.ts';
import type { Connection, Stall } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import rule from './tcp-idle-drop.ts';

const unanswered: Partial<Exchange> = {
  status: -1,
  outcome: 'cancelled',
  endedBy: 'client',
  firstByteAt: at(Number.NaN),
};
const vanishing = {
  at: 0,
  lasts: 3000,
  parts: { reason: 'loss', from: 'client', repaired: false, resends: 4 },
} as const;

interface Vanishing {
  stall?: Partial<Stall>;
  parts?: Partial<Exchange>;
  takes?: number;
  ends?: Partial<Connection>;
}

/** Connections with a few calls, a pause, and a call that gets no answer. */
function silent(
  count: number,
  pause: number,
  { stall = {}, parts = {}, takes = 3000, ends = { endedBy: 'client' } }: Vanishing = {},
): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic
      .open()
      .calls(5)
      .wait(pause)
      .call({ takes, stalls: [{ ...vanishing, parts: { ...vanishing.parts, ...stall } }] }, { ...unanswered, ...parts })
      .close(ends);
  }
  return traffic;
}

/** And then one that works. */
const forgotten = (count: number, pause: number, how: Vanishing = {}): Traffic =>
  silent(count, pause, how).open().calls(3).close();

const repeated = (count: number, add: (traffic: Traffic) => Traffic, traffic: Traffic): Traffic =>
  count === 0 ? traffic : repeated(count - 1, add, add(traffic));

/** Another connection answers calls meanwhile, and a few after the one that vanished was given up. */
const besides = joined(
  new Traffic().open().calls(400).rows,
  new Traffic()
    .wait(1)
    .open()
    .calls(5)
    .wait(1200)
    .call({ takes: 3000, stalls: [vanishing] }, unanswered)
    .close({ endedBy: 'client' }).rows,
);

ruleTester(rule, {
  finds: [
    { name: 'one that vanishes while others are answered', ...besides, reports: [{ count: 1 }] },
    {
      name: 'connections that answer nothing any more after a pause, while new ones do',
      ...forgotten(3, 4500).rows,
      reports: [
        {
          message: 'dropped',
          says: /^3 of 21 calls to .* got no answer on connections that had been idle for 4\.51 s: they waited 3(\.0\d)? s$/,
          count: 3,
          of: 21,
          errors: 3,
          cost: [2.9, 3.1],
          confidence: 'certain',
          settings: [/idle timeout of a firewall/, /TCP keepalive/],
          evidence: [/after 4\.51 s without traffic: sent again 4 times, no answer/],
          onlyInfo: false,
        },
      ],
    },
    { name: 'once', ...forgotten(1, 4500).rows, reports: [{ count: 1, confidence: 'likely' }] },
    {
      name: 'the next connection is accepted as the capture ends',
      ...silent(1, 4500).open().close({ ending: 'captureEnd', endedBy: null }).rows,
      reports: [{ count: 1 }],
    },
    {
      name: 'another connection that was open goes on answering',
      ...joined(
        silent(1, 4500).rows,
        new Traffic()
          .open({ before: true }, { id: '0.c-other' })
          .wait(4800)
          .call({}, { id: '0.e-other', place: 0 })
          .close().rows,
      ),
      reports: [{ count: 1 }],
    },
    {
      name: 'a caller that says nothing as it gives up: its next connection tells when',
      ...silent(1, 4500, { takes: 60_000, ends: { endedBy: null, ending: 'captureEnd' } })
        .wait(-57_010)
        .open()
        .calls(3)
        .close().rows,
      reports: [{ count: 1, cost: [2.99, 3.01] }],
    },
    {
      name: 'a caller that closes, while its kernel goes on sending',
      ...forgotten(1, 4500, { takes: 60_000, ends: { endedBy: 'client', endedAt: at(6.57e9) } }).rows,
      reports: [{ count: 1, cost: [1.9, 2.1] }],
    },
  ],
  clear: [
    {
      name: 'connections that answer after the pause',
      ...new Traffic().open().calls(5).wait(4500).calls(5).close().open().call().rows,
      says: /connections answer after a pause, too \(9 calls on connections used again\)/,
    },
    { name: 'loss without a pause', ...forgotten(3, 50).rows },
    {
      name: 'a server that died: there is no other connection',
      ...new Traffic()
        .open()
        .calls(5)
        .wait(4500)
        .call({ takes: 3000, stalls: [vanishing] }, unanswered)
        .close().rows,
    },
    {
      name: 'a server that died: new connections get no answer',
      ...repeated(3, (traffic) => traffic.open({ connect: null, again: [1000, 2000] }).wait(3000), silent(1, 4500))
        .rows,
    },
    {
      name: 'a server that died: new connections are refused',
      ...silent(1, 4500).refused(3).rows,
    },
    {
      name: 'a server that died under several connections',
      ...joined(
        ...[0, 1, 2].map(
          (index) =>
            new Traffic()
              .wait(index * 5)
              .open({}, { id: `0.c-${index}` })
              .calls(5)
              .wait(4500)
              .call({ takes: 3000, stalls: [vanishing] }, { ...unanswered, id: `0.v-${index}` })
              .close({ endedBy: 'client' }).rows,
        ),
      ),
    },
    {
      name: 'longer pauses that went well',
      ...joined(forgotten(1, 4500).rows, new Traffic().open().call().wait(9000).call().close().rows),
    },
    { name: 'a resend that arrived', ...forgotten(3, 4500, { stall: { repaired: true } }).rows },
    { name: 'one resend, which may be chance', ...forgotten(3, 4500, { stall: { resends: 1 } }).rows },
    { name: 'what the server sends is lost', ...forgotten(3, 4500, { stall: { from: 'server' } }).rows },
    { name: 'an answer that began', ...forgotten(3, 4500, { parts: { firstByteAt: at(4.6e9) } }).rows },
  ],
  unobservable: [
    { name: 'one call each', ...new Traffic().open().call().rows, why: /no connection carried a second call/ },
  ],
});
