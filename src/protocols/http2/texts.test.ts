import { expect, test } from 'vitest';
import { Texts } from './texts.ts';

test('octets that come again give the same text, others their own', () => {
  const texts = new Texts();
  const room = Buffer.alloc(100);
  const textOf = (value: string): string => {
    room.write(value, 3, 'latin1');
    return texts.of(room, 3, 3 + value.length);
  };
  const values = ['/shop.Orders/Get', '/shop.Orders/Put', 'orders', '', '\u00e9\u00ff', 'x'.repeat(90)];
  for (let round = 0; round < 3; round++) expect(values.map(textOf)).toEqual(values);
});

test('more values than there are slots are told apart', () => {
  const texts = new Texts();
  for (let index = 0; index < 5000; index++) {
    const octets = Buffer.from(`value ${index % 1700}`);
    expect(texts.of(octets, 0, octets.length)).toBe(`value ${index % 1700}`);
  }
});
