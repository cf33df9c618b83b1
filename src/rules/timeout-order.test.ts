import { at } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { inputOf } from '../model/testing/rows.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Serving, type Step } from './support/testing/serving.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import rule from './timeout-order.ts';

const gaveUp = { status: 504, outcome: 'error' } as const;

const some = (count: number, takes = 2001): Traffic => {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) traffic.calls(6).call({ takes: takes + index }, gaveUp);
  return traffic;
};

const error = { status: 502, outcome: 'error' } as const;
const unanswered: Partial<Exchange> = {
  status: -1,
  outcome: 'cancelled',
  endedBy: 'client',
  firstByteAt: at(Number.NaN),
};

/** Requests of which some end in 502, each with a call. */
function failing(call: Step) {
  const requests = new Serving();
  for (let index = 0; index < 4; index++)
    requests.serve(8, 12, [{ at: 1, takes: 10 }]).request(1003, [call], { ...error });
  return requests.rows;
}

ruleTester(rule, {
  finds: [
    {
      name: '504 after the same time each time',
      ...some(5).rows,
      reports: [
        {
          says: /^10\.96\.44\.12:8080 answered 5 of 35 calls with 504, 2 s after each came/,
          count: 5,
          of: 35,
          cost: [1.99, 2.01],
          confidence: 'likely',
          errors: 5,
          settings: [/proxy_read_timeout.* 2 s wire/, /more than 2 s/],
          fixes: [/before the outer hop does/, /proxy-read-timeout/],
          evidence: [/504 after 2 s/],
        },
      ],
    },
    {
      name: 'after all sorts of times',
      ...some(3).call({ takes: 3500 }, gaveUp).rows,
      reports: [{ count: 4, confidence: 'possible' }],
    },
    {
      name: '502 as soon as the call of a request is given up',
      inputs: [inputOf()],
      ...failing({ at: 1, takes: 1000, parts: unanswered }),
      reports: [
        {
          says: /^10\.0\.3\.7:8080 answered 4 of 36 calls with 502, 1 s after each came/,
          count: 4,
          confidence: 'likely',
          because: /its own call was given up just before, and each comes after the same time/,
          errors: 4,
        },
      ],
    },
    {
      name: 'at the gateway that a service calls, such as a sidecar, where its own callers get no 504',
      inputs: [inputOf()],
      ...joined(
        new Traffic({ client: '10.0.9.9', server: '10.0.3.7', serverPort: 80 }).calls(6, { takes: 320 }).rows,
        new Traffic({ client: '10.0.3.7', server: '127.0.0.1', serverPort: 9000 })
          .calls(3, { takes: 301 }, gaveUp)
          .calls(3, { takes: 8 }).rows,
      ),
      reports: [{ count: 3, of: 6, subject: '127.0.0.1:9000', confidence: 'likely' }],
    },
    { name: 'once: worth knowing', ...some(1).rows, reports: [{ count: 1, onlyInfo: true, confidence: 'possible' }] },
    {
      name: 'at the gateway, its callers’ and not its own call to another gateway',
      inputs: [inputOf()],
      ...joined(
        new Traffic({ client: '10.0.9.9', server: '10.0.3.7', serverPort: 80 }).calls(3, { takes: 2010 }, gaveUp).rows,
        new Traffic().calls(3, { takes: 2005 }, gaveUp).rows,
      ),
      reports: [{ count: 3, subject: '10.0.3.7:80' }],
    },
  ],
  clear: [
    {
      name: '502 for a call that answered so itself',
      inputs: [inputOf()],
      ...failing({ at: 1, takes: 1000, parts: error }),
    },
    {
      name: '502 some time after a call was given up',
      inputs: [inputOf()],
      ...failing({ at: 1, takes: 400, parts: unanswered }),
    },
    {
      name: '502 for a call that was given up as soon as it was made',
      inputs: [inputOf()],
      ...failing({ at: 995, takes: 5, parts: unanswered }),
    },
    { name: 'answers', ...new Traffic().calls(20).rows },
    { name: 'slow answers, within the timeout', ...new Traffic().calls(20).calls(5, { takes: 1600 }).rows },
    { name: '504 at once', ...new Traffic().calls(20).calls(5, { takes: 3 }, gaveUp).rows },
    {
      name: '503 and 502 after a wait',
      ...new Traffic()
        .calls(5, { takes: 2000 }, { status: 503, outcome: 'error' })
        .calls(5, { takes: 2000 }, { status: 502, outcome: 'error' }).rows,
    },
    { name: 'streams', ...new Traffic().calls(5, { takes: 2000 }, { ...gaveUp, shape: 'stream' }).call().rows },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no call was seen/ }],
});
