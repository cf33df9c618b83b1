import { inputOf } from '../model/testing/rows.ts';
import rule from './serial-calls.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined } from './support/testing/traffic.ts';
import { credentials, Serving, type Step } from './support/testing/serving.ts';

const inputs = [inputOf()];

/** So many calls, each after the one before. */
const inTurn = (count: number, parts: Step['parts'] = {}, pause = 1): Step[] =>
  Array.from({ length: count }, (_, index) => ({
    at: 1 + index * (20 + pause),
    takes: 20,
    parts: { path: '/items/{id}', ...parts },
  }));

const together = (count: number): Step[] =>
  Array.from({ length: count }, () => ({ at: 1, takes: 20, parts: { path: '/items/{id}' } }));

const PATHS = ['/user', '/cart', '/offers', '/ads', '/menu', '/stock'];

/** Links between requests and calls that others could claim as well. */
const unsure = ({ exchanges, requests }: Serving) => ({
  exchanges,
  requests: requests.map((request) => ({ ...request, ambiguous: request.waits.length > 0 })),
});

/** Links that follow what was linked before give one kind what several made. */
const twoKinds = (): Serving => {
  const serving = new Serving().serve(8, 30);
  for (let index = 0; index < 4; index++) serving.request(260, inTurn(12), { path: '/api/stock' });
  return serving;
};

const different: Step[] = inTurn(6).map((step, index) => ({ ...step, parts: { path: PATHS[index] as string } }));

/** Calls to a few services in turn. */
const inTurnTo = (services: number, count: number, parts: Step['parts'] = {}): Step[] =>
  inTurn(count).map((step, index) => ({
    ...step,
    parts: { path: PATHS[index] as string, ...parts, server: `10.20.30.${index % services}`, serverPort: 9200 },
  }));

/** Requests that ask a database for these in turn. */
const statements = (...methods: string[]): Serving =>
  new Serving().serve(
    20,
    20 + methods.length * 21,
    methods.map((method, index) => ({
      at: 1 + index * 21,
      takes: 20,
      parts: { protocol: 'postgresql', path: '', status: -1, method },
    })),
  );

ruleTester(rule, {
  finds: [
    {
      name: 'reads one by one, each in a transaction: its ends count neither as calls nor in the cost',
      ...statements(...Array.from({ length: 5 }, () => ['BEGIN', 'SELECT', 'COMMIT']).flat()).rows,
      inputs,
      reports: [{ count: 20, cost: [0.091, 0.093], says: /made 5 calls to .* \(SELECT\)/ }],
    },
    {
      name: 'reads from two services in turn',
      inputs,
      ...new Serving().serve(10, 130, inTurnTo(2, 5)).rows,
      reports: [
        {
          says: /made 5 calls to 10\.20\.30\.0:9200 and 10\.20\.30\.1:9200 one after another/,
          count: 10,
          cost: [0.083, 0.085],
          confidence: 'possible',
        },
      ],
    },
    {
      name: 'calls that other requests may have made, where all of the kind make as many',
      inputs,
      ...unsure(new Serving().serve(3, 160, inTurn(7)).serve(3, 160, inTurn(5))),
      reports: [{ says: /^6 of 6 requests .* made 6 calls/, count: 6 }],
    },
    {
      name: 'calls that other requests may have made, where some of the kind surely make as many',
      inputs,
      ...joined(
        new Serving().serve(1, 160, inTurn(7)).rows,
        unsure(new Serving().serve(3, 160, inTurn(7)).serve(9, 30)),
      ),
      reports: [{ says: /^4 of 13 requests .* made 7 calls/, count: 4 }],
    },
    {
      name: 'one kind of request among others',
      inputs,
      ...new Serving().serve(9, 30).serve(3, 160, inTurn(7)).rows,
      reports: [{ says: /^3 of 12 requests .* made 7 calls/, count: 3 }],
    },
    {
      name: 'one call for each of many items',
      inputs,
      ...new Serving().serve(10, 430, inTurn(20)).rows,
      reports: [
        {
          says: /^10 of 10 requests to 10\.0\.3\.7:8080 made 20 calls to 10\.20\.30\.40:9200 one after another \(GET \/items\/\{id\}\): 399 ms more than if they went out together$/,
          count: 10,
          cost: [0.398, 0.4],
          confidence: 'likely',
          fixes: [/in one call/],
          evidence: [/20 calls in a row/],
        },
      ],
    },
    {
      name: 'different calls, of which one may need another’s answer',
      inputs,
      ...new Serving().serve(10, 130, different).rows,
      reports: [{ count: 10, confidence: 'possible', cost: [0.104, 0.106], says: /\(GET \/user, GET \/cart\)/ }],
    },
    {
      name: 'each over a connection of its own, to a service far away',
      inputs,
      ...new Serving().serve(
        10,
        430,
        inTurn(6, {}, 31).map((step) => ({ ...step, connects: 30 })),
      ).rows,
      // Opening connections is told by itself.
      reports: [{ count: 10, says: /made 6 calls/, cost: [0.104, 0.106] }],
    },
    {
      name: 'some requests of a service',
      inputs,
      ...new Serving().serve(10, 30, inTurn(1)).serve(4, 430, inTurn(20)).rows,
      reports: [{ count: 4, of: 14 }],
    },
    {
      name: 'once: worth knowing',
      inputs,
      ...new Serving().serve(10, 30, inTurn(1)).request(430, inTurn(20)).rows,
      reports: [{ count: 1, onlyInfo: true }],
    },
  ],
  clear: [
    {
      name: 'a transaction of three statements: its ends go out with none of them',
      ...statements('BEGIN', 'UPDATE', 'SELECT', 'INSERT', 'COMMIT').rows,
      inputs,
    },
    {
      name: 'a statement with what its driver sends around it',
      ...statements('SELECT 1', 'BEGIN', 'EMPTY', 'PREPARE', 'DESCRIBE', 'SELECT', 'ROLLBACK').rows,
      inputs,
    },
    {
      name: 'connections to a database that are set up before the one question',
      inputs,
      ...new Serving().serve(10, 130, inTurn(5, { protocol: 'mongodb', method: 'hello', path: '', status: -1 })).rows,
    },
    { name: 'calls at the same time', inputs, ...new Serving().serve(10, 30, together(10)).rows },
    {
      name: 'calls of other requests, which have none left: each made half as many',
      inputs,
      ...unsure(new Serving().serve(6, 180, inTurn(8)).serve(6, 30)),
    },
    {
      name: 'the same where they are all of one kind, and others of another',
      inputs,
      ...unsure(twoKinds()),
    },
    { name: 'four in a row', inputs, ...new Serving().serve(10, 90, inTurn(4)).rows },
    {
      name: 'pairs at the same time, one pair after another',
      inputs,
      ...new Serving().serve(10, 130, [...inTurn(6), ...inTurn(6)]).rows,
    },
    { name: 'with work of its own between', inputs, ...new Serving().serve(10, 420, inTurn(6, {}, 50)).rows },
    {
      name: 'with work of its own before each connection',
      inputs,
      ...new Serving().serve(
        10,
        560,
        inTurn(6, {}, 70).map((step) => ({ ...step, connects: 10 })),
      ).rows,
    },
    {
      name: 'to different upstreams in turn',
      inputs,
      ...new Serving().serve(
        10,
        130,
        inTurn(6).map((step, index) => ({ ...step, parts: { server: `10.20.30.${index}` } })),
      ).rows,
    },
    {
      name: 'writes to two services in turn',
      inputs,
      ...new Serving().serve(10, 130, inTurnTo(2, 6, { method: 'POST' })).rows,
    },
    {
      name: 'statements to a database and a cache in turn',
      inputs,
      ...new Serving().serve(10, 130, inTurnTo(2, 6, { path: '' })).rows,
    },
    {
      name: 'reads from three services in turn, to one of them once',
      inputs,
      ...new Serving().serve(10, 130, inTurnTo(3, 5)).rows,
    },
    { name: 'a small part of the request', inputs, ...new Serving().serve(10, 1000, inTurn(6)).rows },
    { name: 'calls to the metadata service', inputs, ...new Serving().serve(10, 130, inTurn(6, credentials())).rows },
    {
      name: 'many independent requests of one call each',
      inputs,
      ...new Serving().serve(60, 22, inTurn(1)).rows,
    },
  ],
  unobservable: [
    {
      name: 'no request is put together with its calls',
      inputs,
      ...new Serving().serve(10, 430, inTurn(20)).exchangesOnly,
      why: /no request was seen together/,
    },
  ],
});
