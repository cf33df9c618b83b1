import { expect, it } from 'vitest';
import { at } from '../../../base/time.ts';
import type { Metadata } from '../../../model/metadata.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import { FetchLog } from './fetch-log.ts';
import { settingsOf, sidesOf } from './storm-settings.ts';
import { credentials, Serving } from '../testing/serving.ts';

const NOW = 1_700_000_000;

/** Fetches a tenth of a second apart, each of a session of which so much was left at `NOW`, and what is told of both sides. */
function told(sessions: readonly { id: string; left: number }[], parts: Partial<Metadata> = {}, apart = 100) {
  const log = new FetchLog();
  const serving = new Serving();
  for (const { id, left } of sessions) {
    const life = { issuedAt: Number.NaN, expiresAt: NOW + left, session: id, ...parts };
    serving.call(40, credentials(life)).wait(apart - 41);
  }
  for (const exchange of serving.exchanges) log.fetch(exchange, false, { ...inputOf(), startsAt: at(0) });
  const settings = settingsOf(log, sidesOf(log), 'window');
  return settings.map(({ setting, value, origin }) => `${setting}: ${value} (${origin})`);
}

const same = (count: number, left: number) => Array.from({ length: count }, () => ({ id: 'a', left }));

it('a default that the answers do not contradict is told as one', () => {
  expect(told(same(5, 600)).slice(0, 2)).toEqual([
    '--session-duration: 15 min (default)',
    '--session-refresh: 5 min (default)',
  ]);
});

it('a session that is handed out with less left than the default says was not renewed at that', () => {
  expect(told(same(5, 200))[1]).toBe('--session-refresh: at most 3 min 20 s (wire)');
  // As far as clocks differ it may have been.
  expect(told(same(5, 280))[1]).toBe('--session-refresh: 5 min (default)');
});

it('a session with more left than the default lasts lives longer', () => {
  expect(told(same(5, 3000))[0]).toBe('--session-duration: at least 50 min (wire)');
});

it('where a new session takes the place of the former, both settings are on the wire', () => {
  const renewed = [...same(4, 420.3), ...Array.from({ length: 4 }, () => ({ id: 'b', left: 1800.4 }))];
  expect(told(renewed, {}).slice(0, 2)).toEqual([
    '--session-duration: 30 min (wire)',
    '--session-refresh: 7 min (wire)',
  ]);
});

it('between answers that are far apart it may have come at any time', () => {
  const renewed = [
    { id: 'a', left: 440 },
    { id: 'b', left: 880 },
  ];
  expect(told(renewed, {}, 20_000).slice(0, 2)).toEqual([
    '--session-duration: 15 min (default)',
    '--session-refresh: 5 min (default)',
  ]);
});

it('sessions that take turns are those of two roles, and none is renewed', () => {
  const turns = Array.from({ length: 8 }, (_, index) => ({ id: index % 2 === 0 ? 'a' : 'b', left: 700 + index }));
  expect(told(turns)[1]).toBe('--session-refresh: 5 min (default)');
});

it('a provider that keeps none hands out a new one each time', () => {
  const fresh = Array.from({ length: 6 }, (_, index) => ({ id: `s${index}`, left: 900 + index * 0.1 }));
  expect(told(fresh, { service: 'ecs', agent: null }).slice(0, 2)).toEqual([
    'session length: 15 min (wire)',
    'new credentials before expiry: all of it: each answer has a new session (wire)',
  ]);
});

it('half of what sessions of kube2iam live is what it renews them at', () => {
  expect(told(same(5, 700), { agent: 'kube2iam', issuedAt: NOW - 200 }).slice(0, 2)).toEqual([
    '--iam-role-session-ttl (twice that): 15 min (wire)',
    '--iam-role-session-ttl: 7 min 30 s (wire)',
  ]);
});
