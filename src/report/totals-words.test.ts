import { expect, it } from 'vitest';
import type { Encrypted } from '../model/input.ts';
import { clearDiagnosis, emptyDiagnosis } from './testing/diagnoses.ts';
import { totalsWords, unreadWords } from './totals-words.ts';

const with1000 = (diagnosis: ReturnType<typeof clearDiagnosis>, encrypted: Encrypted[]): string[] => {
  const [input] = diagnosis.inputs;
  if (input === undefined) throw new Error('a diagnosis has an input');
  return unreadWords({
    ...diagnosis,
    inputs: [{ ...input, packets: 1000, damage: { ...input.damage, encrypted } }],
  });
};

it('what is encrypted as a whole is said where it is enough to hide something', () => {
  expect(with1000(clearDiagnosis(), [{ by: 'QUIC', packets: 10 }])).toEqual(['inside QUIC (HTTP/3) (10 packets)']);
  expect(with1000(clearDiagnosis(), [{ by: 'QUIC', packets: 9 }])).toEqual([]);
});

it('what nodes encrypt is said where it does not show beside it as it left its pod', () => {
  expect(with1000(clearDiagnosis(), [{ by: 'IPsec', packets: 500 }])).toEqual(['inside IPsec (500 packets)']);
  expect(with1000(clearDiagnosis(), [{ by: 'WireGuard', packets: 499 }])).toEqual([]);
});

it('nothing is said twice: where there is nothing else, the rules say it', () => {
  expect(with1000(emptyDiagnosis(), [{ by: 'WireGuard', packets: 1000 }])).toEqual([]);
});

it('own time of who asks others in what nobody can read is not certain to be that', () => {
  const diagnosis = clearDiagnosis();
  const own = { reason: 'own', to: null, requests: 3, totalSeconds: 0.9, share: 0.9 } as const;
  const breakdown = [{ ...own, p50Seconds: 0.3, p90Seconds: 0.3, p99Seconds: 0.3 }];
  const timeOf = (servers: string[]): string | undefined => {
    const unread = servers.length === 0 ? [] : [{ service: '10.0.3.7', servers }];
    const totals = totalsWords({ ...diagnosis, requests: { ...diagnosis.requests, count: 3, breakdown, unread } });
    return new Map(totals).get('their time');
  };
  expect(timeOf([])).toBe('90 % own time');
  expect(timeOf(['10.0.9.5:5672'])).toBe('90 % own time, or unreadable calls (10.0.9.5:5672)');
  expect(timeOf(['a:1', 'b:2', 'c:3'])).toBe('90 % own time, or unreadable calls (others)');
});
