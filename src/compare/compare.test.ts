import { noRequests } from '../report/testing/diagnoses.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { ComparisonSchema, type Comparison } from '../model/comparison.ts';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import type { Sampled, SampledKindRow, SampledRows } from '../model/samples.ts';
import { problemsOf, throughJson } from '../model/testing/validate.ts';
import { compareDiagnoses } from './compare.ts';

interface KindTimes {
  kind?: Partial<SampledKindRow>;
  count: number;
  /** Median in milliseconds. */
  median: number;
}

/** Times spread as latencies are, kinds taking turns. */
function rowsOf(of: Sampled, kinds: readonly KindTimes[], seed: number): SampledRows {
  const random = Random.of(seed);
  const rows = kinds
    .flatMap(({ count, median }, kind) =>
      Array.from({ length: count }, () => ({
        start: random.share() * 60,
        duration: (median / 1e3) * Math.exp(0.4 * (random.share() + random.share() - 1)),
        kind,
      })),
    )
    .toSorted((a, b) => a.start - b.start);
  return {
    of,
    count: rows.length,
    kinds: kinds.map(({ kind, count }) => ({
      protocol: 'http/1.1',
      method: 'GET',
      path: '/items/{id}',
      host: 'shop.example.com',
      server: '10.0.3.7:8080',
      failed: 0,
      ...kind,
      count,
    })),
    rows: {
      startSeconds: rows.map(({ start }) => start),
      durationSeconds: rows.map(({ duration }) => duration),
      kind: rows.map(({ kind }) => kind),
    },
  };
}

const diagnosisOf = (samples: SampledRows[] | undefined, parts: Partial<Diagnosis> = {}): Diagnosis =>
  ({
    tool: { name: 'kubelag', version: '0.1.0' },
    inputs: [],
    verdict: { status: 'clear', says: '' },
    findings: [],
    ruledOut: [],
    unobservable: [],
    requests: noRequests(),
    ...(samples === undefined ? {} : { samples }),
    ...parts,
  }) as Partial<Diagnosis> as Diagnosis;

const inbound = (median: number, seed: number, count = 100): SampledRows =>
  rowsOf('inbound', [{ count, median }], seed);

const verdictOf = (before: SampledRows[], after: SampledRows[]): Comparison['verdict'] =>
  compareDiagnoses(diagnosisOf(before), diagnosisOf(after)).verdict;

const mixed = (slow: number, quick: number, seed: number): SampledRows[] => [
  rowsOf(
    'inbound',
    [
      { kind: { path: '/search' }, count: slow, median: 400 },
      { kind: { path: '/items/{id}' }, count: quick, median: 20 },
    ],
    seed,
  ),
];

const drifting = (from: number, to: number, seed: number): SampledRows => {
  const rows = inbound(1, seed, 120);
  const { durationSeconds } = rows.rows;
  durationSeconds.forEach((value, index) => (durationSeconds[index] = value * (from + ((to - from) * index) / 120)));
  return rows;
};

const lookups = (median: number, seed: number): SampledRows => rowsOf('lookups', [{ count: 200, median }], seed);

describe('compareDiagnoses', () => {
  it('says first whether it worked', () => {
    const { status, says } = verdictOf([inbound(370, 1)], [inbound(25, 2)]);
    expect(status).toBe('improved');
    expect(says).toMatch(
      /^It worked: requests p50 3\d\d ms → 2\d(?:\.\d)? ms \(93 % less; 95 % interval 9[23]\.\d–93\.\d %\)$/,
    );
  });

  it('says that it got worse', () => {
    const { status, says } = verdictOf([inbound(25, 1)], [inbound(370, 2)]);
    expect(status).toBe('worse');
    expect(says).toMatch(/^It got worse: requests p50 2\d.* ms → 3\d\d ms \(1\d times as much/);
  });

  it('says that nothing changed where much data shows no difference', () => {
    const { status, says } = verdictOf([inbound(25, 1, 500)], [inbound(25, 2, 500)]);
    expect(status).toBe('equal');
    expect(says).toMatch(/^No difference: requests p50 /);
  });

  it('says how many would do where it cannot tell', () => {
    const { status, says } = verdictOf([inbound(25, 1, 12)], [inbound(31, 2, 12)]);
    expect(status).toBe('undecided');
    expect(says).toMatch(/12 to compare, about [\d,]+ on each side would do$/);
    const few = verdictOf([inbound(25, 1, 3)], [inbound(25, 2, 3)]);
    expect(few).toEqual({
      status: 'undecided',
      says: 'Not enough data to say: 3 to compare, at least 10 on each side would do',
    });
  });

  it('compares like with like: another mix of requests is no improvement', () => {
    const comparison = compareDiagnoses(diagnosisOf(mixed(150, 100, 1)), diagnosisOf(mixed(20, 230, 2)));
    const [latency] = comparison.latencies;
    expect(latency?.mix.rawChange).toBeLessThan(-0.9);
    expect(latency?.mix.distance).toBeCloseTo(0.52, 2);
    expect(['equal', 'undecided']).toContain(comparison.verdict.status);
    expect(latency?.kinds.map(({ kind }) => kind.path)).toEqual(['/search', '/items/{id}']);
  });

  it('knows a pod by its port after it was replaced, and a service by its name', () => {
    const before = rowsOf('inbound', [{ count: 50, median: 300 }], 1);
    const after = rowsOf('inbound', [{ kind: { server: '10.0.9.9:8080' }, count: 50, median: 20 }], 2);
    expect(verdictOf([before], [after]).status).toBe('improved');
    const called = (servers: readonly string[], seed: number): SampledRows =>
      rowsOf(
        'outbound',
        servers.map((server) => ({ kind: { server }, count: 40, median: 20 })),
        seed,
      );
    const comparison = compareDiagnoses(
      diagnosisOf([called(['10.96.0.4:80'], 1)]),
      diagnosisOf([called(['10.0.3.1:8080', '10.0.3.2:8080'], 2)]),
    );
    expect(comparison.latencies[0]?.after.compared).toBe(80);
  });

  it('compares nothing that is not alike', () => {
    const before = rowsOf('outbound', [{ kind: { method: 'POST', path: '/a' }, count: 50, median: 300 }], 1);
    const after = rowsOf('outbound', [{ kind: { method: 'GET', path: '/b' }, count: 50, median: 20 }], 2);
    expect(verdictOf([before], [after])).toEqual({
      status: 'undecided',
      says: 'Not enough data to say: the two have nothing in common: other methods, paths and servers',
    });
    expect(verdictOf([before], [rowsOf('lookups', [{ count: 50, median: 1 }], 3)]).says).toBe(
      'Not enough data to say: the two hold nothing of the same sort',
    );
  });

  it('takes failing faster for worse', () => {
    const failing = rowsOf('inbound', [{ kind: { failed: 60 }, count: 100, median: 2 }], 2);
    const { status, says } = verdictOf([inbound(25, 1)], [failing]);
    expect(status).toBe('worse');
    expect(says).toContain('failed 0 of 100 → 60 of 100');
  });

  it('does not judge by what drifts in each capture by itself', () => {
    const { status, says } = verdictOf([drifting(60, 30, 1)], [drifting(40, 20, 2)]);
    expect(status).toBe('undecided');
    expect(says).toContain('the halves of one capture differ by themselves');
  });

  it('counts nothing below a millisecond', () => {
    expect(verdictOf([lookups(0.3, 1)], [lookups(0.6, 2)]).status).toBe('equal');
  });

  it('says where what was saved cannot be compared', () => {
    const { verdict } = compareDiagnoses(diagnosisOf(undefined), diagnosisOf([inbound(25, 1)]));
    expect(verdict).toEqual({
      status: 'undecided',
      says: 'Not enough data to say: what was saved before has no samples; explain its capture again',
    });
  });

  it('is valid by its own schema', () => {
    const comparison = compareDiagnoses(diagnosisOf([inbound(370, 1)]), diagnosisOf([inbound(25, 2)]));
    expect(problemsOf(ComparisonSchema, throughJson(comparison))).toEqual([]);
  });

  it('never calls a capture worse than itself, and turned round gives the opposite', () => {
    const opposite = { improved: 'worse', worse: 'improved', equal: 'equal', undecided: 'undecided' };
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 10, max: 80 }),
        fc.constantFrom(20, 60, 600),
        (seed, count, median) => {
          const before = [inbound(60, seed, count)];
          const after = [inbound(median, seed + 1, count)];
          expect(['equal', 'undecided']).toContain(verdictOf(before, structuredClone(before)).status);
          const forth = verdictOf(before, after).status;
          const back = verdictOf(after, before).status;
          // The least that matters is a share of what was before, so that edges may differ.
          if (forth !== 'undecided' && back !== 'undecided') expect(back).toBe(opposite[forth]);
          if (median === 600) expect(forth).toBe('worse');
        },
      ),
      { numRuns: 15 },
    );
  });
});

const findingOf = (parts: { rule?: string; count: number; of: number; unit?: string; name?: string }): Finding =>
  ({
    rule: parts.rule ?? 'tcp-connect-retry',
    title: 'Connections wait for an answer to their SYN',
    says: `${parts.count} of ${parts.of} connections waited`,
    severity: 'major',
    subject: { kind: 'server', name: parts.name ?? '10.96.0.4:80', workload: null },
    occurrences: { count: parts.count, of: parts.of, unit: parts.unit ?? 'connections' },
  }) as Partial<Finding> as Finding;

const compared = (before: Partial<Diagnosis>, after: Partial<Diagnosis>): Comparison =>
  compareDiagnoses(diagnosisOf([inbound(25, 1, 500)], before), diagnosisOf([inbound(25, 2, 500)], after));

describe('findings', () => {
  const ruledOut = [
    { rule: 'tcp-connect-retry', says: 'none', examined: { count: 120, unit: 'connections' } },
  ] as const satisfies Diagnosis['ruledOut'];

  it('gone for certain tells what no latency shows', () => {
    const { findings, verdict } = compared(
      { findings: [findingOf({ count: 15, of: 120 })] },
      { ruledOut: [...ruledOut] },
    );
    expect(findings).toMatchObject([{ rule: 'tcp-connect-retry', change: 'gone' }]);
    expect(verdict.status).toBe('improved');
    expect(verdict.says).toBe(
      'It worked: tcp-connect-retry is gone, 15 of 120 connections before, not found among 120 after; requests: no difference',
    );
  });

  it('say in which unit they were looked for, where it is another one', () => {
    const before = { findings: [findingOf({ count: 15, of: 120, unit: 'lookups' })] };
    const examined = { count: 200, unit: 'pairs' };
    const { findings } = compared(before, { ruledOut: [{ rule: 'tcp-connect-retry', says: 'none', examined }] });
    expect(findings).toMatchObject([{ change: 'gone', because: 'not found among 200 pairs after' }]);
  });

  it('are not gone where chance hides them as well, or nobody could see them', () => {
    const before = { findings: [findingOf({ count: 2, of: 120 })] };
    expect(compared(before, { ruledOut: [...ruledOut] })).toMatchObject({
      findings: [{ change: 'unclear', because: 'not found among 120 after, which chance may do' }],
      verdict: { status: 'equal' },
    });
    const unobservable = [{ rule: 'tcp-connect-retry', why: 'no handshake', capture: null, missing: null }];
    expect(compared(before, { unobservable }).findings).toMatchObject([
      { change: 'unclear', because: 'could not be seen after: no handshake' },
    ]);
    expect(compared(before, {}).findings).toMatchObject([{ change: 'unclear' }]);
  });

  it('are new, more, less or unchanged; a pod that was replaced is the same subject', () => {
    const change = (ours: Finding[], theirs: Finding[]): unknown =>
      compared({ findings: ours, ruledOut: [...ruledOut] }, { findings: theirs }).findings.map((one) => one.change);
    expect(change([], [findingOf({ count: 15, of: 120 })])).toEqual(['new']);
    expect(change([findingOf({ count: 60, of: 120 })], [findingOf({ count: 10, of: 120 })])).toEqual(['less']);
    expect(change([findingOf({ count: 10, of: 120 })], [findingOf({ count: 60, of: 120 })])).toEqual(['more']);
    expect(
      change([findingOf({ count: 10, of: 120 })], [findingOf({ count: 12, of: 120, name: '10.96.0.9:80' })]),
    ).toEqual(['unchanged']);
    expect(
      compared({ ruledOut: [...ruledOut] }, { findings: [findingOf({ count: 15, of: 120 })] }).verdict.status,
    ).toBe('worse');
  });

  it('about exchanges decide nothing where these took as long as before', () => {
    const { verdict } = compared(
      { findings: [findingOf({ rule: 'tcp-delayed-ack', count: 48, of: 50, unit: 'exchanges' })] },
      { ruledOut: [{ rule: 'tcp-delayed-ack', says: 'none', examined: { count: 50, unit: 'exchanges' } }] },
    );
    expect(verdict.status).toBe('equal');
  });
});
