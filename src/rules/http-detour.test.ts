import rule from './http-detour.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Serving, type Step } from './support/testing/serving.ts';

const answered = (status: number, at = 1): Step => ({ at, takes: 8, parts: { status, path: '/items' } });
const THEN: Step = { at: 10, takes: 8, parts: { path: '/items/' } };
const elsewhere: Step = { at: 10, takes: 8, parts: { server: '10.20.30.99' } };
const AGAIN: Step = { at: 10, takes: 8, parts: { path: '/items' } };
const posted = (step: Step): Step => ({ ...step, parts: { ...step.parts, method: 'POST' } });

ruleTester(rule, {
  finds: [
    {
      name: 'a URL without its slash at the end',
      ...new Serving().serve(20, 20, [answered(307), THEN]).rows,
      reports: [
        {
          message: 'redirected',
          says: /^20 of 20 requests to 10\.0\.3\.7:8080 asked 10\.20\.30\.40:9200 twice, 8 ms each: GET \/items is answered 307 first$/,
          count: 20,
          cost: [0.0079, 0.0081],
          confidence: 'certain',
          evidence: [/^GET \/items: 307$/],
          settings: [/URL that it asks for GET \/items/, /307, a redirect/],
          fixes: [/redirected to/],
        },
      ],
    },
    {
      name: 'a redirect to another host',
      ...new Serving().serve(20, 20, [answered(308), elsewhere]).rows,
      reports: [
        {
          message: 'sentOn',
          says: /asked 10\.20\.30\.40:9200 first, 8 ms each, which sends them on: GET \/items is answered 308$/,
          count: 20,
          confidence: 'likely',
          onlyInfo: true,
        },
      ],
    },
    {
      name: 'a redirect to what cannot be read',
      ...new Serving().serve(20, 20, [
        answered(301),
        { at: 10, takes: 8, parts: { serverPort: 443, protocol: 'tls', method: '', path: '', shape: 'turn' } },
      ]).rows,
      reports: [{ message: 'redirected', count: 20, confidence: 'certain' }],
    },
    {
      name: 'a redirect to something else there',
      ...new Serving().serve(20, 20, [answered(302), { ...AGAIN, parts: { path: '/login' } }]).rows,
      reports: [{ message: 'redirected', confidence: 'likely' }],
    },
    {
      name: 'credentials that are sent only when they are asked for',
      ...new Serving().serve(20, 20, [answered(401), AGAIN]).rows,
      reports: [
        {
          message: 'challenged',
          says: /without credentials first \(401\)$/,
          settings: [/none/, /401/],
          fixes: [/preemptive/],
        },
      ],
    },
  ],
  clear: [
    { name: 'a redirect that nobody follows', ...new Serving().serve(20, 20, [answered(302)]).rows },
    { name: 'a call that goes on beside it', ...new Serving().serve(20, 20, [answered(302, 9), THEN]).rows },
    { name: 'a refusal, and a call to somebody else', ...new Serving().serve(20, 20, [answered(401), elsewhere]).rows },
    {
      name: 'a refusal, and another question to the same server',
      ...new Serving().serve(20, 20, [answered(401), THEN]).rows,
    },
    {
      name: 'a POST that is sent to its result',
      ...new Serving().serve(20, 20, [posted(answered(302)), THEN]).rows,
    },
    {
      name: 'a redirect that is not followed before other work is done',
      ...new Serving().serve(20, 30, [answered(302), posted(elsewhere), { ...THEN, at: 20 }]).rows,
    },
    { name: 'what is not modified', ...new Serving().serve(20, 20, [answered(304), THEN]).rows },
    { name: 'some', ...new Serving().serve(8, 20, [answered(307), THEN]).serve(20, 20, [THEN]).rows },
    { name: 'a few of a kind', ...new Serving().serve(4, 20, [answered(307), THEN]).rows },
  ],
  unobservable: [{ name: 'nothing', lookups: [], why: /no request/ }],
});
