import type { Context } from './analysis.ts';
import { EXIT } from './exit-status.ts';

/** What `kubelag schema` can print: the answer, each kind of row, and a comparison. */
export const SCHEMAS = [
  'diagnosis',
  'lookup',
  'transaction',
  'connection',
  'exchange',
  'request',
  'input',
  'comparison',
] as const;

/** `kubelag schema`: the JSON Schema of what is written. */
export async function printSchema(name: (typeof SCHEMAS)[number], { io, services }: Context): Promise<number> {
  io.stdout.write(`${JSON.stringify((await services.schemas())[name], null, 2)}\n`);
  return EXIT.clear;
}
