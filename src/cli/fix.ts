import { UserError } from '../model/user-error.ts';
import type { Context, ReadingOptions } from './analysis.ts';
import type { FailOn } from './exit-status.ts';
import { diagnosisOf } from './explain.ts';
import { writeFixes, type FixingOptions } from './fix-output.ts';

export interface FixCommandOptions extends ReadingOptions, FixingOptions {
  failOn: FailOn;
}

/** `kubelag fix CAPTURE -m k8s/`: the change to the user's own manifests. */
export async function fixManifests(
  paths: readonly string[],
  options: FixCommandOptions,
  context: Context,
): Promise<number> {
  const diagnosis = await diagnosisOf(paths, options, context);
  if (diagnosis.manifests === undefined) {
    throw new UserError(`${paths.join(', ')}: was explained without manifests; name them: kubelag fix … -m k8s/`);
  }
  return writeFixes(diagnosis, options, context);
}
