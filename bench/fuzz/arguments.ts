import { mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/base/random.ts';
import type { Below } from './damage.ts';

/** What a run at random is asked for: `[FOLDER…] [--seconds 60] [--seed 1] [--keep FOLDER]`. */
export interface RandomRun {
  readonly folders: readonly string[];
  /** The least first by name, none larger than asked for. */
  readonly files: readonly string[];
  readonly seconds: number;
  /** Where what fails is kept; undefined for nowhere. */
  readonly keep: string | undefined;
  /** The same for the same seed. */
  readonly below: Below;
  /** A folder of its own; whoever made it removes it. */
  readonly scratch: string;
}

/** @param usual folder where none is named */
export function readArguments(name: string, usual: string, maxBytes: number): RandomRun {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'string' },
    },
  });
  if (values.keep !== undefined) mkdirSync(values.keep, { recursive: true });
  const random = seededRandom(Number(values.seed));
  const folders = positionals.length > 0 ? positionals : [usual];
  const files = folders
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))))
    .filter((path) => statSync(path).isFile() && statSync(path).size <= maxBytes)
    .toSorted();
  return {
    folders,
    files,
    seconds: Number(values.seconds),
    keep: values.keep,
    below: (limit) => Math.floor(random() * limit),
    scratch: mkdtempSync(join(tmpdir(), `kubelag-${name}-`)),
  };
}
