import { at, seconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './http-retry.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { Serving, type Step } from './support/testing/serving.ts';
import { joined, Traffic } from './support/testing/traffic.ts';

const failed: Partial<Exchange> = { status: 503, outcome: 'error' };
const unanswered: Partial<Exchange> = {
  status: -1,
  outcome: 'cancelled',
  endedBy: 'client',
  firstByteAt: at(Number.NaN),
};

/** Failed calls, each tried again after these waits in milliseconds (beyond the 10 that are always between). */
function retried(
  times: number,
  waits: readonly number[],
  failure = failed,
  parts: Partial<Exchange> = {},
  all: Partial<Exchange> = {},
): Traffic {
  const traffic = new Traffic().calls(6, {}, all);
  for (let time = 0; time < times; time++) {
    for (const [index, wait] of waits.entries()) {
      traffic.call({}, { ...all, ...failure, ...(index > 0 ? parts : {}) }).wait(wait);
    }
    traffic.call({}, { ...all, ...parts }).calls(4, {}, all);
  }
  return traffic;
}

/** Calls that a gateway gives up after a second each, and others to another server at once. */
function upstreamGivenUp(times = 2): Rows {
  const next = new Traffic({ server: '10.0.4.5' }).wait(56 + 1001).call();
  for (let more = 1; more < times; more++) next.wait(1000 - 4).call();
  return joined(new Traffic({ server: '10.0.4.4' }).calls(4).calls(times, { takes: 1000 }, unanswered).rows, next.rows);
}

const PATHS = ['/api/orders', '/api/users', '/api/stock'];

/** One caller goes from path to path; every tenth call fails, and waits before it goes on. */
function inTurn(again: boolean, wait: number, traffic = new Traffic()): Traffic {
  for (let index = 0; index < 40; index++) {
    const path = { path: PATHS[index % 3] as string };
    if (index % 10 === 9) traffic.call({}, { ...failed, ...path }).wait(wait);
    if (index % 10 !== 9 || again) traffic.call({}, path);
  }
  return traffic;
}

/** Calls of another client that fail, each on a connection of its own that is closed then. */
function failedOnce(times: number): Traffic {
  const traffic = new Traffic({ client: '10.0.9.9' });
  for (let time = 0; time < times; time++) traffic.open().call({}, failed);
  return traffic;
}

/** Requests that come every 20 ms, each with so many calls; every tenth meets a failure, and rests before what follows. */
function requestsWith(calls: number, again: boolean): Rows {
  const requests = new Serving();
  for (let index = 0; index < 60; index++) {
    const isFailing = index % 10 === 9;
    const steps: Step[] = [];
    for (let call = 0; call < calls; call++) {
      const isFailed = isFailing && call === 1 % calls;
      steps.push({ at: 1 + 6 * call, takes: 5, ...(isFailed ? { parts: failed } : {}) });
    }
    const end = 6 * calls;
    if (isFailing && again) steps.push({ at: end + 250, takes: 5 });
    requests.request(isFailing ? end + 257 : end + 2, steps, {}, true).wait(20);
  }
  return requests.rows;
}

/**
 * Requests of two calls every 20 ms; of every tenth pair, which come at once, one rests before its second call: after
 * the other one's call failed, or at any other time.
 * @param failing ms after the pair's start that the call fails; of how many pairs
 * @param resting how many others rest as long
 * @param more calls that the other request makes at once, beside the two
 */
function besideFailing(failing: number, times = 6, resting = 0, more = 0): Rows {
  const requests = new Serving();
  const rests: Step[] = [
    { at: 1, takes: 5 },
    { at: 256, takes: 5 },
  ];
  for (let index = 0; index < 60; index++) {
    const isPair = index % 10 === 9;
    if (isPair || index < resting) requests.request(263, rests, {}, true);
    else requests.request(8, [rests[0] as Step, { at: 1, takes: 6 }], {}, true);
    if (isPair && index < 10 * times) {
      const other = { at: failing, takes: 1, parts: failed };
      const others = Array.from({ length: 1 + more }, (_, call) => ({ at: failing + call * 1.5, takes: 6 }));
      requests.request(failing + 20, [other, ...others], {}, true);
    }
    requests.wait(20);
  }
  return requests.rows;
}

const endOf = ({ startedAt, duration }: Exchange): number => startedAt + duration;

/** Two such callers of one client at once, each with a connection of its own. */
function besideEachOther(again: boolean, wait: number): Rows {
  const { exchanges: other = [], connections: others = [] } = inTurn(
    again,
    wait,
    new Traffic().wait(73).open({}, { id: '0.c-other' }),
  ).rows;
  const { exchanges = [], connections = [] } = inTurn(again, wait).rows;
  return {
    exchanges: [...exchanges, ...other.map((one) => ({ ...one, id: `${one.id}-other` }))].toSorted(
      (a, b) => endOf(a) - endOf(b),
    ),
    connections: [...connections, ...others],
  };
}

ruleTester(rule, {
  finds: [
    {
      name: 'HTTP/2 calls that fail and come again',
      ...retried(6, [200], failed, {}, { protocol: 'http/2' }).rows,
      reports: [{ count: 6 }],
    },
    {
      name: 'the same of a database, where the kind of request tells',
      ...retried(6, [200], failed, {}, { protocol: 'redis', path: '', method: 'GET' }).rows,
      reports: [{ count: 6 }],
    },
    {
      name: 'on the connection of each of several callers, beside calls of the others',
      inputs: [inputOf()],
      ...besideEachOther(true, 300),
      reports: [{ count: 8, of: 80, cost: [0.31, 0.32], confidence: 'likely' }],
    },
    {
      name: 'within requests, beside calls of others that go on',
      inputs: [inputOf()],
      ...requestsWith(1, true),
      reports: [{ count: 6, of: 60, cost: [0.249, 0.256], because: /makes the call once more than others do/ }],
    },
    {
      name: 'one of several calls within requests',
      inputs: [inputOf()],
      ...requestsWith(4, true),
      reports: [{ count: 6, cost: [0.25, 0.27], because: /rests from when it fails until the same call/ }],
    },
    {
      name: 'by the rest that a request takes, though the failed call seems to be another one’s',
      inputs: [inputOf()],
      ...besideFailing(1),
      reports: [{ count: 6, cost: [0.254, 0.256], because: /rests from when it fails until the same call/ }],
    },
    {
      name: 'by the rest, though the other one makes a call more at once',
      inputs: [inputOf()],
      ...besideFailing(1, 6, 0, 1),
      reports: [{ count: 6, cost: [0.254, 0.256] }],
    },
    {
      name: 'whatever number of connections failed before, and were closed',
      inputs: [inputOf()],
      ...joined(failedOnce(70).rows, besideEachOther(true, 300)),
      reports: [{ count: 8, of: 150 }],
    },
    {
      name: 'at once at first, then after a wait: one call',
      inputs: [inputOf()],
      ...retried(3, [0, 600]).rows,
      reports: [{ count: 3, of: 21, evidence: [/503 after 4/, /tried again after 10 ms, 610 ms \(3 tries in all\)/] }],
    },
    {
      name: '503 with exponential backoff',
      ...retried(3, [300, 600]).rows,
      reports: [
        {
          message: 'retried',
          says: /^3 of 21 calls to 10\.96\.44\.12:8080 failed with 503 and were tried again, 9\d\d ms more each$/,
          count: 3,
          of: 21,
          cost: [0.9, 0.95],
          confidence: 'likely',
          evidence: [/GET \/api\/items: 503 after 4(\.0+)? ms/, /tried again after 310 ms, 610 ms \(3 tries in all\)/],
        },
      ],
    },
    {
      name: '429 that says when to come back, once',
      ...retried(1, [1000], { ...failed, status: 429, outcome: 'ok', retryAfter: seconds(1) }).rows,
      reports: [{ count: 1, confidence: 'certain', settings: [/429/, /Retry-After: 1\.0* ?s|Retry-After: 1 s/] }],
    },
    {
      name: 'calls of several paths in turn, where one that is tried again holds up the others',
      ...inTurn(true, 900).rows,
      reports: [{ count: 4, of: 40, cost: [0.9, 0.92] }],
    },
    {
      name: 'gRPC says so itself',
      ...new Traffic()
        .calls(3, {}, { protocol: 'grpc', grpcStatus: 0 })
        .call({}, { protocol: 'grpc', grpcStatus: 14, outcome: 'error' })
        .wait(20)
        .call({}, { protocol: 'grpc', grpcStatus: 0, previousAttempts: 1 }).rows,
      reports: [{ count: 1, says: /UNAVAILABLE/, confidence: 'certain', because: /grpc-previous-rpc-attempts/ }],
    },
    {
      name: 'a gateway that goes to its next upstream at once',
      ...upstreamGivenUp(),
      reports: [{ count: 2, says: /no answer in time/, subject: '10.0.4.4:8080', cost: [1.0, 1.02] }],
    },
    {
      name: 'the same while some callers give up, one of them long before it does',
      inputs: [inputOf()],
      ...joined(
        new Traffic({ client: '10.0.9.9', server: '10.0.3.7' })
          .wait(55)
          .call({ takes: 700, alongside: true }, unanswered)
          .call({ takes: 1000 }, unanswered).rows,
        upstreamGivenUp(3),
      ),
      reports: [{ count: 2, subject: '10.0.4.4:8080' }],
    },
    {
      name: 'an answer that comes after the first server was given up',
      ...joined(
        new Traffic({ server: '10.0.4.4' })
          .calls(4)
          .calls(2, { takes: 1000, firstByte: 1004 }, { outcome: 'cancelled', endedBy: 'client' }).rows,
        new Traffic({ server: '10.0.4.5' })
          .wait(56 + 1001)
          .call()
          .wait(1000 - 4)
          .call().rows,
      ),
      reports: [{ count: 2, says: /no answer in time/, subject: '10.0.4.4:8080' }],
    },
    {
      name: 'what a gateway tries again itself, of which its callers see nothing',
      inputs: [inputOf()],
      ...joined(retried(3, [300, 600]).rows, new Traffic({ client: '10.0.9.9', server: '10.0.3.7' }).calls(9).rows),
      reports: [{ count: 3, subject: '10.96.44.12:8080' }],
    },
  ],
  clear: [
    {
      name: 'a gateway whose callers give up: what it asks another server then is for somebody else',
      inputs: [inputOf()],
      ...joined(
        new Traffic({ client: '10.0.9.9', server: '10.0.3.7' }).wait(55).calls(2, { takes: 1000 }, unanswered).rows,
        upstreamGivenUp(),
      ),
    },
    {
      name: 'health checks that fail, and the next ones when they are due',
      ...retried(6, [200], failed, {}, { path: '/healthz', protocol: 'http/2' }).rows,
    },
    {
      name: 'HTTP/2 calls whose heads can’t be read: which of them came again is not known',
      ...retried(6, [200], failed, {}, { protocol: 'http/2', path: '' }).rows,
    },
    {
      name: 'requests that meet a failure, rest and answer without another try',
      inputs: [inputOf()],
      ...requestsWith(1, false),
    },
    {
      name: 'requests that go through a list, of which one call fails',
      inputs: [inputOf()],
      ...requestsWith(6, false),
    },
    {
      name: 'requests that rest at other times than when a call failed',
      inputs: [inputOf()],
      ...besideFailing(90),
    },
    {
      name: 'requests that rest when a call failed, as most do when none did',
      inputs: [inputOf()],
      ...besideFailing(1, 6, 40),
    },
    {
      name: 'callers beside one another that rest after a failure and go on',
      inputs: [inputOf()],
      ...besideEachOther(false, 300),
    },
    {
      name: 'callers beside one another that rest as long after a success',
      inputs: [inputOf()],
      ...besideEachOther(true, 0),
    },
    {
      name: 'errors that nobody tries again: the next call comes as soon as ever',
      ...new Traffic().calls(8).call({}, failed).calls(3).call({}, failed).calls(3).rows,
      says: /no failed call was tried again \(2 of 16 calls failed\)/,
    },
    {
      name: 'errors after which a caller goes on to its next path',
      ...inTurn(false, 0).rows,
    },
    {
      name: 'a caller that rests after an error and then goes on to its next path',
      ...inTurn(false, 900).rows,
    },
    { name: 'a pause after an error, once', ...retried(1, [300]).rows },
    { name: '4xx that belong to the interface', ...retried(3, [300], { status: 404 }).rows },
    {
      name: 'Retry-After that the client does not mind',
      ...retried(2, [0], { ...failed, status: 429, outcome: 'ok', retryAfter: seconds(5) }).rows,
    },
  ],
});
