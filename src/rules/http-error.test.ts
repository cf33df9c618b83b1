import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';
import rule from './http-error.ts';

const healthy = (): Traffic => new Traffic().open().calls(5);
const grpc = (grpcStatus: number) =>
  healthy().call({}, { protocol: 'grpc', status: 200, grpcStatus, outcome: grpcStatus === 0 ? 'ok' : 'error' });

ruleTester(rule, {
  finds: [
    {
      name: 'answers of 5xx, with how many of each, and never above info',
      ...healthy()
        .call({}, { status: 500, outcome: 'error' })
        .call({}, { status: 503, outcome: 'error' })
        .call({}, { status: 503, outcome: 'error' }).rows,
      reports: [
        {
          message: 'failed',
          count: 3,
          of: 8,
          subject: '10.96.44.12:8080',
          says: /^10\.96\.44\.12:8080 answered 3 of 8 calls with 503 \(2\), 500 \(1\)$/,
          confidence: 'certain',
          cost: [0, 0],
          errors: 0,
          evidence: [/answered with 5/],
          onlyInfo: true,
        },
      ],
    },
    {
      name: '429, which says that there are too many calls, and no other 4xx beside',
      ...healthy().call({}, { status: 429 }).call({}, { status: 404 }).rows,
      reports: [{ count: 1, of: 7, says: /answered 1 of 7 calls with 429$/, onlyInfo: true }],
    },
    {
      name: 'a gRPC status of the server, by its name, though HTTP says 200',
      ...grpc(14).rows,
      reports: [{ count: 1, of: 6, says: /with UNAVAILABLE$/, onlyInfo: true }],
    },
  ],
  clear: [
    { name: 'answers that are fine', ...healthy().rows, says: /no answer was an error \(5 calls\)/ },
    {
      name: '4xx, which belong to the interface',
      ...healthy().call({}, { status: 404 }).call({ takes: 60 }, { status: 404 }).rows,
      says: /no answer was an error of the server \(7 calls; 2 answered with 4xx or a gRPC code that is none of/,
    },
    {
      name: 'NOT_FOUND, which belongs to the interface',
      ...grpc(5).rows,
      says: /no answer was an error of the server \(6 calls; 1 answered with 4xx or a gRPC code that is none of/,
    },
    { name: 'CANCELLED, which the client wanted', ...grpc(1).rows },
  ],
  unobservable: [
    {
      name: 'a database, which has no status',
      ...new Traffic().open().call({}, { protocol: 'postgresql', status: -1, grpcStatus: -1 }).rows,
      why: /no answer with a status/,
    },
  ],
});
