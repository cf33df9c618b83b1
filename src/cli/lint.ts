import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Diagnosis } from '../model/diagnosis.ts';
import { UserError } from '../model/user-error.ts';
import type { Context } from './analysis.ts';
import type { ColorMode } from './color.ts';
import { exitStatus, type FailOn } from './exit-status.ts';
import { writeFixes, type FixingOptions } from './fix-output.ts';
import { lookFor } from './look.ts';
import { openDestination } from './output.ts';
import type { LintFormat } from './services.ts';

export interface LintCommandOptions extends FixingOptions {
  format: LintFormat;
  top?: number;
  full?: true;
  failOn: FailOn;
  color: ColorMode;
  config?: string;
  baseline?: string;
  writeBaseline?: string;
  fix?: true;
}

/** Read where no other is named and it is there. */
const SETTINGS = 'kubelag.yaml';

/** `kubelag lint PATH…`: what manifests alone tell. */
export async function lintManifests(
  paths: readonly string[],
  options: LintCommandOptions,
  context: Context,
): Promise<number> {
  const { io, services } = context;
  const destination = openDestination(io, options.output, paths);
  const diagnosis = await services.lint({
    paths,
    settings: options.config ?? (existsSync(SETTINGS) ? SETTINGS : null),
    baseline: options.baseline === undefined ? new Set() : readBaseline(options.baseline),
    today: io.today(),
    stdin: io.stdin,
  });
  if (options.writeBaseline !== undefined) await writeBaseline(options.writeBaseline, diagnosis, context);
  if (options.fix === true || options.apply === true || options.patchDir !== undefined) {
    return writeFixes(diagnosis, options, context);
  }
  const look = {
    ...lookFor(io, destination, options.color),
    ...(options.top === undefined ? {} : { top: options.top }),
    ...(options.full === undefined ? {} : { full: options.full }),
  };
  destination.write(await services.renderLint(diagnosis, options.format, look));
  destination.close();
  return exitStatus(diagnosis, options.failOn);
}

const BASELINE_SCHEMA = 'kubelag-baseline/1';
// A line for each finding that people live with.
const MAX_LENGTH = 16 << 20;

function readBaseline(path: string): Set<string> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) {
    throw new UserError(`${path}: no such file; make it with --write-baseline ${path}`);
  }
  if (found.size <= MAX_LENGTH) {
    try {
      const value = JSON.parse(readFileSync(path, 'utf8')) as unknown;
      if (isBaseline(value)) return new Set(value.findings);
    } catch {
      // No JSON: said below.
    }
  }
  throw new UserError(`${path}: is no baseline; make it anew with --write-baseline ${path}`);
}

const isBaseline = (value: unknown): value is { findings: string[] } =>
  typeof value === 'object' &&
  value !== null &&
  'schema' in value &&
  value.schema === BASELINE_SCHEMA &&
  'findings' in value &&
  Array.isArray(value.findings) &&
  value.findings.every((key) => typeof key === 'string');

async function writeBaseline(path: string, diagnosis: Diagnosis, { services }: Context): Promise<void> {
  const findings = await services.baselineKeys(diagnosis);
  try {
    writeFileSync(path, `${JSON.stringify({ schema: BASELINE_SCHEMA, findings }, null, 2)}\n`);
  } catch (error) {
    throw new UserError(`${path}: cannot be written (${String((error as NodeJS.ErrnoException).code)})`);
  }
}
