import type { Diagnosis } from '../model/diagnosis.ts';
import { SEVERITIES, type Severity } from '../model/finding.ts';

export const EXIT = {
  /** Nothing found at or above `--fail-on`. */
  clear: 0,
  found: 1,
  /** Bad usage, or an input that cannot be read. */
  usage: 2,
  /** Nothing that was asked for could be observed. */
  unobserved: 3,
  /** A bug: EX_SOFTWARE of sysexits(3), so that no script takes it for an answer. */
  bug: 70,
  /** Interrupted: 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

export const FAIL_ON = [...SEVERITIES, 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** Any finding above `info`. */
export const DEFAULT_FAIL_ON: FailOn = 'minor';

/** The exit status that an answer stands for. */
export function exitStatus(diagnosis: Pick<Diagnosis, 'verdict' | 'findings'>, failOn: FailOn): number {
  if (diagnosis.findings.some(({ severity }) => isAtLeast(severity, failOn))) return EXIT.found;
  return diagnosis.verdict.status === 'insufficient' ? EXIT.unobserved : EXIT.clear;
}

/** SEVERITIES has the worst first. */
export const isAtLeast = (severity: Severity, threshold: FailOn): boolean =>
  threshold !== 'never' && SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(threshold);
