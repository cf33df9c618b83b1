import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Captures that others made, with what their own tools say of them; beside the checkout, if at all. */
export const PUBLIC = join(import.meta.dirname, '../../../shared/captures/public');

/** All files below a folder, relative to it, in order. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
