import { at, milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { connectionOf, inputOf } from '../model/testing/rows.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Serving } from './support/testing/serving.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import {
  INSIDE_TLS,
  atOnce,
  behind,
  behindProxy,
  chain,
  gateway,
  half,
  pause,
  queued,
  sealedTurns,
  serving,
  slowRequests,
  some,
  together,
  unread,
} from './support/testing/waiting.ts';
import rule from './upstream-slow.ts';

const given: Partial<Exchange> = { outcome: 'cancelled', endedBy: 'client', status: -1, firstByteAt: at(Number.NaN) };

ruleTester(rule, {
  finds: [
    {
      name: 'as long waits without a resend, and longer ones than a resend takes',
      ...joined(some(3, 220).rows, some(3, 900, { retransmissions: 1 }).rows),
      reports: [{ count: 6 }],
    },
    {
      name: 'some calls of a kind take far longer than the others',
      ...some(4).rows,
      reports: [
        {
          message: 'slow',
          says: /^4 of 44 exchanges with 10\.96\.44\.12:8080 waited 89\d ms for it \(GET \/api\/items\)/,
          count: 4,
          of: 44,
          cost: [0.89, 0.9],
          confidence: 'likely',
          evidence: [/GET \/api\/items: 900(\.0+)? ms to the first byte/],
          settings: [/4/],
        },
      ],
    },
    {
      name: 'one of two pods behind a Service’s address',
      ...behind([0, 4]),
      reports: [
        {
          says: /^4 of 84 exchanges with 10\.96\.44\.12:8080 waited \d+ ms for 10\.0\.4\.5 behind it \(GET/,
          subject: '10.96.44.12:8080',
        },
      ],
    },
    {
      name: 'both pods behind a Service’s address',
      ...behind([2, 3]),
      reports: [{ says: /^5 of 85 exchanges with 10\.96\.44\.12:8080 waited \d+ ms for it \(GET/ }],
    },
    {
      name: 'requests to the service where the capture is, which asks others in a protocol that nobody knows',
      inputs: [inputOf()],
      ...slowRequests().rows,
      connections: [unread(4000)],
      reports: [
        {
          says: /^4 of \d+ exchanges with 10\.0\.3\.7:8080 waited 40\d ms for it \(GET \/api\/orders\), or for its unreadable calls to 10\.0\.9\.5:5672: nothing/,
          confidence: 'possible',
        },
      ],
    },
    {
      name: 'the same with three of them',
      inputs: [inputOf()],
      ...slowRequests().rows,
      connections: [unread(4000), unread(3000, 1521), unread(2000, 9042)],
      reports: [{ says: /or for its unreadable calls to others: nothing/ }],
    },
    {
      name: 'calls inside TLS that requests wait for most of their time',
      inputs: [inputOf()],
      ...new Serving().serve(30, 240, [{ at: 5, takes: 230, parts: INSIDE_TLS }]).rows,
      reports: [{ count: 30, of: 30, cost: [0.2, 0.24] }],
    },
    {
      name: 'calls that their client gave up on, always after the same time',
      ...some(3, 2000, given).rows,
      reports: [
        {
          count: 3,
          says: /\(GET \/api\/items\), until the client gave up: nothing/,
          evidence: [/given up after 2 s$/],
        },
      ],
    },
    {
      name: 'calls whose connection the server closes without an answer, always after the same time',
      ...some(3, 2000, { ...given, outcome: 'closed', endedBy: 'server' }).rows,
      reports: [
        {
          count: 3,
          says: /\(GET \/api\/items\), until it closed the connection: nothing/,
          evidence: [/closed without an answer after 2 s$/],
        },
      ],
    },
    {
      name: 'calls that their client gave up on sooner or later: no timer',
      ...some(3, 2000, given).call({ takes: 900 }, given).rows,
      reports: [{ count: 4, says: /\(GET \/api\/items\): nothing/ }],
    },
    {
      name: '504 after a wait',
      ...some(3, 2000, { status: 504, outcome: 'error' }).rows,
      reports: [{ count: 3, cost: [1.98, 2] }],
    },
    { name: 'pauses of the server in two answers at the same time', ...together(), reports: [{ count: 8 }] },
    {
      name: 'pauses within the bodies, of all of them',
      ...new Traffic().calls(10, {
        takes: 900,
        firstByte: 5,
        stalls: [
          { at: 10, lasts: 300, parts: pause },
          { at: 320, lasts: 300, parts: pause },
        ],
      }).rows,
      reports: [{ count: 10, cost: [0.59, 0.61], evidence: [/600(\.0+)? ms of pauses/] }],
    },
    {
      name: 'a queue in the server, in which most wait',
      ...queued(40, 120).rows,
      reports: [{ says: /answers one after another$/, count: 39, cost: [0.8, 0.86], because: /so many calls at/ }],
    },
    {
      name: 'a kind that is always slow, with the client waiting for it',
      ...(() => {
        const traffic = new Traffic();
        for (let index = 0; index < 6; index++) traffic.calls(5).call({ takes: 1500 }, { path: '/list' });
        return traffic.rows;
      })(),
      reports: [{ count: 6, confidence: 'possible', says: /GET \/list/, cost: [1.49, 1.5] }],
    },
    {
      name: 'once: worth knowing',
      ...some(1).rows,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'first calls of a process: worth knowing',
      ...new Traffic().calls(2, { takes: 300 }).calls(40).rows,
      reports: [{ count: 2, onlyInfo: true }],
    },
    {
      name: 'the upstream that a gateway’s requests wait for, not the gateway',
      inputs: [inputOf()],
      ...(() => {
        const inbound = new Traffic(gateway).open();
        const outbound = new Traffic().open();
        inbound.calls(20, { takes: 8 });
        outbound.calls(20, { takes: 8 });
        for (let index = 0; index < 4; index++) {
          inbound.wait(2000).call({ takes: 905 });
          outbound.wait(2002).call({ takes: 900 }).wait(3);
        }
        return joined(inbound.rows, outbound.rows);
      })(),
      reports: [{ count: 4, subject: '10.96.44.12:8080' }],
    },
    {
      name: 'the upstream, where only some of what holds requests up is its doing',
      inputs: [inputOf()],
      ...(() => {
        const requests = new Serving().serve(20, 8, [{ at: 1, takes: 4 }]).wait(2000);
        for (let index = 0; index < 4; index++) requests.request(409, [{ at: 1, takes: 404 }]).request(409);
        return requests.rows;
      })(),
      reports: [{ count: 4, subject: '10.20.30.40:9200', cost: [0.39, 0.41] }],
    },
    {
      name: 'the upstream, where the service takes about as long itself',
      inputs: [inputOf()],
      ...half(300).rows,
      reports: [{ count: 4, subject: '10.20.30.40:9200', cost: [0.295, 0.3] }],
    },
    {
      name: 'calls through a sidecar, which is not who lets them wait',
      ...new Traffic({ backend: '127.0.0.1:15001' }).calls(20).calls(4, { takes: 900 }).rows,
      reports: [{ count: 4, says: /^4 of 24 exchanges with 10\.96\.44\.12:8080 waited 89\d ms for it / }],
    },
    {
      name: 'calls inside TLS that what comes in inside TLS waits for',
      ...sealedTurns({ slow: 400 }),
      reports: [{ count: 6, of: 60, subject: '10.96.44.12:8080', cost: [0.38, 0.4], confidence: 'possible' }],
    },
    {
      name: 'who is behind a proxy, all inside TLS, where both its sides are seen',
      ...behindProxy(404, 400),
      reports: [{ count: 4, of: 40, subject: '10.20.30.50:443', cost: [0.38, 0.41], confidence: 'possible' }],
    },
    {
      name: 'the proxy, which has most of the time itself',
      ...behindProxy(404, 200),
      reports: [{ count: 4, subject: '10.20.30.40:9200' }],
    },
    {
      name: 'some calls inside TLS, where requests are seen that wait for them',
      inputs: [inputOf()],
      ...(() => {
        const quick = { at: 1, takes: 4, parts: INSIDE_TLS };
        const requests = new Serving().serve(20, 8, [quick]).wait(2000);
        for (let index = 0; index < 4; index++) requests.request(409, [{ ...quick, takes: 404 }]).serve(4, 8, [quick]);
        // And one that nobody waits for.
        return requests.call(900, INSIDE_TLS).rows;
      })(),
      reports: [{ count: 4, of: 41, subject: '10.20.30.40:9200', cost: [0.39, 0.41] }],
    },
    {
      name: 'a service whose calls can’t be read, as its callers see it',
      inputs: [inputOf()],
      ...(() => {
        const requests = new Serving().serve(20, 8).wait(2000);
        return requests.serve(4, 409).rows;
      })(),
      connections: [
        connectionOf({
          exchanges: 0,
          protocol: 'tls',
          bytes: { client: 4000, server: 9000 },
          packets: { client: 9, server: 9 },
        }),
      ],
      reports: [{ count: 4, subject: '10.0.3.7:8080' }],
    },
    {
      name: 'an upstream that is most of the time of each request',
      inputs: [inputOf()],
      ...serving(30, 140, 120),
      reports: [{ count: 30, subject: '10.96.44.12:8080', because: /spend most of their time there/ }],
    },
    {
      name: 'three requests, all that there are, that wait for it so long that a person notices',
      inputs: [inputOf()],
      ...new Serving().serve(3, 903, [{ at: 1, takes: 900 }]).rows,
      reports: [{ count: 3, subject: '10.20.30.40:9200', confidence: 'possible', because: /they are few/ }],
    },
    {
      name: 'the last of a chain on a node, and none of those that only wait for it',
      inputs: [inputOf()],
      ...chain(30, 4, 5, 150),
      reports: [{ count: 30, subject: '10.20.30.50:9300', cost: [0.15, 0.15] }],
    },
    {
      name: 'a service that spends half of the time itself, as what its callers wait for',
      inputs: [inputOf()],
      ...chain(30, 4, 120, 110),
      reports: [{ count: 30, subject: '10.20.30.40:9200', cost: [0.23, 0.23] }],
    },
    {
      name: 'the same with requests at once, put together with their calls',
      inputs: [inputOf()],
      ...atOnce(10, 4, 110, 104).rows,
      reports: [
        { count: 40, subject: '10.20.30.40:9200', because: /spend most of their time there/, cost: [0.104, 0.104] },
      ],
    },
  ],
  clear: [
    {
      name: 'calls that meet a closed connection at once',
      ...some(3, 2, { ...given, outcome: 'reset', endedBy: 'server' }).rows,
    },
    {
      name: 'connections that end while something is sent again',
      ...some(3, 2000, { ...given, outcome: 'reset', endedBy: 'server', retransmissions: 4 }).rows,
    },
    {
      name: 'waits in which a segment was sent again, before a sender would do so by itself',
      ...some(3, 220, { retransmissions: 1 }).rows,
    },
    {
      name: 'requests that a service itself takes long for, of which all calls are seen',
      inputs: [inputOf()],
      ...new Serving().serve(20, 8).wait(2000).serve(4, 409).rows,
    },
    { name: 'slow calls that are a small part of what requests lose', inputs: [inputOf()], ...half(120).rows },
    {
      name: 'requests that wait for calls of which each is as quick as ever',
      inputs: [inputOf()],
      ...(() => {
        const many = Array.from({ length: 80 }, (_, index) => ({ at: 1 + 5 * index, takes: 4 }));
        const requests = new Serving().serve(20, 8, [{ at: 1, takes: 4 }]).wait(2000);
        return requests.serve(4, 409, many).rows;
      })(),
    },
    {
      name: 'requests at once, with an upstream that is half of their time',
      inputs: [inputOf()],
      ...atOnce(10, 4, 220, 110).rows,
    },
    { name: 'requests at once, with an upstream that takes 90 ms', inputs: [inputOf()], ...atOnce(10, 4, 95, 90).rows },
    {
      name: 'requests at once, with many calls in each',
      inputs: [inputOf()],
      ...new Serving().serve(
        30,
        330,
        [1, 82, 163, 244].map((from) => ({ at: from, takes: 80 })),
      ).rows,
    },
    {
      name: 'two requests that wait for it',
      inputs: [inputOf()],
      ...new Serving().serve(2, 903, [{ at: 1, takes: 900 }]).rows,
    },
    {
      name: 'a few that wait for it less long',
      inputs: [inputOf()],
      ...new Serving().serve(9, 403, [{ at: 1, takes: 400 }]).rows,
    },
    {
      name: 'a few that wait for it, beside one that takes as long by itself',
      inputs: [inputOf()],
      ...new Serving().serve(9, 903, [{ at: 1, takes: 900 }]).serve(1, 903, [{ at: 1, takes: 90 }]).rows,
    },
    { name: 'an upstream that is half of the time of each request', inputs: [inputOf()], ...serving(30, 240, 120) },
    { name: 'an upstream that is most of a quick request', inputs: [inputOf()], ...serving(30, 50, 45) },
    { name: 'a service that always thinks 40 ms', ...new Traffic().calls(50, { takes: 40 }).rows },
    { name: 'a service that always thinks 200 ms', ...new Traffic().calls(50, { takes: 200 }).rows },
    { name: 'calls inside TLS that nobody is seen to wait for', ...some(4, 5000, INSIDE_TLS).rows },
    { name: 'streams', ...some(4, 5000, { shape: 'stream' }).rows },
    { name: 'upgrades', ...some(4, 5000, { shape: 'upgrade' }).rows },
    {
      name: 'long polls, held by design, beside quick calls',
      ...joined(
        new Traffic().open().calls(6, { takes: 5000 }, { path: '/poll' }).rows,
        new Traffic().open().calls(40).wait(500).calls(40).rows,
      ),
    },
    {
      name: 'calls that wait for a lost segment',
      ...new Traffic()
        .calls(20)
        .wait(2000)
        .calls(4, { takes: 900, stalls: [{ at: 2, lasts: 890 }] }).rows,
    },
    {
      name: 'calls behind a closed window',
      ...new Traffic()
        .calls(20)
        .wait(2000)
        .calls(4, { takes: 900, stalls: [{ at: 2, lasts: 890, parts: { reason: 'zero-window' } }] }).rows,
    },
    {
      name: 'calls on a connection that a firewall forgot: resent, and given up',
      ...some(4, 3000, { ...given, retransmissions: 5 }).rows,
    },
    {
      name: 'connecting slowly',
      ...new Traffic().calls(20).wait(2000).open({ connect: 1000 }).call().open({ connect: 1000 }).call().rows,
    },
    {
      name: 'retries: each answer is quick, and the wait is the client’s',
      ...some(6, 4, { status: 503, outcome: 'error', retryAfter: milliseconds(1000) }).rows,
    },
    {
      name: 'two or three times the usual: a busy machine',
      ...new Traffic().calls(20, { takes: 60 }).wait(2000).calls(4, { takes: 180 }).rows,
    },
    {
      name: 'calls that were cut when the capture ended',
      ...some(2, 3000, { ...given, outcome: 'incomplete', endedBy: null }).rows,
    },
    { name: 'two in line before a server that takes one at a time', ...new Traffic().calls(30, { takes: 240 }).rows },
  ],
  unobservable: [
    { name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no call was seen/ },
    {
      name: 'calls inside TLS of which little is waited for by what comes in',
      ...sealedTurns({ slow: 200, apart: 150 }),
      why: /nothing waits for one/,
    },
    {
      name: 'calls inside TLS where it is not known what comes in',
      ...sealedTurns({ slow: 400 }, 'unknown'),
      why: /nothing waits for one/,
    },
  ],
});
