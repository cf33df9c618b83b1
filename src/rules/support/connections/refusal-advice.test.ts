import { expect, it } from 'vitest';
import { advice } from '../fixes.ts';
import { refusalFixes } from './refusal-advice.ts';

const SERVER = '10.96.44.12:8080';
const nothingWritten = { hasProbe: false, hasPreStop: false, fix: [] };
const probed = { ...nothingWritten, hasProbe: true };
const sleeping = { ...nothingWritten, hasPreStop: true };

it.each([
  ['a pod that ended', 'ended', false, null, [/preStop sleep/]],
  ['one that sleeps before it ends', 'ended', false, sleeping, [/see why it ended/]],
  ['one that never listened', 'never', false, null, [/a readinessProbe on the port/]],
  ['one that never listened, and is probed', 'never', false, probed, [/compare the port/]],
  ['one that refuses some', 'some', false, null, [/a readinessProbe/, /preStop sleep/]],
  [
    'one that refuses some, with a manifest that has neither',
    'some',
    false,
    nothingWritten,
    [/a readinessProbe/, /preStop/],
  ],
  ['one that is probed, and refuses some', 'some', false, probed, [/preStop sleep/, /compare the port/]],
  ['a back end that is probed, and refuses some', 'some', true, probed, [/see why it ended/, /compare the port/]],
] as const)('what to do about %s', (_, kind, isBackendKnown, explained, expected) => {
  const titles = refusalFixes({ kind, isBackendKnown }, SERVER, explained).map(({ title }) => title);
  expect(titles).toEqual(expected.map((words) => expect.stringMatching(words)));
});

it('nothing where the manifest says it better', () => {
  const fix = [advice('manifest', 'targetPort: 8080', SERVER, 'take it back', 'kubectl get svc')];
  expect(refusalFixes({ kind: 'some', isBackendKnown: false }, SERVER, { ...nothingWritten, fix })).toEqual([]);
});
