import fc from 'fast-check';
import { expect, it } from 'vitest';
import { commonStem, stepOf } from './search-walk.ts';

const walkStep = (before: string, next: string) => stepOf(before, next, commonStem(before, next));
const CLUSTER = ['prod.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];

it("follows Kubernetes' search list from suffix to suffix and to the name as it is", () => {
  for (const name of ['db', 'api.example.com', 'db.prod.svc.cluster.local']) {
    const asked = [...CLUSTER.map((suffix) => `${name}.${suffix}`), name];
    for (let index = 1; index < asked.length; index++) {
      expect(walkStep(asked[index - 1] as string, asked[index] as string), `${asked[index]}`).toBe('strong');
    }
  }
});

it('is sure of the stem only where a suffix shrinks or goes', () => {
  expect(walkStep('db.cluster.local', 'db.eu-west-1.compute.internal')).toBe('weak');
  expect(walkStep('db', 'db.cluster.local')).toBe('strong');
  expect(walkStep('db.cluster.local', 'cache.cluster.local')).toBe('none');
  expect(walkStep('db.cluster.local', 'db.cluster.local')).toBe('none');
  expect(walkStep('database.cluster.local', 'data.cluster.local')).toBe('none');
});

it('finds the stem that any name keeps under any two suffixes that begin differently', () => {
  const label = fc.stringMatching(/^[a-z]{1,8}$/);
  const labels = fc.array(label, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(labels, labels, labels, (stem, one, other) => {
      fc.pre(one[0] !== other[0]);
      const name = stem.join('.');
      expect(commonStem(`${name}.${one.join('.')}`, `${name}.${other.join('.')}`)).toBe(name.length);
      expect(commonStem(`${name}.${one.join('.')}`, name)).toBe(name.length);
    }),
  );
});
