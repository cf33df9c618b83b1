import { expect, it } from 'vitest';
import { at } from '../../../base/time.ts';
import type { Metadata } from '../../../model/metadata.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import { FetchLog } from './fetch-log.ts';
import { sidesOf } from './storm-settings.ts';
import { stormCause } from './storm-verdict.ts';
import { credentials, Serving } from '../testing/serving.ts';

const NOW = 1_700_000_000;

/** Of a session of an hour of which so many seconds are left. */
const hour = (left: number): Partial<Metadata> => ({ issuedAt: NOW + left - 3600, expiresAt: NOW + left });

/** Of a token of GCE’s, asked for by a client that nobody knows. */
const token = (remaining: number): Partial<Metadata> => ({
  service: 'gce',
  agent: null,
  software: null,
  issuedAt: Number.NaN,
  expiresAt: Number.NaN,
  remaining,
});

/** Why requests fetch one after another that get these answers, each of them so often; some others do without. */
function causeOf(...answers: readonly (readonly [count: number, metadata: Partial<Metadata>])[]) {
  const serving = new Serving();
  let requests = 0;
  for (const [count, metadata] of answers) {
    serving.serve(count, 80, [{ at: 1, takes: 40, parts: credentials(metadata) }]);
    requests += count;
  }
  const log = new FetchLog();
  for (const exchange of serving.exchanges) {
    const { metadata, startedAt, duration } = exchange;
    if (metadata === null) log.served(startedAt, at(startedAt + duration));
    else log.fetch(exchange, false, inputOf());
  }
  return stormCause(log, sidesOf(log).client, { requests: requests + 30, calls: 0, again: 0 });
}

it('calls it no storm when a session is renewed as soon as it is due', () => {
  expect(causeOf([9, hour(900)], [1, hour(3600)])).toBeNull();
  expect(causeOf([9, token(300)], [1, token(3599)])).toBeNull();
});

it('calls it one when a session is renewed that has long been due', () => {
  expect(causeOf([9, hour(320)], [1, hour(3600)])).toBe('window');
  expect(causeOf([9, token(120)], [1, token(3599)])).toBe('window');
});

it('calls it one when a session is due and not renewed yet', () => {
  expect(causeOf([9, hour(900)])).toBe('window');
});

it('calls it one when the new session is asked for again as well', () => {
  expect(causeOf([9, hour(900)], [9, hour(3600)])).toBe('window');
});
