import type { Report } from '../../model/finding.ts';

/** A rule's report of which only what matters is said. */
export const reportOf = (cost: Report['cost'], parts: Partial<Report> = {}): Report => ({
  message: 'slow',
  data: { count: cost.count },
  input: 0,
  subject: { kind: 'server', name: '10.96.44.12:8080' },
  of: cost.count,
  unit: 'exchanges',
  cost,
  confidence: 'likely',
  confidenceBecause: '',
  evidence: [{ says: 'late', packets: [1] }],
  because: [],
  fix: [],
  whatIf: { unknown: '' },
  errors: 0,
  habit: false,
  ...parts,
});
