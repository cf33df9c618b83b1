import rule from './connection-pool-wait.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { credentials, Serving } from './support/testing/serving.ts';

/** Callers at once, of which one at a time gets its turn, or so many. */
function inLine(rounds: number, callers: number, parts = {}, most = 1): Serving {
  const serving = new Serving();
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < callers; place++) {
      const queued = 40 * Math.floor(place / most);
      const step = { at: 1 + queued, takes: 40, parts, ...(queued === 0 ? {} : { queued }) };
      serving.request(queued + 42, [step], {}, place < callers - 1);
    }
  }
  return serving;
}

/** Some that wait for a turn and make three calls each, and others of that path that make none. */
function mixedUp(rounds: number, path: string): Serving {
  const serving = new Serving();
  for (let round = 0; round < rounds; round++) {
    serving.request(112, [
      { at: 41, takes: 20, queued: 40 },
      { at: 62, takes: 20 },
      { at: 83, takes: 20 },
    ]);
    for (let other = 0; other < 2; other++) serving.request(90, [], { path });
  }
  return serving;
}

ruleTester(rule, {
  finds: [
    {
      name: 'requests that make several calls each, beside those of another kind that make none',
      ...mixedUp(6, '/healthz').rows,
      reports: [{ count: 6, of: 18 }],
    },
    {
      name: 'requests in line for one connection',
      ...inLine(5, 4).rows,
      reports: [
        {
          says: /^15 of 20 requests to 10\.0\.3\.7:8080 waited 80 ms for their turn to call 10\.20\.30\.40:9200: one at a time$/,
          count: 15,
          of: 20,
          cost: [0.08, 0.08],
          confidence: 'likely',
          subject: '10.0.3.7:8080',
          settings: [/ 1, fewer/, /each turn/],
          fixes: [/MaxConnsPerHost/],
        },
      ],
    },
    {
      name: 'requests in line for two streams of HTTP/2',
      ...inLine(5, 8, { protocol: 'http/2' }, 2).rows,
      reports: [
        {
          says: /: 2 at a time$/,
          count: 30,
          settings: [/at once 2, fewer/, /each turn/],
          fixes: [/SETTINGS_MAX_CONCURRENT_STREAMS/],
        },
      ],
    },
  ],
  clear: [
    {
      name: 'a slow upstream with connections to spare',
      ...new Serving().serve(20, 200, [{ at: 1, takes: 190 }]).rows,
    },
    { name: 'the lock of an SDK that fetches credentials', ...inLine(5, 4, credentials()).rows },
    { name: 'a few turns, perhaps by chance', ...inLine(1, 4).rows },
  ],
  unobservable: [
    {
      name: 'links that gave some requests the calls of others of their kind',
      ...mixedUp(6, '/api/orders').rows,
      why: /which calls are whose the packets do not tell/,
    },
    { name: 'a client alone', ...inLine(5, 4).exchangesOnly, why: /not on the wire/ },
  ],
});
