import type { Comparison, FigureChange } from '../../model/comparison.ts';
import { diagnosisOf } from './diagnoses.ts';

const figureOf = (parts: Partial<FigureChange>): FigureChange => ({
  figure: 'p50',
  beforeSeconds: 0.3714,
  afterSeconds: 0.0263,
  change: -0.929,
  low: -0.934,
  high: -0.924,
  drift: 0.03,
  verdict: 'improved',
  wouldDo: null,
  ...parts,
});

const kindOf = (parts: Partial<Comparison['latencies'][number]['kinds'][number]['kind']> = {}) => ({
  protocol: 'http/1.1',
  method: 'GET',
  path: '/items/{id}',
  host: 'shop.example.com',
  server: '10.0.3.7:8080',
  ...parts,
});

/** One that has everything a report can show. */
export const comparisonOf = (parts: Partial<Comparison> = {}): Comparison => ({
  schema: 'kubelag/comparison/1',
  tool: { name: 'kubelag', version: '0.1.0' },
  verdict: {
    status: 'improved',
    says: 'It worked: requests p50 371 ms → 26.3 ms (93 % less; 95 % interval 92–93 %)',
  },
  before: { inputs: diagnosisOf().inputs, says: diagnosisOf().verdict.says },
  after: { inputs: diagnosisOf().inputs, says: 'no DNS lookup is slow' },
  latencies: [
    {
      of: 'inbound',
      verdict: 'improved',
      before: { count: 100, compared: 100, blockLength: 4.6 },
      after: { count: 1200, compared: 512, blockLength: 8 },
      changes: [
        figureOf({}),
        figureOf({ figure: 'p90', verdict: 'undecided', change: 0.12, low: -0.05, high: 2.4, wouldDo: 1300 }),
      ],
      failures: { before: { count: 0, of: 100 }, after: { count: 12, of: 1200 }, verdict: 'worse', probability: 0.01 },
      mix: {
        likeWithLike: true,
        distance: 0.4,
        rawChange: -0.3,
        onlyBefore: [{ kind: kindOf({ path: '/old' }), count: 20 }],
        onlyAfter: [{ kind: kindOf({ method: '', path: '', host: '' }), count: 3 }],
      },
      kinds: [
        { kind: kindOf(), before: 90, after: 1100, p50: figureOf({}) },
        { kind: kindOf({ path: '/rare' }), before: 10, after: 4, p50: null },
      ],
    },
    {
      of: 'lookups',
      verdict: 'undecided',
      before: { count: 3, compared: 3, blockLength: 1 },
      after: { count: 3, compared: 3, blockLength: 1 },
      changes: [],
      failures: { before: { count: 0, of: 3 }, after: { count: 0, of: 3 }, verdict: 'equal', probability: 1 },
      mix: { likeWithLike: false, distance: 1, rawChange: null, onlyBefore: [], onlyAfter: [] },
      kinds: [],
    },
  ],
  breakdown: [
    { reason: 'metadata', to: '169.254.169.254:80', beforeSeconds: 0.33, afterSeconds: 0 },
    { reason: 'own', to: '', beforeSeconds: 0.004, afterSeconds: 0.004 },
  ],
  findings: [
    {
      rule: 'credentials-refresh-storm',
      title: 'Credentials are fetched in each request',
      change: 'gone',
      because: 'not found among 1,200 after',
      probability: 1e-9,
      before: {
        says: '100 of 100 requests fetch credentials',
        severity: 'critical',
        count: 100,
        of: 100,
        unit: 'exchanges',
        subject: '169.254.169.254:80',
      },
      after: null,
    },
  ],
  method: 'How it was computed.',
  ...parts,
});
