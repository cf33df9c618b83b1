import { expect, it } from 'vitest';
import { Distribution } from '../base/distribution.ts';
import { milliseconds } from '../base/time.ts';
import type { Report } from '../model/finding.ts';
import { latencyWords } from './latency-words.ts';

type Parts = Pick<Report, 'unit'> & Partial<Pick<Report, 'latency' | 'latencyUnit' | 'costBetween' | 'subject'>>;

const words = (parts: Parts): string =>
  latencyWords({ subject: { kind: 'server', name: '10.96.44.12:8080' }, latency: new Distribution(), ...parts });

it('say whose time a share is of', () => {
  expect(words({ unit: 'exchanges' })).toBe('all call time with 10.96.44.12:8080');
  expect(words({ unit: 'calls', subject: { kind: 'client', name: '10.0.3.7' } })).toBe('all call time of 10.0.3.7');
  expect(words({ unit: 'requests' })).toBe('all request time of 10.96.44.12:8080');
  expect(words({ unit: 'connections' })).toBe('all connecting time with 10.96.44.12:8080');
});

it('say what is not the unit’s', () => {
  expect(words({ unit: 'connections', latencyUnit: 'exchanges' })).toBe('all call time with 10.96.44.12:8080');
});

it('say that waits between calls are a part of the whole', () => {
  expect(words({ unit: 'calls', costBetween: milliseconds(250) })).toBe(
    'all call time with 10.96.44.12:8080, and between tries',
  );
});

it('name nobody where it is the whole capture’s', () => {
  const subject = { kind: 'client', name: '10.0.3.7' } as const;
  expect(latencyWords({ unit: 'lookups', subject })).toBe('all lookup time');
  expect(words({ unit: 'exchanges', subject: { kind: 'capture', name: '12 others' } })).toBe('all call time');
});
