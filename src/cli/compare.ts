import type { Change } from '../model/comparison.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { UserError } from '../model/user-error.ts';
import { analyzeInputs, type Context, type ReadingOptions } from './analysis.ts';
import type { ColorMode } from './color.ts';
import { EXIT } from './exit-status.ts';
import { STANDARD_STREAM } from './input-paths.ts';
import { lookFor } from './look.ts';
import { openDestination } from './output.ts';
import { readSavedDiagnosis } from './saved-diagnosis.ts';
import type { Format } from './services.ts';

export interface CompareOptions extends Omit<ReadingOptions, 'slowerThan'> {
  format: Format;
  output?: string;
  full?: true;
  color: ColorMode;
}

const STATUS: Readonly<Record<Change, number>> = {
  improved: EXIT.clear,
  equal: EXIT.clear,
  worse: EXIT.found,
  undecided: EXIT.unobserved,
};

const SIDES = 2;

/** @throws UserError where more than the two sides are named */
export function refuseMore(files: readonly string[]): void {
  if (files.length <= SIDES) return;
  throw new UserError(
    `compare takes two files, before and after, and not ${files.length}: make one of several with kubelag export rows FILES > before.ndjson`,
  );
}

/** `kubelag compare BEFORE AFTER`: did it work? */
export async function compare(
  before: string,
  after: string,
  options: CompareOptions,
  context: Context,
): Promise<number> {
  const { io, services } = context;
  if (before === STANDARD_STREAM && after === STANDARD_STREAM) {
    throw new UserError('-: standard input can be one of the two; name a file for the other');
  }
  if ((before === STANDARD_STREAM || after === STANDARD_STREAM) && io.stdinIsTerminal) {
    throw new UserError('-: nothing is piped in; name two captures: kubelag compare BEFORE AFTER');
  }
  const destination = openDestination(io, options.output, [before, after]);
  const comparison = await services.compare(
    await diagnosisOf(before, options, context),
    await diagnosisOf(after, options, context),
  );
  const look = {
    ...lookFor(io, destination, options.color),
    ...(options.full === undefined ? {} : { full: options.full }),
  };
  destination.write(await services.renderComparison(comparison, options.format, look));
  destination.close();
  return STATUS[comparison.verdict.status];
}

async function diagnosisOf(path: string, options: CompareOptions, context: Context): Promise<Diagnosis> {
  return (await readSavedDiagnosis([path])) ?? (await analyzeInputs([path], options, context)).diagnosis;
}
