import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The program as it is built. */
export const program = join(root, 'dist/cli/main.js');

/** A build older than its sources says nothing about them. */
export function isFresh(): boolean {
  if (!existsSync(program)) return false;
  const built = statSync(program).mtimeMs;
  return readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).every(
    (entry) =>
      !entry.isFile() ||
      entry.name.endsWith('.test.ts') ||
      statSync(join(entry.parentPath, entry.name)).mtimeMs <= built,
  );
}
