import { expect, it } from 'vitest';
import type { ClusterObject } from '../model/workload.ts';
import { namedIn } from './named-addresses.ts';

const OBJECTS: Readonly<Record<string, string>> = {
  '10.96.3.4': 'Service orders',
  '10.244.0.7': 'Pod orders-a',
  'fd00::7': 'Pod orders-b',
};
const nameOf = (address: string): ClusterObject | null => {
  const [kind, name] = (OBJECTS[address] ?? '').split(' ');
  return name === undefined ? null : ({ kind, name, namespace: 'shop' } as ClusterObject);
};

it.each([
  ['10.96.3.4:80 answers late', 'Service shop/orders (10.96.3.4:80) answers late'],
  [
    '10.244.0.7:8081 behind 10.96.3.4:80 refused 3 of 3',
    'Pod shop/orders-a (10.244.0.7:8081) behind Service shop/orders (10.96.3.4:80) refused 3 of 3',
  ],
  ['at [fd00::7]:8080: none', 'at Pod shop/orders-b ([fd00::7]:8080): none'],
  ['fd00::7 waits', 'Pod shop/orders-b (fd00::7) waits'],
  ['10.96.3.4 asks 10.96.3.4:80', 'Service shop/orders (10.96.3.4) asks 10.96.3.4:80'],
  ['10.96.3.45:80 took 10.96 ms', '10.96.3.45:80 took 10.96 ms'],
  ['110.96.3.4:80 and 10.96.3.4.example.com', '110.96.3.4:80 and 10.96.3.4.example.com'],
])('%s', (says, expected) => {
  expect(namedIn(says, nameOf)).toBe(expected);
});
