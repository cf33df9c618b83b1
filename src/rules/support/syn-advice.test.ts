import { expect, it } from 'vitest';
import { connectionOf, stallOf } from '../../model/testing/rows.ts';
import { losesData, noAnswer, synFixes } from './syn-advice.ts';

const SERVER = '10.0.4.4:8080';
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
