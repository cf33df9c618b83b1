import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { Diagnosis } from '../model/diagnosis.ts';
import { UserError } from '../model/user-error.ts';
import { STANDARD_STREAM } from './input-paths.ts';

// `--format json` writes the schema first, so a saved answer shows itself at once.
const SAVED = /^\ufeff?\s*\{\s*"schema"\s*:\s*"kubelag\/1"/;
const HEAD_LENGTH = 256;
// An answer keeps a bounded number of examples and stays far below; more is not ours.
const MAX_LENGTH = 64 << 20;

/**
 * The answer in a file that `--format json` wrote, null where the paths are something else.
 * @throws UserError where it is broken
 */
export async function readSavedDiagnosis(paths: readonly string[]): Promise<Diagnosis | null> {
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0 || path === STANDARD_STREAM) return null;
  const file = statSync(path, { throwIfNoEntry: false });
  // Only what can be read twice: from a pipe, the head would be lost to the reader of captures.
  if (file === undefined || !file.isFile() || !SAVED.test(headOf(path))) return null;
  if (file.size > MAX_LENGTH)
    throw new UserError(`${path}: is too large for a saved answer; explain the capture again`);
  const value = parse(readFileSync(path, 'utf8'));
  // The schema library is slow to load; nobody waits for it but who has a saved answer.
  const [{ Check }, { DiagnosisSchema }] = await Promise.all([
    import('typebox/value'),
    import('../model/diagnosis.ts'),
  ]);
  if (value !== null && Check(DiagnosisSchema, value)) return value;
  throw new UserError(`${path}: is a saved answer that was cut or changed; explain the capture again`);
}

function headOf(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // Whoever reads captures says why it cannot be read.
    return '';
  }
  const head = Buffer.alloc(HEAD_LENGTH);
  const length = readSync(descriptor, head, 0, HEAD_LENGTH, 0);
  closeSync(descriptor);
  return head.toString('utf8', 0, length);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, '')) as unknown;
  } catch {
    // Its only error: no JSON, which the caller says.
    return null;
  }
}
