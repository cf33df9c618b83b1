import { describe, expect, it } from 'vitest';
import type { Exchange } from '../model/exchange.ts';
import { milliseconds, nanoseconds } from '../base/time.ts';
import { REST_OF_REQUEST } from '../model/request.ts';
import { connectionOf, inputOf, waitOf } from '../model/testing/rows.ts';
import { RULES } from '../rules/registry.ts';
import { handOn, type Rows } from '../rules/support/testing/run-rule.ts';
import { Serving } from '../rules/support/testing/serving.ts';
import { Traffic } from '../rules/support/testing/traffic.ts';
import { unread } from '../rules/support/testing/waiting.ts';
import { createDiagnosis } from './diagnose.ts';

const sees = { dns: false, tcp: true, http: true, bothDirections: true };
const input = inputOf({ vantage: { ...inputOf().vantage, sees } });

function verdictOn(rows: Rows): string {
  const run = createDiagnosis({ rules: RULES, inputs: [input], version: '0.1.0' });
  run.observer.input(input);
  handOn(rows, [run.observer]);
  run.observer.finish();
  return run.result().verdict.says;
}

/** A request, and what its service asks in the background meanwhile. */
const aside = (takes: number, parts: Partial<Exchange> = {}): Rows => ({
  ...new Serving().request(takes, [
    { at: 1, takes: 3 },
    { at: 2, takes: 4860, own: true, parts },
  ]).rows,
  connections: [connectionOf()],
});

/** A request whose client takes nearly all of it for sending it, or of which a body takes that. */
function sent(what: string): Rows {
  const { requests = [], ...rows } = new Serving().request(2130, []).rows;
  const uploads = requests.map((request) => {
    const { startedAt, duration } = request;
    const wait = waitOf({ reason: 'transfer', to: '10.0.9.9', what, startedAt, duration, critical: duration });
    return { ...request, waits: [wait], own: nanoseconds(0) };
  });
  return { ...rows, requests: uploads, connections: [connectionOf()] };
}

/** A client's call of 40 ms, and how long it connected before. */
function connecting(takes: number): Rows {
  const { requests = [], ...rows } = new Serving().request(40, []).rows;
  const connect = milliseconds(takes);
  const all = requests.map((request) => {
    const { startedAt, duration } = request;
    const wait = waitOf({ reason: 'connect', to: '10.96.44.12:8080', startedAt, duration: connect, critical: connect });
    return { ...request, duration: nanoseconds(duration + connect), waits: [wait] };
  });
  return { ...rows, requests: all, connections: [connectionOf()] };
}

/** Calls of a client, the first of them answered with an error. */
const answered = (calls: number, errors: number): Rows =>
  new Traffic()
    .open({ before: true })
    .calls(errors, {}, { status: 503, outcome: 'error' })
    .calls(calls - errors).rows;

describe('the verdict on requests of a service', () => {
  it.each([
    [
      'one of which the service itself takes most, or whom it asks in a protocol that nobody knows',
      { ...new Serving().request(2130, [{ at: 5, takes: 500 }]).rows, connections: [unread(4000)] },
      'no known cause makes requests slow, yet some are: 1 request and 1 other call, slowest 2.13 s, 1.63 s of it in 10.0.3.7:8080 itself, or waiting for 10.0.9.5:5672, which can’t be read',
    ],
    [
      'one whose client pauses in the midst of it',
      sent('sender-idle'),
      'no known cause makes requests slow, yet some are: 1 request, slowest 2.13 s, nearly all of it waiting for 10.0.9.9 to send the request',
    ],
    [
      'one that never comes whole',
      sent(REST_OF_REQUEST),
      'no known cause makes requests slow, yet some are: 1 request, slowest 2.13 s, nearly all of it waiting for 10.0.9.9 to send the request',
    ],
    [
      'one whose answer takes its way',
      sent('path'),
      'no known cause makes requests slow, yet some are: 1 request, slowest 2.13 s, nearly all of it for bodies on their way (10.0.9.9)',
    ],
    [
      'quick ones, beside a worker’s poll for tasks',
      aside(40),
      'no request is slow: 1 request, slowest 40 ms; a call that none of them waits for takes 4.86 s, at 10.20.30.40:9200',
    ],
    [
      'quick ones, beside a slow call of somebody else, which may be a request',
      aside(40, { client: '10.0.8.8' }),
      'no known cause makes requests slow, yet some are: 1 request and 2 other calls, slowest 4.86 s, at 10.20.30.40:9200',
    ],
    [
      'quick ones, each with two calls of its service',
      {
        ...new Serving().serve(20, 40, [
          { at: 1, takes: 3 },
          { at: 5, takes: 3 },
        ]).rows,
        connections: [connectionOf()],
      },
      'no request is slow: 20 requests and 40 other calls, slowest 40 ms',
    ],
    [
      'a slow one, beside a worker’s poll for tasks',
      aside(2130),
      'no known cause makes requests slow, yet some are: 1 request, slowest 2.13 s, nearly all of it in 10.0.3.7:8080 itself; a call that none of them waits for takes 4.86 s, at 10.20.30.40:9200',
    ],
    [
      'quick ones of which many are answered with an error',
      answered(100, 2),
      'no request is slow: 100 requests, slowest 4 ms; but 10.96.44.12:8080 answered 2 of 100 calls with 503',
    ],
    ['quick ones of which one is', answered(101, 1), 'no request is slow: 101 requests, slowest 4 ms'],
    [
      'a client’s own, with what connecting took before the slowest',
      connecting(6),
      'no request is slow: 1 request, slowest 46 ms',
    ],
    [
      'a client’s own, of which one waits for its connection',
      connecting(800),
      'no known cause makes requests slow, yet some are: 1 request, slowest 840 ms, nearly all of it connecting to 10.96.44.12:8080',
    ],
  ])('%s', (_, rows: Rows, says) => {
    expect(verdictOn(rows)).toBe(says);
  });
});
