import type { Metadata } from '../model/metadata.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './credentials-refresh-storm.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { asking, credentials, roleName, Serving, token, type Step } from './support/testing/serving.ts';

// The Expiration in the answers is on this clock.
const inputs = [inputOf()];

/** A fetch of two calls, then the request's own call. */
const fetching = (metadata: Partial<Metadata> = {}, connection = '0.c-metadata'): Step[] => [
  { at: 1, takes: 43, parts: roleName({ connection }) },
  { at: 45, takes: 44, parts: credentials(metadata, { connection }) },
  { at: 90, takes: 20 },
];

/** Of sessions of six hours. */
const HOURS: Partial<Metadata> = { agent: 'ec2', expiresAt: 1_700_000_000 + 20_000, issuedAt: 1_700_000_000 - 1600 };

const plain: Step[] = [{ at: 1, takes: 20 }];

const storm = (count: number, metadata: Partial<Metadata> = {}): Serving =>
  new Serving().serve(count, 112, fetching(metadata));

/** Requests that come at once and ask one after another, as an SDK lets them. */
function inLine(rounds: number, callers: number): Serving {
  const serving = new Serving();
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < callers; place++) {
      const queued = 90 * place;
      const steps = fetching().map((step) => ({ ...step, at: step.at + queued }));
      const first = steps[0] as Step;
      serving.request(
        queued + 112,
        place === 0 ? steps : [{ ...first, queued }, ...steps.slice(1)],
        {},
        place < callers - 1,
      );
    }
  }
  return serving;
}

/** Requests that fetch, each followed by so many that do not. */
function among(rounds: number, others: number, metadata: Partial<Metadata> = {}): Serving {
  const serving = new Serving();
  for (let round = 0; round < rounds; round++) serving.request(112, fetching(metadata)).serve(others, 22, plain);
  return serving;
}

/** Each process asks once, on a connection of its own, then serves the rest. */
function starting(processes: number, metadata: Partial<Metadata> = {}, others = 40): Serving {
  const serving = new Serving();
  for (let index = 0; index < processes; index++) serving.request(112, fetching(metadata, `0.c-m${index}`));
  return serving.serve(others, 22, plain);
}

const quick: Step[] = [
  { at: 1, takes: 4, parts: roleName() },
  { at: 6, takes: 5, parts: credentials() },
  { at: 12, takes: 3 },
];

ruleTester(rule, {
  finds: [
    {
      name: 'a few milliseconds in every request',
      inputs,
      ...new Serving().serve(30, 16, quick).exchangesOnly,
      reports: [{ message: 'fetches', count: 30 }],
    },
    {
      name: 'two calls in every request, with minutes left',
      inputs,
      ...storm(30).rows,
      reports: [
        {
          message: 'requests',
          says: /^30 of 30 requests fetched credentials from kiam server again, 88 ms each, though 1[01] min \d+ s of 15 min were left$/,
          count: 30,
          of: 30,
          subject: '10.0.3.7:8080',
          cost: [0.0879, 0.0881],
          confidence: 'certain',
          habit: true,
          settings: [
            /kiam server --session-duration 15 min wire/,
            /kiam server --session-refresh 5 min default/,
            /AWS SDK for Java v1 refresh window .* 15 min default/,
            /left of the session .* wire/,
          ],
          fixes: [
            /--session-duration=60m and --session-refresh=20m.*alone leaves 18 % .*--session-refresh alone 100 %/,
            /1\.12\.188/,
          ],
          evidence: [/2 calls for each fetch, 87/],
          alone: [
            [/^--session-duration=60m$/, 18],
            [/^--session-refresh=20m$/, 100],
            [/1\.12\.188 or newer/, 0],
          ],
        },
      ],
    },
    {
      name: 'the wait for the SDK’s lock, too',
      inputs,
      ...inLine(6, 4).rows,
      reports: [{ count: 24, of: 24, cost: [0.17, 0.19] }],
    },
    {
      name: 'some requests only, where one asks at a time and others go on',
      inputs,
      ...among(5, 10).rows,
      reports: [{ count: 5, of: 55 }],
    },
    {
      name: 'one request asks at a time, while those of other callers go on without',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 12; index++) {
          serving.request(75, [{ at: 1, takes: 70 }], {}, true).request(112, fetching());
        }
        return serving.rows;
      })(),
      reports: [{ count: 12, of: 24 }],
    },
    {
      name: 'one request that reads the credentials twice: one occurrence',
      inputs,
      ...new Serving().serve(20, 220, [
        ...fetching().slice(0, 2),
        ...fetching().map((step) => ({ ...step, at: step.at + 100 })),
      ]).rows,
      reports: [{ count: 20, of: 20 }],
    },
    {
      name: 'with IMDSv2’s tokens, each a part of the wait',
      inputs,
      ...new Serving().serve(10, 190, [
        { at: 1, takes: 40, parts: token() },
        { at: 42, takes: 40, parts: roleName() },
        { at: 83, takes: 40, parts: token() },
        { at: 124, takes: 40, parts: credentials() },
        { at: 165, takes: 20 },
      ]).rows,
      reports: [{ count: 10, cost: [0.1629, 0.1631], evidence: [/4 calls for each fetch/] }],
    },
    {
      name: 'exchanges alone, where no requests are put together',
      inputs,
      ...storm(30).exchangesOnly,
      reports: [
        {
          message: 'fetches',
          says: /^10\.0\.3\.7 fetched credentials from kiam server 30 times in 90 calls, 87 ms each/,
          count: 30,
          subject: '10.0.3.7',
        },
      ],
    },
    {
      name: 'the last minutes of a longer session: the length as it was seen',
      inputs,
      ...storm(10, { issuedAt: 1_700_000_000 - 2880, expiresAt: 1_700_000_000 + 720 }).rows,
      reports: [
        {
          settings: [/--session-duration 60 min wire/],
          says: /1\d min .*of 60 min were left/,
          fixes: [/^--session-refresh=20m, with --session-duration as it is: that alone leaves 18 % /],
          alone: [[/^--session-refresh=20m$/, 0]],
        },
      ],
    },
    {
      name: 'a container endpoint, whose answers tell no issue, by a release that waits at EC2 only',
      inputs,
      ...new Serving().serve(10, 80, [
        {
          at: 1,
          takes: 40,
          parts: credentials(
            { service: 'ecs', agent: null, software: 'aws-sdk-java/1.12.793', issuedAt: Number.NaN },
            { server: '169.254.170.2', path: '/v2/credentials/{id}' },
          ),
        },
        { at: 42, takes: 20 },
      ]).rows,
      reports: [{ settings: [/ECS credentials endpoint/], noFixes: [/1\.12\.188/, /--session/] }],
    },
    {
      name: 'an SDK that is named, but whose window nobody has measured',
      inputs,
      ...new Serving().serve(10, 80, [
        { at: 1, takes: 40, parts: credentials({ software: 'aws-sdk-go-v2/1.30.0' }) },
        { at: 42, takes: 20 },
      ]).rows,
      reports: [{ settings: [/the SDK \(aws-sdk-go-v2\/1\.30\.0\) refresh window 15 min default/] }],
    },
    {
      name: 'GCE’s token below a window of five minutes',
      inputs,
      ...new Serving().serve(10, 80, [
        {
          at: 1,
          takes: 40,
          parts: asking('/computeMetadata/v1/instance/service-accounts/default/token', {
            service: 'gce',
            agent: null,
            software: 'google-api-go-client/0.5',
            remaining: 270,
          }),
        },
        { at: 42, takes: 20 },
      ]).rows,
      reports: [{ says: /4 min 30 s were left/, confidence: 'certain' }],
    },
    {
      name: 'a capture that cuts packets: told by the sizes of the answers',
      inputs,
      ...new Serving().serve(10, 112, [
        {
          at: 1,
          takes: 43,
          parts: asking(
            '/latest/meta-data/…',
            { asks: 'unknown', software: null, agent: null },
            { responseBytes: 136 },
          ),
        },
        {
          at: 45,
          takes: 44,
          parts: asking(
            '/latest/meta-data/…',
            { asks: 'unknown', software: null, agent: null },
            { responseBytes: 692 },
          ),
        },
        { at: 90, takes: 20 },
      ]).rows,
      reports: [
        {
          count: 10,
          cost: [0.0879, 0.0881],
          confidence: 'likely',
          because: /cuts paths and bodies/,
          says: /cuts off how long/,
          settings: [/left of the session .* the capture cuts the answers off/, /refresh window/],
        },
      ],
    },
    {
      name: 'a socket for each fetch, in requests on one connection of a caller: one process',
      inputs,
      ...starting(10, {}, 0).rows,
      reports: [{ count: 10, of: 10, confidence: 'certain' }],
    },
    {
      name: 'hours left each time: a new client for each request, and no window',
      inputs,
      ...storm(30, HOURS).rows,
      reports: [
        {
          count: 30,
          of: 30,
          says: /fetched credentials .* again, .* each, though 5 h 3\d min of 6 h were left$/,
          settings: [/credentials kept between requests none/, /left of the session/],
          fixes: [/one SDK client/],
        },
      ],
    },
    {
      name: 'a new client in the requests of one kind, among others without',
      inputs,
      ...among(10, 4, HOURS).rows,
      reports: [{ count: 10, of: 50, fixes: [/one SDK client/] }],
    },
    {
      name: 'a clock that is hours off: the session’s length still tells',
      inputs,
      ...storm(10, { issuedAt: 1_700_009_000, expiresAt: 1_700_009_900 }).rows,
      reports: [{ count: 10, settings: [/--session-duration 15 min wire/] }],
    },
  ],
  clear: [
    { name: 'requests without any', inputs, ...new Serving().serve(30, 22, plain).rows },
    { name: 'one fetch', inputs, ...among(1, 40).rows },
    {
      name: 'one fetch per expiry',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 5; index++) {
          const issuedAt = 1_700_000_000 + 900 * index;
          serving.request(112, fetching({ issuedAt, expiresAt: issuedAt + 900 }));
          serving.serve(20, 22, plain).wait(900_000);
        }
        return serving.rows;
      })(),
    },
    { name: 'processes that start, one after another', inputs, ...starting(16).rows },
    {
      name: 'processes that start, each with its own callers, and only that is captured',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 15; index++) {
          serving.request(112, fetching({}, `0.c-m${index}`), { clientPort: 41_300 + index });
        }
        return serving.rows;
      })(),
    },
    {
      name: 'threads that start at once',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 8; index++) serving.request(112, fetching({}, `0.c-m${index}`), {}, index < 7);
        return serving.serve(30, 22, plain).rows;
      })(),
    },
    {
      name: 'a release that holds off for a minute, at many requests between',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 6; index++) serving.request(112, fetching()).serve(30, 22, plain).wait(60_000);
        return serving.rows;
      })(),
    },
    {
      name: 'in the background, with nobody waiting',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 30; index++)
          serving.serve(5, 22, plain).call(40, roleName()).call(40, credentials());
        return serving.rows;
      })(),
    },
    {
      name: 'in the background beside the request’s own call',
      inputs,
      ...new Serving().serve(30, 120, [
        { at: 1, takes: 43, parts: roleName(), own: true },
        { at: 45, takes: 44, parts: credentials(), own: true },
        { at: 1, takes: 110 },
      ]).rows,
    },
    {
      name: 'hours left each time, in programs that start and ask once each',
      inputs,
      ...starting(16, HOURS).rows,
    },
    {
      name: 'hours left each time, by processes that are replaced after some requests',
      inputs,
      ...among(8, 20, HOURS).rows,
    },
    {
      name: 'hours left each time, in the first requests only',
      inputs,
      ...storm(10, HOURS).serve(40, 22, plain).rows,
    },
    {
      name: 'programs that start one after another, with hours left each time, and serve nobody',
      inputs,
      exchanges: (storm(30, HOURS).exchangesOnly.exchanges ?? []).filter(({ server }) => server !== '10.0.3.7'),
    },
    {
      name: 'other paths of the metadata service',
      inputs,
      ...new Serving().serve(30, 60, [
        { at: 1, takes: 30, parts: asking('/latest/meta-data/instance-id', { asks: 'other' }) },
        { at: 32, takes: 20 },
      ]).rows,
    },
    {
      name: 'a provider that answers with errors, asked again',
      inputs,
      ...new Serving().serve(30, 60, [
        {
          at: 1,
          takes: 30,
          parts: credentials(
            { expiresAt: Number.NaN, issuedAt: Number.NaN, session: null },
            { status: 500, outcome: 'error' },
          ),
        },
      ]).rows,
    },
  ],
  unobservable: [
    { name: 'no call', inputs, ...new Serving().request(5000, [], { shape: 'stream' }).exchangesOnly, why: /no call/ },
  ],
});
