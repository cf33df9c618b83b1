import { isProbe } from '../../../model/probe.ts';
import type { Waiting } from './upstream-groups.ts';

/** Nobody's request waits for the answer. */
export const ONLY_CHECKS =
  'only health checks: no caller waits for them, but who asks may take the pod for one that fails';

/** Calls of a kind that only who looks after a pod makes. */
export function areChecks({ kind }: Pick<Waiting, 'kind'>): boolean {
  const space = kind.indexOf(' ');
  return isProbe({ method: kind.slice(0, space), path: kind.slice(space + 1) });
}

/** Those that somebody waits for; of a server of which none are, its health checks. */
export function withoutChecks(waits: readonly Waiting[]): readonly Waiting[] {
  const asked = new Set(waits.filter((one) => !areChecks(one)).map(({ input, server }) => `${input}|${server}`));
  return waits.filter((one) => !areChecks(one) || !asked.has(`${one.input}|${one.server}`));
}
