import rule from './http-detour.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Serving, type Step } from './support/testing/serving.ts';

const answered = (status: number, at = 1): Step => ({ at, takes: 8, parts: { status, path: '/items' } });
const THEN: Step = { at: 10, takes: 8, parts: { path: '/items/' } };
const elsewhere: Step = { at: 10, takes: 8, parts: { server: '10.20.30.99' } };

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
          settings: [/URL that it asks for GET \/items/, /307, a redirect/],
          fixes: [/redirected to/],
        },
      ],
    },
    {
      name: 'a redirect to another host',
      ...new Serving().serve(20, 20, [answered(308), elsewhere]).rows,
      reports: [{ message: 'redirected', count: 20 }],
    },
    {
      name: 'credentials that are sent only when they are asked for',
      ...new Serving().serve(20, 20, [answered(401), THEN]).rows,
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
    { name: 'what is not modified', ...new Serving().serve(20, 20, [answered(304), THEN]).rows },
    { name: 'some', ...new Serving().serve(8, 20, [answered(307), THEN]).serve(20, 20, [THEN]).rows },
    { name: 'a few of a kind', ...new Serving().serve(4, 20, [answered(307), THEN]).rows },
  ],
  unobservable: [{ name: 'nothing', lookups: [], why: /no request/ }],
});
