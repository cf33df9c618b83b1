import { createTwoFilesPatch } from 'diff';
import type { ChangedFile } from './plan.ts';

// What people and `git apply` are used to.
const CONTEXT_LINES = 3;

/** One unified diff of all files, as `git diff` prints it and `git apply` and `patch -p1` take it. */
export const unifiedDiff = (files: readonly ChangedFile[]): string =>
  files
    .map(({ file, before, after }) => {
      const path = file.replace(/^\.\//, '');
      const [from, to] = path.startsWith('/') || path.startsWith('../') ? [path, path] : [`a/${path}`, `b/${path}`];
      const patch = createTwoFilesPatch(from, to, before, after, undefined, undefined, { context: CONTEXT_LINES });
      return patch.replace(/^(?:Index: [^\n]*\n)?=+\n/, '');
    })
    .join('');
