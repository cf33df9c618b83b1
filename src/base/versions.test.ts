import { expect, test } from 'vitest';
import { compareVersions } from './versions.ts';

test.each([
  ['1.11.300', '1.12.188', -1],
  ['2.9', '2.10', -1],
  ['v1.2', '1.2.0', 0],
  ['2.36-9+deb12u14', '2.36', 0],
  ['4.1.116.Final', '4.1.99', 1],
  ['', '0', 0],
])('%s against %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
  expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign);
});
