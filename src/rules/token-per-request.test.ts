import type { Exchange } from '../model/exchange.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Serving, type Step } from './support/testing/serving.ts';
import rule from './token-per-request.ts';

const ISSUER = {
  server: '10.20.30.50',
  serverPort: 8081,
  method: 'POST',
  path: '/oauth2/token',
  connection: '0.c-token',
};

const token = (expiresIn: number, parts: Partial<Exchange> = {}): Step => ({
  at: 1,
  takes: 30,
  parts: { ...ISSUER, grant: { expiresIn }, ...parts },
});
const CALL: Step = { at: 32, takes: 8 };

/** Requests of which each, or each so many-th, asks for a token before its call. */
function fetching(count: number, expiresIn: number, every = 1, pause = 0): Serving {
  const serving = new Serving();
  for (let index = 0; index < count; index++) {
    serving.request(62, index % every === 0 ? [token(expiresIn), CALL] : [CALL]).wait(pause);
  }
  return serving;
}

/** Requests that come when the tokens of the one before have ended, and fetch one for each of two audiences. */
function twice(count: number): Serving {
  const serving = new Serving();
  for (let index = 0; index < count; index++) {
    serving.request(95, [token(1), { ...token(1), at: 32 }, { at: 64, takes: 8 }]).wait(2000);
  }
  return serving;
}

/** A gateway before the issuer: its callers' fetches are its requests. */
function handingOn(count: number): Serving {
  const serving = new Serving();
  const asked = { method: 'POST', path: ISSUER.path, grant: { expiresIn: 3600 } };
  for (let index = 0; index < count; index++) serving.request(33, [token(3600)], asked);
  return serving;
}

ruleTester(rule, {
  finds: [
    {
      name: 'a token in each request, though one is good for an hour',
      ...fetching(20, 3600).rows,
      reports: [
        {
          message: 'lives',
          says: /^19 of 20 requests fetched a token from 10\.20\.30\.50:8081 again, 30 ms each, though one is good for 60 min$/,
          count: 19,
          of: 20,
          cost: [0.029, 0.031],
          confidence: 'likely',
          evidence: [/^a token, asked for again$/],
          subject: '10.0.3.7:8080',
          settings: [/expires_in\) 60 min/, /none, it is asked for anew/],
          fixes: [/keep the token/],
        },
      ],
    },
    {
      name: 'tokens that live no longer than the window in which they are asked for again',
      ...fetching(20, 60).rows,
      reports: [{ says: /good for 60 s$/, settings: [/60 s/, /window/], fixes: [/live longer/, /keep the token/] }],
    },
    {
      name: 'tokens of which no answer says how long they live',
      ...fetching(20, Number.NaN).rows,
      reports: [{ message: 'unsaid', says: /again, 30 ms each$/, settings: [/not said/, /anew/] }],
    },
  ],
  clear: [
    { name: 'a token now and then', ...fetching(40, 3600, 3).rows },
    {
      name: 'some while the one before is good, most when it has ended',
      ...fetching(30, 1, 1, 2000).serve(10, 62, [token(1), CALL]).rows,
    },
    {
      name: 'one for each of two audiences, when both have ended',
      ...twice(20).rows,
    },
    {
      name: 'a gateway that hands on what its callers ask for',
      ...handingOn(20).rows,
    },
    { name: 'tokens that are good for no time at all', ...fetching(20, 0).rows },
    { name: 'a few, of processes that start', ...fetching(4, 3600).rows },
    { name: 'tokens that have ended when the next is asked for', ...fetching(20, 1, 1, 2000).rows },
    { name: 'tokens of users', ...new Serving().serve(20, 62, [token(0, { grant: null }), CALL]).rows },
  ],
  unobservable: [{ name: 'nothing', lookups: [], why: /no request/ }],
});
