import { at, nanoseconds } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './tcp-retransmission-stall.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { lossyPaths } from './support/testing/lossy.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { joined, Traffic } from './support/testing/traffic.ts';

const lost = (from: number, lasts: number) =>
  ({ at: from, lasts, parts: { reason: 'loss', from: 'server', resends: 1 } }) as const;

/** What is sent so many times again, and nobody acknowledges. */
const vanished = (resends: number, bytes = 1448): Rows =>
  new Traffic().open({ before: true }).call(
    {
      takes: 6000,
      stalls: [{ at: 0, lasts: 6000, parts: { reason: 'loss', from: 'client', resends, repaired: false, bytes } }],
    },
    { outcome: 'incomplete', status: -1, firstByteAt: at(Number.NaN), roundTrip: nanoseconds(Number.NaN) },
  ).rows;

function oneWay(): Input {
  const input = inputOf();
  input.vantage.sees.bothDirections = false;
  return input;
}

const SERVERS = ['10.0.4.1', '10.0.4.2', '10.0.4.3', '10.0.4.4'];

const INSIDE_TLS = { shape: 'turn', protocol: 'tls', method: '', path: '', status: -1 } as const;

ruleTester(rule, {
  finds: [
    {
      name: 'what a client loses to all of its servers alike, as one',
      ...lossyPaths(SERVERS.map((server) => ({ server, lost: 4 }))),
      reports: [
        {
          message: 'common',
          says: /^16 of 160 exchanges with 4 servers waited 220 ms for a lost segment to be sent again: packets between 10\.0\.3\.7 and all 4 hosts are lost$/,
          subject: '10.0.3.7',
          count: 16,
          of: 160,
          settings: [/16 of 800/, /200 ms at least/],
          fixes: [/what all of them pass/, /on one other node/],
        },
      ],
    },
    {
      name: 'what is lost on the way to two servers of four, of each by itself',
      ...lossyPaths(SERVERS.map((server, index) => ({ server, lost: index < 2 ? 12 : 0 }))),
      reports: [
        { message: 'stalled', count: 12, of: 40, fixes: [/find where segments are lost/] },
        { message: 'stalled', count: 12, of: 40 },
      ],
    },
    {
      name: 'calls inside TLS, too, of which nothing else is known',
      ...new Traffic().calls(18, {}, INSIDE_TLS).calls(2, { takes: 230, stalls: [lost(5, 220)] }, INSIDE_TLS).rows,
      reports: [{ message: 'stalled', count: 2, of: 20, cost: [0.219, 0.221] }],
    },
    {
      name: 'answers that came only when they were sent again',
      ...new Traffic().calls(18).calls(2, { takes: 230, stalls: [lost(5, 220)] }).rows,
      reports: [
        {
          message: 'stalled',
          says: /^2 of 20 exchanges with 10\.96\.44\.12:8080 waited 220 ms for a lost segment to be sent again$/,
          count: 2,
          of: 20,
          cost: [0.219, 0.221],
          confidence: 'certain',
          settings: [/200 ms at least/],
          evidence: [/GET \/api\/items/, /bytes of the server lost, sent again 1 time: 220 ms/],
        },
      ],
    },
    {
      name: 'a call of which nothing is ever acknowledged, on a connection that was open before',
      inputs: [inputOf()],
      ...vanished(4),
      reports: [
        {
          message: 'vain',
          says: /^1 of 1 exchange with 10\.96\.44\.12:8080 waited 6 s for a segment that was sent again and again and never acknowledged$/,
          because: /nothing acknowledged it/,
          fixes: [/find where segments are lost/, /the MTU that the overlay leaves/],
        },
      ],
    },
    {
      name: 'one that is too small to be too large for any path',
      inputs: [inputOf()],
      ...vanished(4, 200),
      reports: [{ message: 'vain', fixes: [/find where segments are lost/], noFixes: [/MTU that the overlay/] }],
    },
    {
      name: 'the same of a caller that gave up without a word, as its next connection shows: the kernel sends on',
      inputs: [inputOf()],
      ...joined(
        vanished(4),
        new Traffic().wait(2500).open({}, { id: '0.c-next' }).call({}, { id: '0.e-next' }).close().rows,
      ),
      reports: [{ message: 'vain', count: 1, cost: [2.49, 2.51] }],
    },
    {
      name: 'stalls of one exchange that overlap cost once',
      ...new Traffic().calls(5).call({ takes: 500, stalls: [lost(0, 300), lost(100, 300)] }).rows,
      reports: [{ count: 1, cost: [0.399, 0.401] }],
    },
  ],
  clear: [
    {
      name: 'a resend or two without an answer: the capture may not show it',
      inputs: [inputOf()],
      ...vanished(2),
    },
    {
      name: 'resends without an answer, where the capture shows one direction only',
      inputs: [oneWay()],
      ...vanished(4),
    },
    {
      name: 'a server that thinks as long',
      ...new Traffic().calls(18).calls(2, { takes: 230 }).rows,
      says: /no exchange waited for a resent segment \(20 exchanges\)/,
    },
    {
      name: 'a hole that nobody fills: the capture lost it itself',
      ...new Traffic().call({
        takes: 1000,
        stalls: [{ at: 5, lasts: 900, parts: { reason: 'loss', resends: 0, repaired: false } }],
      }).rows,
      says: /\(1 exchange; 1 that did are told elsewhere, or were not seen whole\)/,
    },
    {
      name: 'what is repaired at once, inside a burst',
      ...new Traffic().call({ takes: 12, stalls: [lost(5, 4)] }).rows,
    },
    {
      name: 'other waits of the connection',
      ...new Traffic().call({ takes: 400, stalls: [{ at: 5, lasts: 390, parts: { reason: 'zero-window' } }] }).rows,
    },
    {
      name: 'the first data of a connection whose SYNs had been dropped: that is told already',
      ...new Traffic()
        .open({ again: [1000], connect: 1000.4 })
        .call({ takes: 300, stalls: [{ at: 0, lasts: 210, parts: { reason: 'loss', from: 'client' } }] }).rows,
    },
  ],
});
