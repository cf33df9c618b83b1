import { NEVER } from '../base/time.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './metadata-per-request.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { asking, credentials, roleName, Serving, token, type Step } from './support/testing/serving.ts';

const inputs = [inputOf()];

const instanceId = (path = '/latest/meta-data/instance-id', parts = {}) => asking(path, { asks: 'other' }, parts);

const asks = (path?: string): Step[] => [
  { at: 1, takes: 30, parts: token() },
  { at: 33, takes: 30, parts: instanceId(path) },
  { at: 65, takes: 20 },
];

const plain: Step[] = [{ at: 1, takes: 20 }];

const cut = { asks: 'unknown', software: null, agent: null } as const;

const quick: Step[] = [
  { at: 1, takes: 4, parts: instanceId() },
  { at: 6, takes: 3 },
];

ruleTester(rule, {
  finds: [
    {
      name: 'a few milliseconds in every request',
      inputs,
      ...new Serving().serve(30, 10, quick).exchangesOnly,
      reports: [{ count: 30 }],
    },
    {
      name: 'the instance’s id in every request, with the token for it',
      inputs,
      ...new Serving().serve(30, 86, asks()).rows,
      reports: [
        {
          says: /^30 of 30 requests to 10\.0\.3\.7:8080 waited 62 ms for the metadata service \(169\.254\.169\.254:80\): \/latest\/meta-data\/instance-id$/,
          count: 30,
          of: 30,
          cost: [0.0619, 0.0621],
          confidence: 'certain',
          habit: true,
          settings: [/kept between requests none/],
          fixes: [/read it once/],
          noFixes: [/AWS_REGION/],
        },
      ],
    },
    {
      name: 'the region, which can be set',
      inputs,
      ...new Serving().serve(30, 86, asks('/latest/meta-data/placement/region')).rows,
      reports: [{ fixes: [/AWS_REGION/] }],
    },
    {
      name: 'in most requests',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 10; index++) serving.serve(2, 86, asks()).request(22, plain);
        return serving.rows;
      })(),
      reports: [{ count: 20, of: 30 }],
    },
    {
      name: 'exchanges alone, where no requests are put together',
      inputs,
      ...new Serving().serve(30, 86, asks()).exchangesOnly,
      reports: [{ count: 30, of: 30, cost: [0.0599, 0.0601], subject: '10.0.3.7' }],
    },
    {
      name: 'a capture that cuts paths off, with short answers only',
      inputs,
      ...new Serving().serve(10, 60, [
        { at: 1, takes: 30, parts: asking('/latest/meta-data/…', cut, { responseBytes: 121 }) },
        { at: 33, takes: 20 },
      ]).rows,
      reports: [{ count: 10 }],
    },
  ],
  clear: [
    { name: 'requests without any', inputs, ...new Serving().serve(30, 22, plain).rows },
    { name: 'a few while the process starts', inputs, ...new Serving().serve(4, 86, asks()).serve(30, 22, plain).rows },
    {
      name: 'one in ten requests',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 10; index++) serving.request(86, asks()).serve(9, 22, plain);
        return serving.rows;
      })(),
    },
    {
      name: 'credentials',
      inputs,
      ...new Serving().serve(30, 112, [
        { at: 1, takes: 43, parts: roleName() },
        { at: 45, takes: 44, parts: credentials() },
      ]).rows,
    },
    {
      name: 'paths cut off, and no answer in the capture: it may be credentials',
      inputs,
      ...new Serving().serve(30, 60, [
        { at: 1, takes: 40, parts: asking('/latest/meta-data/…', cut, { outcome: 'incomplete', firstByteAt: NEVER }) },
      ]).rows,
    },
    {
      name: 'credentials in a capture that cuts paths off',
      inputs,
      ...new Serving().serve(10, 112, [
        { at: 1, takes: 43, parts: asking('/latest/meta-data/…', cut, { responseBytes: 136 }) },
        { at: 45, takes: 44, parts: asking('/latest/meta-data/…', cut, { responseBytes: 692 }) },
      ]).rows,
    },
    {
      name: 'a program that polls and serves nobody',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 40; index++)
          serving.call(3, instanceId('/latest/meta-data/spot/instance-action')).wait(5000);
        return serving.rows;
      })(),
    },
    {
      name: 'in the background, between requests',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 40; index++) serving.request(22, plain).call(3, instanceId());
        return serving.rows;
      })(),
    },
    {
      name: 'in the background, beside the request’s own call',
      inputs,
      ...new Serving().serve(30, 60, [
        { at: 1, takes: 30, parts: instanceId(), own: true },
        { at: 1, takes: 55 },
      ]).rows,
    },
  ],
  unobservable: [
    { name: 'no call', inputs, ...new Serving().request(5000, [], { shape: 'stream' }).exchangesOnly, why: /no call/ },
  ],
});
