import { expect, it } from 'vitest';
import { connectionOf, stallOf } from '../../../model/testing/rows.ts';
import { advice } from '../fixes.ts';
import { losesData, noAnswer, synFixes } from './syn-advice.ts';

const SERVER = '10.96.44.12:8080';
const silent = (isGone: boolean | null) => ({ backend: '10.244.0.7:8080', count: 4, isGone });
const written = advice('manifest', 'preStop: sleep 5 s', 'Deployment prod/orders', 'take it out', 'kubectl get pods');
const explained = { hasPreStop: false, fix: [] };

const ENDED = /a preStop sleep/;
const DEAD = /take the dead endpoint out/;

it.each([
  ['one that is gone', silent(true), null, [ENDED]],
  ['one of which only that is seen', silent(null), null, [ENDED, DEAD]],
  ['one that never answered', silent(false), null, [DEAD]],
  ['one that is gone, though its manifest lets it sleep', silent(true), { ...explained, hasPreStop: true }, [DEAD]],
  ['one that is gone, as its manifest has it', silent(true), { ...explained, fix: [written] }, [/^preStop: sleep 5 s/]],
  ['one that is gone, and has a manifest', silent(true), explained, [ENDED]],
] as const)('what to do about a back end that does not answer: %s', (_, backend, says, expected) => {
  const titles = synFixes(SERVER, backend, [], says).map(({ title }) => title);
  expect(titles).toEqual(expected.map((words) => expect.stringMatching(words)));
});

it.each([
  [
    'answers some',
    [
      { heard: 3, lossy: 0 },
      { heard: 1, lossy: 0 },
    ],
    /accept queue/,
  ],
  [
    'answers some, and nobody of one client',
    [
      { heard: 0, lossy: 0 },
      { heard: 1, lossy: 0 },
    ],
    /accept queue/,
  ],
  [
    'answers nobody',
    [
      { heard: 0, lossy: 0 },
      { heard: 0, lossy: 0 },
    ],
    /endpoints that are gone/,
  ],
])('what to look at first of a server that %s', (_, groups, first) => {
  const titles = synFixes(SERVER, null, groups).map(({ title }) => title);
  expect(titles).toHaveLength(2);
  expect(titles[0]).toMatch(first);
});

it.each([
  ['gone', silent(true), 'not any more'],
  ['never there', silent(false), 'never'],
  ['seen in vain only', silent(null), 'none'],
])('a back end that is %s', (_, backend, value) => {
  expect(noAnswer(SERVER, backend, false)).toMatchObject({ component: '10.244.0.7:8080', value });
});

const queue = /^look at the server’s accept queue/;
const path = /lost SYNs/;
const isFirst = (groups: Parameters<typeof synFixes>[2]) => synFixes(SERVER, null, groups)[0]?.title;

it('names the accept queue first where the server answers, and loses no data on its way', () => {
  expect(isFirst([{ heard: 9, lossy: 2 }])).toMatch(queue);
  expect(noAnswer(SERVER, null, false, 2).value).toMatch(/or dropped by a full accept queue$/);
});

it('names the path first where it loses data of open connections, too', () => {
  expect(
    isFirst([
      { heard: 9, lossy: 2 },
      { heard: 4, lossy: 1 },
    ]),
  ).toMatch(path);
  expect(noAnswer(SERVER, null, false, 3).value).toMatch(
    /lost on the way, most likely, as is its data on 3 connections/,
  );
  expect(noAnswer(SERVER, null, true, 3).value).toMatch(/its accept queue is full/);
});

it('names the path first where nobody is answered', () => {
  expect(isFirst([{ heard: 0, lossy: 0 }])).toMatch(path);
});

it('takes for lost on the way what no accept queue does', () => {
  const lost = stallOf({ reason: 'loss', from: 'server', resends: 1 });
  const [syn] = connectionOf().syns;
  expect(losesData(connectionOf({ stalls: [lost] }))).toBe(true);
  expect(losesData(connectionOf({ stalls: [{ ...lost, from: 'client' }] }))).toBe(false);
  expect(losesData(connectionOf({ stalls: [{ ...lost, resends: 0 }] }))).toBe(false);
  expect(losesData(connectionOf({ stalls: [{ ...lost, reason: 'path' }] }))).toBe(false);
  expect(losesData(connectionOf({ stalls: [lost], syns: [syn!, syn!] }))).toBe(false);
});
