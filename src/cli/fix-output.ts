import { plural, printable } from '../base/text.ts';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import type { Context } from './analysis.ts';
import { EXIT, isAtLeast, type FailOn } from './exit-status.ts';
import { openDestination } from './output.ts';

export interface FixingOptions {
  output?: string;
  apply?: true;
  patchDir?: string;
  helm?: true;
}

/** Prints the changes that findings ask for as a diff, and makes them where that is asked. */
export async function writeFixes(
  diagnosis: Diagnosis,
  options: FixingOptions & { failOn: FailOn },
  context: Context,
): Promise<number> {
  const { io, services } = context;
  const destination = openDestination(io, options.output);
  // What is only worth knowing is changed where the user asks for it.
  const meant = diagnosis.findings.filter(({ severity }) => isAtLeast(severity, options.failOn));
  const { plan, text, done } = await services.fix(meant, {
    apply: options.apply === true,
    patchDirectory: options.patchDir ?? null,
    helm: options.helm === true,
    suffix: 'kubelag-new',
  });
  if (plan.changes.length === 0) {
    const others = diagnosis.findings.length - meant.length;
    const more = others > 0 ? `; ${plural(others, 'finding')} more with --fail-on info` : '';
    io.stderr.write(`kubelag: ${printable(nothingWords(diagnosis, meant[0]))}${more}\n`);
    return diagnosis.verdict.status === 'insufficient' ? EXIT.unobserved : EXIT.clear;
  }
  destination.write(text);
  destination.close();
  for (const line of done) io.stderr.write(`kubelag: ${line}\n`);
  // As diff has it: 1 where there is something to change and nobody changed it.
  const left =
    plan.changes.some(({ refused }) => refused !== null) || (plan.files.length > 0 && options.apply !== true);
  return left ? EXIT.found : EXIT.clear;
}

/** Why there is no diff: nothing is wrong, or what helps stands in none of these files. */
function nothingWords({ verdict }: Diagnosis, dearest: Finding | undefined): string {
  if (dearest === undefined) return `${verdict.says}: no change of a manifest is needed`;
  const [fix] = dearest.fix;
  const helps = fix === undefined ? '' : `; what helps: ${fix.title}, in ${fix.target}`;
  return `${dearest.says}: these manifests hold nothing to change for it${helps}`;
}
