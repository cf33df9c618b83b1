import { printable } from '../base/text.ts';
import { helmLines } from './helm.ts';
import type { Change, Plan } from './plan.ts';

/**
 * Why each change, what it saves and risks, how to undo and to verify it: as comments, which
 * `git apply` and `patch` pass over, above the diff.
 */
export function changeLines({ changes }: Plan, helm: boolean): string[] {
  return changes.flatMap((change, index) => [
    ...(index === 0 ? [] : ['#']),
    ...wordsOf(change, index + 1).map((line) => `# ${printable(line)}`.trimEnd()),
    ...(helm
      ? change.edits.flatMap((edit) => (helmLines(edit) ?? []).map((line) => `#      helm  ${printable(line)}`))
      : []),
  ]);
}

function wordsOf({ finding, fix, refused, where }: Change, number: number): string[] {
  const { whatIf, basis, confidence, rule } = finding;
  const saves =
    whatIf === null
      ? 'not measured: no capture was read (kubelag fix CAPTURE -m … predicts it)'
      : `${whatIf.metric}: ${seconds(whatIf.nowSeconds)} → ${seconds(whatIf.thenSeconds)} (${whatIf.method})`;
  return [
    `${number}. ${fix.target}: ${fix.title}`,
    ...(refused === null ? [] : [`   not made  ${refused}`]),
    ...where.map((one) => `   where   ${one}`),
    `   why     ${finding.says} (${rule}, ${basis}, ${confidence})`,
    `   saves   ${saves}`,
    `   risk    ${fix.risk ?? (fix.safety === 'safe' ? 'none known' : 'the pods start anew')}`,
    `   undo    ${fix.rollback}`,
    `   verify  ${fix.verify ?? 'capture again, then kubelag compare BEFORE AFTER'}`,
  ];
}

const seconds = (value: number): string =>
  value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
