import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { UserError } from '../model/user-error.ts';
import type { ChangedFile } from './plan.ts';

/** A file's text for changing: what is no UTF-8 would not come back the same. */
export function readForChange(file: string): { text: string } | { refused: string } {
  if (file === '-') return { refused: 'it was read from standard input; change what it was made from' };
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return { refused: `${file} cannot be read (${String((error as NodeJS.ErrnoException).code)})` };
  }
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? { text } : { refused: `${file} is no UTF-8` };
}

/**
 * Writes all files or none: each beside its place first, then all are moved there; what was moved
 * is written back where a later one fails.
 * @throws UserError where nothing was written
 */
export function writeAll(files: readonly ChangedFile[], suffix: string): void {
  const waiting: { file: string; beside: string }[] = [];
  const moved: ChangedFile[] = [];
  try {
    for (const changed of files) {
      const now = readForChange(changed.file);
      if (!('text' in now) || now.text !== changed.before) {
        throw new UserError(`${changed.file}: was changed meanwhile; nothing was written`);
      }
      const beside = `${changed.file}.${suffix}`;
      waiting.push({ file: changed.file, beside });
      writeFileSync(beside, changed.after, { flag: 'wx' });
      chmodSync(beside, statSync(changed.file).mode & 0o7777);
    }
    for (const [index, { file, beside }] of waiting.entries()) {
      renameSync(beside, file);
      moved.push(files[index] as ChangedFile);
    }
  } catch (error) {
    for (const { file, before } of moved) writeFileSync(file, before);
    for (const { beside } of waiting.slice(moved.length)) rmSync(beside, { force: true });
    if (error instanceof UserError) throw error;
    const { code, path } = error as NodeJS.ErrnoException;
    throw new UserError(`${path ?? 'a manifest'}: cannot be written (${String(code)}); nothing was changed`);
  }
}
