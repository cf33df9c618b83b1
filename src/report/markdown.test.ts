import { describe, expect, it } from 'vitest';
import { renderMarkdown } from './markdown.ts';
import { crowdedDiagnosis, diagnosisOf, emptyDiagnosis, inputRowOf, raceFinding } from './testing/diagnoses.ts';
import { requestDiagnosis } from './testing/requests.ts';

describe('the answer for a ticket', () => {
  it.each([
    ['several', crowdedDiagnosis()],
    ['no-dns', emptyDiagnosis()],
    ['requests', requestDiagnosis()],
  ])('%s', async (name, diagnosis) => {
    await expect(renderMarkdown(diagnosis)).toMatchFileSnapshot(`golden/${name}.markdown.txt`);
  });

  it('lets no name become markup', () => {
    const name = '`](javascript:x) <script> | **x** #1 ```';
    const text = renderMarkdown(
      diagnosisOf({ findings: [raceFinding({ says: name })], inputs: [inputRowOf({ path: name })] }),
    );
    expect(text.split('\n')[0]).toBe('# \\`\\](javascript:x) &lt;script&gt; \\| \\*\\*x\\*\\* \\#1 \\`\\`\\`');
    // A code span of four backticks holds three.
    expect(text).toContain(`- \`\`\`\` ${name} \`\`\`\`: `);
  });

  it('counts what it leaves out', () => {
    expect(renderMarkdown(crowdedDiagnosis(), { top: 1 })).toContain('Not shown: 2 findings.');
    const short = diagnosisOf({ findings: [raceFinding({ filterLeavesOut: 158 })] });
    expect(renderMarkdown(short)).toContain('613}` (the dearest of them; 158 packets more)');
    expect(renderMarkdown(diagnosisOf())).not.toContain('the dearest of them');
  });
});
