import { at, seconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { inputOf } from '../model/testing/rows.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import rule from './tcp-idle-reuse.ts';

const lost: Partial<Exchange> = { status: -1, outcome: 'reset', endedBy: 'server', firstByteAt: at(Number.NaN) };

/** Connections with a few calls, a pause, and one call more. */
function paused(count: number, pause: number, last: Partial<Exchange> = lost): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic.open().calls(5).wait(pause).call({ takes: 0.1 }, last).close({ ending: 'fin', endedBy: 'server' });
  }
  return traffic;
}

/** Connections whose first call the server resets. */
function fresh(count: number): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic.open().call({ takes: 0.1 }, lost).close({ ending: 'reset', endedBy: 'server' });
  }
  return traffic;
}

/** Likewise, and the connections end with that reset: no FIN came before. */
function forgotten(count: number, fins = 0): Traffic['rows'] {
  const { rows } = paused(count, 3400);
  const connections = (rows.connections ?? []).map((connection, index) =>
    index < fins ? connection : { ...connection, ending: 'reset' as const },
  );
  return { ...rows, connections };
}

ruleTester(rule, {
  finds: [
    {
      name: 'resets of connections that nobody had closed: what stands between forgot them',
      ...forgotten(4),
      reports: [
        {
          message: 'gone',
          says: /^4 of 24 calls to 10\.96\.44\.12:8080 were reset on connections idle for 3\.41 s that nobody had closed, and were lost$/,
          count: 4,
          settings: [/^what stands before 10\.96\.44\.12:8080/, /idle timeout of its pool/],
        },
      ],
    },
    {
      name: 'one of which the server had closed',
      ...forgotten(4, 1),
      reports: [{ message: 'closed', count: 4, settings: [/keep-alive timeout/, /idle timeout of its pool/] }],
    },
    {
      name: 'resets that the server itself sends, in its own capture',
      inputs: [inputOf({ vantage: { ...inputOf().vantage, addresses: ['10.96.44.12'] } })],
      ...forgotten(4),
      reports: [{ message: 'closed', count: 4 }],
    },
    {
      name: 'calls that meet the close of an idle connection',
      ...paused(4, 3400).rows,
      reports: [
        {
          message: 'closed',
          says: /^4 of 24 calls to .* met a connection that the server had closed after 3\.41 s of idleness, and were lost$/,
          count: 4,
          of: 24,
          errors: 4,
          confidence: 'certain',
          settings: [/keep-alive timeout/, /idle timeout of its pool/],
          evidence: [/after 3\.41 s without traffic: reset by the server/],
        },
      ],
    },
    {
      name: 'a FIN that crosses the call',
      ...paused(4, 3400, { ...lost, outcome: 'closed' }).rows,
      reports: [{ count: 4, of: 24, evidence: [/closed by the server/] }],
    },
    {
      name: 'once',
      ...paused(1, 3400).rows,
      reports: [{ count: 1, onlyInfo: true, confidence: 'likely' }],
    },
  ],
  clear: [
    {
      name: 'a client that notices and opens a new connection',
      ...paused(4, 3400, {}).rows,
      says: /no idle connection was closed under a call \(20 calls on connections used again\)/,
    },
    { name: 'a server that restarts: calls without a pause fail', ...paused(4, 20).rows },
    {
      name: 'a server that restarts: fresh connections fail as well',
      ...joined(paused(3, 3400).rows, fresh(4).rows),
    },
    { name: 'errors on fresh connections', ...joined(paused(2, 3400, {}).rows, fresh(4).rows) },
    { name: 'a client that gives up', ...paused(4, 3400, { ...lost, outcome: 'cancelled', endedBy: 'client' }).rows },
    { name: "a client's own reset", ...paused(4, 3400, { ...lost, endedBy: 'client' }).rows },
    { name: 'a reset in the middle of an answer', ...paused(4, 3400, { outcome: 'reset', endedBy: 'server' }).rows },
    {
      name: 'a server that resets after it thought about it',
      ...paused(4, 3400, { ...lost, duration: seconds(5) }).rows,
    },
    {
      name: 'pauses as long that went well',
      ...new Traffic()
        .open()
        .calls(2)
        .call({}, { idleBefore: seconds(20) })
        .call({ takes: 0.1 }, { ...lost, idleBefore: seconds(2) })
        .close().rows,
    },
  ],
  unobservable: [
    { name: 'one call each', ...new Traffic().open().call().rows, why: /no connection carried a second call/ },
  ],
});
