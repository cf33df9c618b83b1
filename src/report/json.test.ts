import { describe, expect, it } from 'vitest';
import { DiagnosisSchema } from '../model/diagnosis.ts';
import { problemsOf } from '../model/testing/validate.ts';
import { renderJson } from './json.ts';
import { jsonSchema } from './schema.ts';
import {
  clearDiagnosis,
  crowdedDiagnosis,
  diagnosisOf,
  emptyDiagnosis,
  raceFinding,
  textDiagnosis,
} from './testing/diagnoses.ts';
import { encryptedDiagnosis, requestDiagnosis } from './testing/requests.ts';

describe('the answer as JSON', () => {
  it('is the diagnosis itself, and valid by the printed schema', () => {
    for (const diagnosis of [
      diagnosisOf(),
      crowdedDiagnosis(),
      textDiagnosis(),
      clearDiagnosis(),
      emptyDiagnosis(),
      requestDiagnosis(),
      encryptedDiagnosis(),
    ]) {
      const read: unknown = JSON.parse(renderJson(diagnosis));
      expect(read).toEqual(diagnosis);
      expect(problemsOf(jsonSchema(), read)).toEqual([]);
    }
  });

  it('drives no terminal', () => {
    const says = 'a\u001b[31m\u009b31m\u202e\u2028b';
    const text = renderJson(diagnosisOf({ findings: [raceFinding({ says })] }));
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    expect((JSON.parse(text) as { findings: { says: string }[] }).findings[0]?.says).toBe(says);
  });
});

describe('the printed schema', () => {
  it('refuses what is no diagnosis', () => {
    expect(problemsOf(jsonSchema(), {})).not.toEqual([]);
    const { verdict: _, ...withoutVerdict } = diagnosisOf();
    expect(problemsOf(jsonSchema(), withoutVerdict)).not.toEqual([]);
    const odd = { ...diagnosisOf(), findings: [{ ...raceFinding(), severity: 'awful' }] };
    expect(problemsOf(jsonSchema(), odd)).not.toEqual([]);
    expect(problemsOf(jsonSchema(), { ...diagnosisOf(), findings: [{ ...raceFinding(), evidence: [] }] })).not.toEqual(
      [],
    );
  });

  it('allows fields that later versions add', () => {
    expect(problemsOf(jsonSchema(), { ...diagnosisOf(), workloads: { count: 0 } })).toEqual([]);
  });

  it('is a copy: a caller may change it', () => {
    expect(jsonSchema()).toMatchObject({ $schema: expect.stringContaining('draft-07'), type: 'object' });
    Object.assign(jsonSchema(), { type: 'array' });
    expect(DiagnosisSchema.type).toBe('object');
  });
});
