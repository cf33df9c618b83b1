import { expect, it } from 'vitest';
import { inputOf } from '../../../model/testing/rows.ts';
import { FetchLog } from './fetch-log.ts';
import { credentials, Serving } from '../testing/serving.ts';
import { whyOf } from './storm-report.ts';

const NOW = 1_700_000_000;

/** Fetches of a session of an hour of which so many seconds are left at first, then one of a new session. */
function renewed(fetches: number, left: number): FetchLog {
  const session = { issuedAt: NOW + left - 3600, expiresAt: NOW + left };
  const { exchanges } = new Serving()
    .serve(fetches, 30, [{ at: 1, takes: 20, parts: credentials(session) }])
    .request(30, [{ at: 1, takes: 20, parts: credentials({ issuedAt: NOW, expiresAt: NOW + 3600 }) }]);
  const log = new FetchLog();
  for (const exchange of exchanges) if (exchange.metadata !== null) log.fetch(exchange, false, inputOf());
  return log;
}

it('tells what was left of sessions that were asked for again, and not of the one that ended it', () => {
  expect(whyOf(renewed(10, 310))).toMatch(/^, though 5 min \d+ s of 60 min were left$/);
});

it('tells what is left of the only one where none was asked for again', () => {
  expect(whyOf(renewed(0, 310))).toMatch(/^, though (59 min \d+ s|60 min) of 60 min were left$/);
});
