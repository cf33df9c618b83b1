import { describe, expect, it } from 'vitest';
import type { Finding } from '../model/diagnosis.ts';
import { alikeTogether } from './likewise.ts';
import { renderMarkdown } from './markdown.ts';
import { renderTerminal } from './terminal.ts';
import { diagnosisOf, raceFinding, walkFinding } from './testing/diagnoses.ts';

const PODS = ['10.0.3.7', '10.0.3.8', '10.0.3.9'];
const race = (name: string, parts: Partial<Finding> = {}): Finding =>
  raceFinding({ subject: { kind: 'client', name, workload: null }, ...parts });

const terminal = (findings: Finding[], full = false): string =>
  renderTerminal(diagnosisOf({ findings }), { color: false, unicode: true, width: 200, full });

describe('findings that say the same of others', () => {
  it('follow the dearest of them in a line each, with whose they are', () => {
    const text = terminal([race(PODS[0]!), walkFinding(), ...PODS.slice(1).map((name) => race(name))]);
    expect(text.split('\n')[0]).toMatch(/critical · likely · 2 more likewise$/);
    expect(text).toMatch(
      /likewise {7}4 of 120 .* \(10\.0\.3\.8, 20 s in all; critical · likely\)\n +4 of 120 .* \(10\.0\.3\.9, /,
    );
    expect(text.indexOf('likewise  ')).toBeLessThan(text.indexOf('1 of 1 lookups asks'));
    // Its settings and its change are not told again.
    expect(text.split('GRPC_DNS_RESOLVER').length).toBeLessThanOrEqual(2);
    expect(text.split('settings collide').length).toBe(2);
  });

  it('name the subject once', () => {
    const says = '4 of 120 lookups of 10.0.3.8 wait';
    expect(terminal([race(PODS[0]!), race(PODS[1]!, { says })])).toContain(`${says} (20 s in all`);
  });

  it('are counted from the fifth on', () => {
    const many = Array.from({ length: 8 }, (_, index) => race(`10.0.3.${index}`));
    expect(terminal(many)).toContain('… 3 more with --full');
  });

  it('are whole in the full answer', () => {
    const text = terminal(
      PODS.map((name) => race(name)),
      true,
    );
    expect(text).not.toContain('likewise');
    expect(text.split('settings collide').length).toBe(1 + PODS.length);
  });

  it.each<[string, Partial<Finding>]>([
    ['another rule', { rule: 'dns-loss' }],
    ['another setting', { because: [] }],
    ['another change', { fix: [] }],
    ['another capture', { input: 1 }],
    [
      'lines of a manifest of its own',
      {
        evidence: [
          { says: 'set', packets: [], place: { file: 'a.yaml', line: 3, column: 1, range: [0, 5], quote: 'ndots' } },
        ],
      },
    ],
  ])('are told by themselves with %s', (_, parts) => {
    expect(alikeTogether([race(PODS[0]!), race(PODS[1]!, parts)])).toHaveLength(2);
  });

  it('are a list in a ticket', () => {
    const text = renderMarkdown(diagnosisOf({ findings: [race(PODS[0]!), race(PODS[1]!)] }));
    expect(text).toMatch(/\*\*Likewise\*\*\n\n- 4 of 120 .* \(10\.0\.3\.8, /);
    expect(text.split('\n# ').length + text.split('\n## ').length).toBe(2);
  });
});
