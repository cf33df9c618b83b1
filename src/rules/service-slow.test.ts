import type { Exchange } from '../model/exchange.ts';
import { createDamage } from '../model/input.ts';
import type { Connection } from '../model/connection.ts';
import type { Wait } from '../model/request.ts';
import { connectionOf, inputOf } from '../model/testing/rows.ts';
import rule from './service-slow.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { roleName, Serving, threeAtOnce, type Step } from './support/testing/serving.ts';

const inputs = [inputOf()];
const onNode = [inputOf({ vantage: { ...inputOf().vantage, kind: 'node' } })];

const call: Step[] = [{ at: 81, takes: 20 }];
const opening: Step[] = [{ at: 82, takes: 19, connects: 1 }];

const { vantage } = inputOf();
const withoutDns = [inputOf({ vantage: { ...vantage, sees: { ...vantage.sees, dns: false } } })];

/** Connections of the service that carry what can't be read: so many bytes each. */
const encrypted = (count: number, bytes: number, heard = 4) =>
  Array.from({ length: count }, (_, index) =>
    connectionOf({
      id: `0.c${index + 100}`,
      exchanges: 0,
      protocol: 'tls',
      bytes: { client: bytes, server: heard === 0 ? 0 : bytes },
      packets: { client: 5, server: heard },
    }),
  );

/** Requests that are open when the capture ends. */
function cutOff(serving: Serving, count: number): Serving {
  for (let index = 0; index < count; index++) serving.request(700, [], { outcome: 'incomplete' }, true);
  return serving;
}

/** Quick requests, and after a second some that take long, each with one call. */
const some = (slow: number, takes: number, step: Step): Serving => {
  const serving = new Serving().serve(20, 8, [{ at: 1, takes: 4 }]).wait(2000);
  for (let index = 0; index < slow; index++) serving.request(takes, [step]).serve(4, 8, [{ at: 1, takes: 4 }]);
  return serving;
};

/** The same where credentials are fetched meanwhile, on behalf of one of them. */
function atLock(slow: number): Serving {
  const quick: Step[] = [{ at: 1, takes: 4 }];
  const serving = new Serving().serve(20, 8, quick).wait(2000);
  for (let index = 0; index < slow; index++) {
    serving.request(409, [...quick, { at: 6, takes: 400, parts: roleName(), own: true }]).serve(4, 8, quick);
  }
  return serving;
}

const NOTHING = { client: 0, server: 0 };
const COLLECTOR = { client: '10.0.3.7', server: '10.20.30.60', serverPort: 4317, exchanges: 0, bytes: NOTHING };
/** Tries of the service to reach a server. */
const tries = (...endings: Connection['ending'][]): Connection[] =>
  endings.map((ending, index) => connectionOf({ id: `0.c${index + 100}`, ...COLLECTOR, ending }));
const alone = new Serving().serve(30, 300, [{ at: 1, takes: 5 }]).rows;

/** One request in five seems to have made the calls of all. */
function inBatches(confidence: Wait['confidence'], bare = 4): Rows {
  const calls = Array.from({ length: 1 + bare }, (): Step => ({ at: 240, takes: 50 }));
  const serving = new Serving();
  for (let index = 0; index < 8; index++) serving.request(300, calls).serve(bare, 300);
  const { requests = [], ...rows } = serving.rows;
  return {
    ...rows,
    requests: requests.map((request) => ({
      ...request,
      ambiguous: request.waits.length > 0 && confidence !== 'certain',
      waits: request.waits.map((wait) => ({ ...wait, confidence })),
    })),
  };
}

const HEALTH = { path: '/healthz' };

/** Quick requests, among them health checks, of which some take long. */
function slowChecks(slow: number, parts: Partial<Exchange> = HEALTH): Serving {
  const serving = new Serving();
  for (let index = 0; index < 40; index++) serving.request(6, [], parts).request(8, [{ at: 1, takes: 4 }]);
  serving.wait(2000);
  for (let index = 0; index < slow; index++) serving.request(409, [], parts).serve(4, 8, [{ at: 1, takes: 4 }]);
  return serving;
}

ruleTester(rule, {
  finds: [
    {
      name: 'health checks alone that take long: worth knowing, nobody waits for them',
      inputs,
      ...Array.from({ length: 30 }).reduce<Serving>((serving) => serving.request(303, [], HEALTH), new Serving()).rows,
      reports: [{ message: 'slow', count: 30, onlyInfo: true }],
    },
    {
      name: 'some health checks beside quick requests: worth knowing',
      inputs,
      ...slowChecks(5).rows,
      reports: [{ message: 'some', count: 5, says: /GET \/healthz/, onlyInfo: true }],
    },
    {
      name: 'the same of requests that somebody waits for',
      inputs,
      ...slowChecks(5, { path: '/api/health-plans' }).rows,
      reports: [{ message: 'some', count: 5, onlyInfo: false }],
    },
    {
      name: 'slow requests beside slow health checks: they alone count',
      inputs,
      ...slowChecks(5)
        .serve(3, 412, [{ at: 1, takes: 4 }])
        .serve(4, 8).rows,
      reports: [{ message: 'some', count: 3, says: /\(GET \/api\/orders\)/, onlyInfo: false }],
    },
    {
      name: 'three, all that there are, for which a person waits',
      inputs,
      ...new Serving().serve(3, 903, [{ at: 1, takes: 5 }]).rows,
      reports: [
        {
          message: 'slow',
          says: /^3 requests to 10\.0\.3\.7:8080 spend 99 % of their time in the service itself, 898 ms each: it waits for nobody$/,
          confidence: 'possible',
          because: /they are few/,
        },
      ],
    },
    {
      name: 'a server that refuses all connections: calls to it may be held back',
      inputs,
      ...alone,
      connections: tries('refused', 'refused'),
      reports: [
        {
          says: /itself, or waiting for 10\.20\.30\.60:4317, which refuses connections, 295 ms each$/,
          confidence: 'possible',
          because: /do not show whether they wait for that/,
          fixes: [/held back/, /profile it/],
        },
      ],
    },
    {
      name: 'the same beside requests that are quick',
      inputs,
      ...some(4, 409, { at: 1, takes: 4 }).rows,
      connections: tries('refused', 'refused'),
      reports: [
        {
          message: 'some',
          says: /itself, or waiting for 10\.20\.30\.60:4317, which refuses connections/,
          confidence: 'possible',
        },
      ],
    },
    {
      name: 'a server that refused once, or is reached at last: nobody waits for it',
      inputs,
      ...alone,
      connections: [
        ...tries('refused', 'refused', 'fin'),
        connectionOf({ ...COLLECTOR, id: '0.c99', serverPort: 4318, ending: 'refused' }),
      ],
      reports: [{ says: /itself, 295 ms each: it waits for nobody$/, confidence: 'likely' }],
    },
    {
      name: 'calls that could be anybody’s, as many as there are requests without any',
      inputs,
      ...inBatches('possible'),
      reports: [
        { says: /itself, or in line for its calls to 10\.20\.30\.40:9200, 300 ms each$/, confidence: 'possible' },
      ],
    },
    {
      name: 'calls of a few requests, which are surely theirs',
      inputs,
      ...inBatches('certain'),
      reports: [{ says: /it waits for nobody$/, confidence: 'likely' }],
    },
    {
      name: 'some requests that take far longer than the others, while the service waits for nobody',
      inputs,
      ...some(4, 409, { at: 1, takes: 4 }).rows,
      reports: [
        {
          message: 'some',
          says: /^4 of 40 requests to 10\.0\.3\.7:8080 spent 40\d ms more than others in the service itself \(GET \/api\/orders\): they waited for nobody$/,
          count: 4,
          of: 40,
          confidence: 'likely',
          cost: [0.4, 0.402],
        },
      ],
    },
    {
      name: 'of some that take long, those that wait for nobody',
      inputs,
      ...some(4, 409, { at: 1, takes: 4 })
        .request(409, [{ at: 1, takes: 404 }])
        .request(409, [{ at: 1, takes: 404 }]).rows,
      reports: [{ count: 4 }],
    },
    {
      name: 'first requests of a process, beside later ones that wait for a slow call: worth knowing',
      inputs,
      ...new Serving()
        .serve(3, 309)
        .serve(40, 8)
        .wait(2000)
        .serve(3, 309, [{ at: 1, takes: 304 }]).rows,
      reports: [{ count: 3, onlyInfo: true }],
    },
    { name: 'once: worth knowing', inputs, ...some(1, 409, { at: 1, takes: 4 }).rows, reports: [{ onlyInfo: true }] },
    {
      name: 'a service that computes before its call',
      inputs,
      ...new Serving().serve(30, 103, call).rows,
      reports: [
        {
          says: /^30 requests to 10\.0\.3\.7:8080 spend 81 % of their time in the service itself, 83 ms each: it waits for nobody$/,
          count: 30,
          of: 30,
          confidence: 'likely',
          cost: [0.0829, 0.0831],
          settings: [/83 ms, 81 % of it all/],
        },
      ],
    },
    {
      name: 'a service that calls nobody that its requests wait for',
      inputs,
      ...new Serving().serve(30, 100).rows,
      connections: [connectionOf({ client: '10.0.3.7' })],
      reports: [
        { count: 30, cost: [0.1, 0.1], says: /it waits for nobody$/, confidence: 'likely', fixes: [/profile it/] },
      ],
    },
    {
      name: 'a service that answers one after another, three of whose callers ask at once',
      inputs,
      ...threeAtOnce(20).rows,
      connections: [connectionOf({ client: '10.0.3.7' })],
      reports: [{ says: /, 100 ms each: they stand in line, as it answers one after another$/, confidence: 'likely' }],
    },
    {
      name: 'a service of which its own port alone was captured, perhaps',
      inputs: withoutDns,
      ...new Serving().serve(30, 100).rows,
      reports: [
        {
          says: /in the service itself or in calls that are not captured, 100 ms each$/,
          confidence: 'possible',
          fixes: [/capture all that the service sends/, /profile it/],
        },
      ],
    },
    {
      name: 'a pod of which its own port and DNS alone were captured, perhaps',
      inputs,
      ...new Serving().serve(30, 100).rows,
      reports: [{ says: /in the service itself or in calls that are not captured/, confidence: 'possible' }],
    },
    {
      name: 'a service without DNS that calls others',
      inputs: withoutDns,
      ...new Serving().serve(30, 103, call).rows,
      connections: [connectionOf({ client: '10.0.3.7' })],
      reports: [{ says: /it waits for nobody$/, confidence: 'likely' }],
    },
    {
      name: 'on a node, where what it calls may not be captured',
      inputs: onNode,
      ...new Serving().serve(30, 100).rows,
      reports: [{ confidence: 'possible' }],
    },
    {
      name: 'a service that computes before it opens a connection, where DNS would be seen',
      inputs,
      ...new Serving().serve(30, 103, opening).rows,
      reports: [{ count: 30 }],
    },
    {
      name: 'a service that computes behind the connection that it opens, where DNS is not seen',
      inputs: withoutDns,
      ...new Serving().serve(30, 103, [{ at: 1, takes: 18, connects: 1 }]).rows,
      reports: [{ count: 30 }],
    },
    {
      name: 'some that take long and open no connection, where DNS is not seen',
      inputs: withoutDns,
      ...some(4, 409, { at: 1, takes: 4 }).rows,
      reports: [{ count: 4 }],
    },
    {
      name: 'a few encrypted connections beside many requests',
      inputs,
      ...new Serving().serve(60, 103, call).rows,
      connections: encrypted(2, 50),
      reports: [{ count: 60 }],
    },
  ],
  clear: [
    {
      name: 'the capture’s end cuts the requests off: what they wait for may be behind it',
      inputs,
      ...cutOff(new Serving().serve(10, 120), 20).rows,
    },
    {
      name: 'some that take long, perhaps for calls that can’t be read',
      inputs,
      ...some(4, 409, { at: 1, takes: 4 }).rows,
      connections: encrypted(30, 400),
    },
    {
      name: 'some that wait while another of them fetches credentials, at the SDK’s lock',
      inputs,
      ...atLock(4).rows,
    },
    {
      name: 'some that take long before they open a connection, where DNS is not seen',
      inputs: withoutDns,
      ...some(4, 409, { at: 400, takes: 4, connects: 1 }).rows,
    },
    { name: 'some requests that wait for a slow call', inputs, ...some(4, 409, { at: 1, takes: 404 }).rows },
    { name: 'a service that always thinks 40 ms', inputs, ...new Serving().serve(50, 40).rows },
    {
      name: 'requests that wait for their upstream',
      inputs,
      ...new Serving().serve(50, 203, [{ at: 1, takes: 200 }]).rows,
    },
    { name: 'a service that always thinks 95 ms', inputs, ...new Serving().serve(50, 95).rows },
    {
      name: 'three quarters of the time its own',
      inputs,
      ...new Serving().serve(50, 400, [{ at: 300, takes: 99 }]).rows,
    },
    { name: 'half of the time its own', inputs, ...new Serving().serve(50, 200, [{ at: 100, takes: 95 }]).rows },
    { name: 'a few requests', inputs, ...new Serving().serve(10, 103, call).rows },
    {
      name: 'three that a person waits for, seen on a node',
      inputs: onNode,
      ...new Serving().serve(3, 903, [{ at: 1, takes: 5 }]).rows,
    },
    { name: 'two that a person waits for', inputs, ...new Serving().serve(2, 903).rows },
    {
      name: 'a few, of which one waits for its upstream',
      inputs,
      ...new Serving().serve(4, 903).serve(1, 903, [{ at: 1, takes: 800 }]).rows,
    },
  ],
  unobservable: [
    {
      name: 'one connection that may carry them all',
      inputs,
      ...new Serving().serve(30, 103, call).rows,
      connections: encrypted(1, 30 * 400),
      why: /inside connections that can’t be read/,
    },
    {
      name: 'calls inside TLS',
      inputs,
      ...new Serving().serve(30, 103, call).rows,
      connections: encrypted(30, 400),
      why: /inside connections that can’t be read/,
    },
    {
      name: 'calls of which one direction was captured: when they were answered nobody knows',
      inputs,
      ...new Serving().serve(30, 103, call).rows,
      connections: encrypted(30, 400, 0),
      why: /inside connections that can’t be read/,
    },
    {
      name: 'lookups whose names are cut off: whether requests wait for them is not seen',
      inputs: [inputOf({ damage: { ...createDamage(), cutQuestions: 40 } })],
      ...new Serving().serve(30, 103, call).rows,
      why: /DNS names are cut off/,
    },
    {
      name: 'what lies before new connections may be lookups, where DNS is not seen',
      inputs: withoutDns,
      ...new Serving().serve(30, 103, opening).rows,
      why: /before the connections that it opens, and the capture shows no DNS/,
    },
    {
      name: 'no request is put together with its calls',
      inputs,
      ...new Serving().serve(30, 103, call).exchangesOnly,
      why: /no request was seen together/,
    },
  ],
});
