import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

test('the last so many are kept, as a plain map would keep them that forgets its first', () => {
  const key = fc.integer({ min: 0, max: 12 }).map(String);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(key, { maxLength: 60 }), (most, keys) => {
      const recent = new Recent<string, number>(most);
      const plain = new Map<string, number>();
      for (const [place, one] of keys.entries()) {
        if (!plain.has(one) && plain.size >= most) plain.delete([...plain.keys()][0] as string);
        plain.set(one, place);
        recent.set(one, place);
        for (let other = 0; other <= 12; other++) expect(recent.get(String(other))).toBe(plain.get(String(other)));
      }
    }),
  );
});
