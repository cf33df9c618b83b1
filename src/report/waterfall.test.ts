import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Alike } from '../model/alike.ts';
import { toRequestRow } from '../model/request-row.ts';
import { atMs, inputOf, requestOf, waitOf } from '../model/testing/rows.ts';
import { renderAlike } from './alike.ts';
import { renderRequest } from './waterfall.ts';

const row = toRequestRow(
  requestOf({
    id: '0.r31',
    startedAt: atMs(100),
    duration: milliseconds(200),
    ambiguous: true,
    waits: [
      waitOf({
        reason: 'queue',
        to: '169.254.169.254:80',
        ref: '',
        what: '',
        packets: [],
        startedAt: atMs(100),
        duration: milliseconds(120),
        confidence: 'likely',
      }),
      waitOf({
        to: '10.20.30.40:9200',
        startedAt: atMs(250),
        duration: milliseconds(30),
        alternatives: [{ request: '0.r30', probability: 0.2 }],
      }),
      waitOf({
        reason: 'dns',
        to: '10.96.0.10:53',
        ref: '0.l1',
        what: 'a\u001B[31mb',
        startedAt: atMs(285),
        duration: milliseconds(5),
      }),
    ],
  }),
  [inputOf()],
);
// 24 columns for 200 ms: the queue takes 14 of them, the call 4 from the 18th on.
const bars = (before: number, length: number): string => (' '.repeat(before) + '█'.repeat(length)).padEnd(24);
const look = { color: false, unicode: true, width: 110 };

describe('a waterfall', () => {
  it.each([
    ['stall', 'loss', /stall .* 10\.0\.3\.9 resent segments$/m],
    ['transfer', 'path', /on its way .* 10\.0\.3\.9 as fast as the path takes it$/m],
    ['transfer', 'window', /on its way .* 10\.0\.3\.9 one receive window for each round trip$/m],
  ] as const)('says what kept a %s of the reason %s', (reason, what, says) => {
    const wait = waitOf({ reason, what, to: '10.0.3.9', startedAt: atMs(100), duration: milliseconds(50) });
    const request = requestOf({ startedAt: atMs(100), duration: milliseconds(200), waits: [wait] });
    expect(renderRequest(toRequestRow(request, [inputOf()]), { ...look, width: 120 })).toMatch(says);
  });

  it('has a line for each wait: when, what, how long, its packets, for whom; own time last', () => {
    const lines = renderRequest(row, look).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '    request 0.r31, GET /api/search, took 200 ms, 10.0.9.2:40230 → 10.0.3.7:8080, 200, #3…#22',
      `       +0 s  its turn  120 ms  ${bars(0, 14)}           169.254.169.254:80 (likely)`,
      `    +150 ms  call       30 ms  ${bars(18, 4)}  #18 #19  10.20.30.40:9200 POST /_search`,
      `    +185 ms  dns         5 ms  ${bars(22, 1)}  #18 #19  10.96.0.10:53 a\\x1b[31mb`,
      `             own time   45 ms  ${bars(0, 0)}           22 % of it`,
    ]);
  });

  it('says what else a wait may belong to', () => {
    expect(renderRequest(row, look)).toMatch(/unsure +several requests were in flight: 0\.e2: 0\.r30 \(20 %\)/);
  });

  it('leaves the bars out where there is no room, and writes ASCII where it must', () => {
    const narrow = renderRequest(row, { ...look, width: 60, unicode: false });
    expect(narrow).not.toMatch(/#{3}/);
    expect(narrow).toContain('its turn');
    expect([...narrow].every((letter) => letter.charCodeAt(0) < 0x7f)).toBe(true);
    for (const text of [narrow, renderRequest(row, look)]) expect(text).not.toContain('\u001B');
  });

  it('is the same where nothing lasted', () => {
    const nothing = toRequestRow(requestOf({ duration: milliseconds(0), waits: [] }), [inputOf()]);
    expect(renderRequest(nothing, look)).toMatch(/own time +0 s +0 % of it/);
  });
});

describe('requests that are alike', () => {
  const alike: Alike = {
    request: row,
    dearest: { reason: 'queue', to: '169.254.169.254:80', seconds: 0.12 },
    alike: { count: 12, p50Seconds: 0.2, p99Seconds: 0.3, maxSeconds: 0.3 },
    others: { count: 8, p50Seconds: 0.02, p99Seconds: 0.03, maxSeconds: 0.03 },
    examples: [
      { id: '0.r9', startedAt: null, startSeconds: 1.5, durationSeconds: 0.3, dearestSeconds: 0.21 },
      { id: '0.r31', startedAt: null, startSeconds: 0.1, durationSeconds: 0.2, dearestSeconds: 0.12 },
    ],
  };

  it('are counted beside the others of their kind, the slowest listed', () => {
    const text = renderAlike(alike, look);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'alike 12 of 20 requests GET /api/search: most of their time goes to waiting for their turn (169.254.169.254:80); p50 200 ms, p99 300 ms, slowest 300 ms others 8 requests: p50 20 ms',
    );
    expect(text).toMatch(
      /0\.r9 {5}300 ms {2}210 ms of it, 70 %\n.*0\.r31 \* {2}200 ms {2}120 ms of it, 60 %\n.*… 10 more/,
    );
  });

  it('may be none', () => {
    const none = { count: 0, p50Seconds: 0, p99Seconds: 0, maxSeconds: 0 };
    const one = { count: 1, p50Seconds: 0.2, p99Seconds: 0.2, maxSeconds: 0.2 };
    const text = renderAlike({ ...alike, alike: one, others: none }, look);
    expect(text).toMatch(/alike +the only GET \/api\/search in the capture/);
    expect(text).not.toContain('others');
  });
});
