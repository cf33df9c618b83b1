/** The public API: read captures, get the answer that `kubelag --format json` prints. */
export { analyze, type Analysis, type AnalyzeOptions } from './analyze.ts';
export { nanoseconds, milliseconds, seconds, type Duration, type Timestamp } from './base/time.ts';
export type { Diagnosis, Finding, InputRow } from './model/diagnosis.ts';
export type { LookupRow } from './model/lookup-schema.ts';
export type { Input } from './model/input.ts';
export type { Attempt, Lookup } from './model/lookup.ts';
export type { Observer } from './model/observer.ts';
export { UserError } from './model/user-error.ts';
export { RULES } from './rules/registry.ts';
