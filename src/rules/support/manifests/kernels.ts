import type { Cluster, Located } from '../../../model/workload.ts';

/** Kernels from 5.6 on lose none of two queries at once (Linux 6a757c07e51f). */
const RACE_MENDED: readonly [major: number, minor: number] = [5, 6];

export interface Kernels {
  /** Nodes whose kernel is known. */
  known: number;
  /** Of these, one that races; null where none does. */
  racing: Located<string> | null;
}

export function kernelsOf({ nodes }: Cluster): Kernels {
  let known = 0;
  let racing: Located<string> | null = null;
  for (const { kernel } of nodes) {
    const version = /^(\d+)\.(\d+)/.exec(kernel?.value ?? '');
    if (kernel === null || version === null) continue;
    known++;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    const mended = major > RACE_MENDED[0] || (major === RACE_MENDED[0] && minor >= RACE_MENDED[1]);
    if (!mended) racing ??= kernel;
  }
  return { known, racing };
}
