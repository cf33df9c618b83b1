import type { Diagnosis } from '../model/diagnosis.ts';
import { analyzeInputs, type Context, type ReadingOptions } from './analysis.ts';
import type { ColorMode } from './color.ts';
import { exitStatus, type FailOn } from './exit-status.ts';
import { lookFor } from './look.ts';
import { openDestination } from './output.ts';
import { readSavedDiagnosis } from './saved-diagnosis.ts';
import type { Format } from './services.ts';

export interface ExplainOptions extends ReadingOptions {
  format: Format;
  output?: string;
  top?: number;
  full?: true;
  failOn: FailOn;
  color: ColorMode;
}

/** `kubelag explain FILE…`: the cause of slow lookups. */
export async function explain(paths: readonly string[], options: ExplainOptions, context: Context): Promise<number> {
  const { io, services } = context;
  const destination = openDestination(io, options.output, paths);
  const diagnosis = await diagnosisOf(paths, options, context);
  const look = {
    ...lookFor(io, destination, options.color),
    ...(options.top === undefined ? {} : { top: options.top }),
    ...(options.full === undefined ? {} : { full: options.full }),
  };
  destination.write(await services.render(diagnosis, options.format, look));
  destination.close();
  return exitStatus(diagnosis, options.failOn);
}

/** A saved answer is shown again as it is: it has all that a report needs. */
export async function diagnosisOf(
  paths: readonly string[],
  options: ReadingOptions,
  context: Context,
): Promise<Diagnosis> {
  const saved = await readSavedDiagnosis(paths);
  if (saved !== null) return saved;
  return (await analyzeInputs(paths, options, context)).diagnosis;
}
