import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import rule from './tls-handshake-cost.ts';

function connections(count: number, { resumed = false, lives = 30, packets = 8 } = {}): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic
      .open({ connect: 1, tls: 12, resumed })
      .wait(lives)
      .close({
        protocol: 'tls',
        exchanges: 0,
        ending: 'fin',
        bytes: { client: 400, server: 900 },
        packets: { client: packets, server: packets },
      });
  }
  return traffic;
}

/** Decrypted connections with so many calls each. */
function read(count: number, calls: number): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) traffic.open({ connect: 1, tls: 12 }).calls(calls).close();
  return traffic;
}

ruleTester(rule, {
  finds: [
    {
      name: 'a whole handshake for each call',
      ...connections(40).rows,
      reports: [
        {
          message: 'full',
          says: /^40 of 40 connections to .* make a full TLS handshake for a single call: 12 ms each$/,
          count: 40,
          of: 40,
          cost: [0.0119, 0.0121],
          confidence: 'certain',
          settings: [/session resumption/],
          habit: true,
          errors: 0,
          evidence: [/full TLS 1\.3 handshake, 12 ms/],
        },
      ],
    },
    { name: 'too few for a habit', ...connections(12).rows, reports: [{ count: 12, of: 12, habit: false }] },
  ],
  clear: [
    {
      name: 'connections that a client opened at once and does without, since one carries all its calls',
      ...joined(connections(11).rows, connections(1, { packets: 300 }).rows),
    },
    {
      name: 'sessions that are resumed',
      ...connections(40, { resumed: true }).rows,
      says: /resumed or used again \(40 handshakes\)/,
    },
    { name: 'one handshake for a long connection', ...connections(1, { lives: 60_000 }).rows },
    { name: 'many connections that each last', ...connections(40, { lives: 60_000 }).rows },
    { name: 'one handshake for many calls that were read', ...read(40, 8).rows },
    {
      name: 'a few whole handshakes among many that are resumed',
      ...joined(connections(8).rows, connections(40, { resumed: true }).rows),
    },
    { name: 'a few, as a pool grows', ...connections(4).rows },
  ],
  unobservable: [{ name: 'no TLS', ...new Traffic().open().calls(3).rows, why: /no TLS handshake/ }],
});
