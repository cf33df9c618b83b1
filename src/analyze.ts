import { toSeconds, type Duration } from './base/time.ts';
import { createDiagnosis, type Manifests } from './diagnosis/diagnose.ts';
import { verdictOf } from './diagnosis/verdict.ts';
import type { Connection } from './model/connection.ts';
import type { ConnectionRow } from './model/connection-schema.ts';
import type { Diagnosis } from './model/diagnosis.ts';
import type { Exchange } from './model/exchange.ts';
import type { Input } from './model/input.ts';
import type { Lookup } from './model/lookup.ts';
import type { Observer } from './model/observer.ts';
import type { ServiceChoice } from './model/request.ts';
import { TOOL } from './model/version.ts';
import { readInputs, type LeftOut, type Progress, type ReadInputs, type ReadOptions } from './read-inputs.ts';
import { RULES } from './rules/registry.ts';
import { createRequests } from './tracing/requests.ts';
import { createWanted, filtersOf, isSlow, type WantedOptions } from './wanted.ts';

export type { Progress };

export interface AnalyzeOptions extends ReadOptions, WantedOptions {
  /** Only what took at least this long is found and exported; the rest still counts as contrast. */
  slowerThan: Duration | null;
  /** The service whose requests are followed; left out: told from the capture. */
  service?: ServiceChoice | null;
  /** Files and folders with manifests, to join the capture with. */
  manifests?: readonly string[];
  /** Who else reads the rows: an export, statistics. */
  observers?: readonly Observer[];
  onProgress?(done: Progress): void;
  /** One of several inputs can't be read: why, in one line that names it. Left out: that is thrown. */
  onUnreadable?(because: string): void;
  /** Called now and then while inputs are read; `diagnosis` says what is known so far. */
  onInterim?(diagnosis: () => Diagnosis): void;
  /** Who reads the inputs; left out: this thread. */
  read?: ReadInputs;
}

export interface Analysis {
  diagnosis: Diagnosis;
  inputs: readonly Input[];
}

/** The one sentence that knows both halves: inputs → rows → rules → diagnosis. */
export async function analyze(options: AnalyzeOptions): Promise<Analysis> {
  const inputs: Input[] = [];
  const leftOut: LeftOut = { count: 0, because: null };
  const wanted = createWanted(options);
  const manifests = await manifestsOf(options);
  const filters = filtersOf(options);
  const unwanted = filters === null ? null : { lookups: 0, exchanges: 0, connections: 0, filters };
  const run = createDiagnosis({ rules: RULES, inputs, version: TOOL.version, leftOut, unwanted, ...manifests });
  const others = options.observers ?? [];
  const { slowerThan } = options;
  let rows = 0;

  const tracer = createRequests({
    service: options.service ?? null,
    emit(request) {
      run.observer.request(request);
      if (slowerThan !== null && request.duration < slowerThan) return;
      for (const observer of others) observer.request?.(request);
    },
  });

  const lookup = (found: Lookup): void => {
    if (!wanted.lookup(found)) {
      if (unwanted !== null) unwanted.lookups++;
      return;
    }
    rows++;
    run.observer.lookup(found);
    tracer.lookup(found);
    if (slowerThan !== null && !isSlow.lookup(found, slowerThan)) return;
    for (const observer of others) observer.lookup?.(found);
  };
  const connection = (closed: Connection): void => {
    if (!wanted.connection(closed)) {
      if (unwanted !== null) unwanted.connections++;
      return;
    }
    rows++;
    run.observer.connection(closed);
    tracer.connection(closed);
    if (slowerThan !== null && !isSlow.connection(closed, slowerThan)) return;
    for (const observer of others) observer.connection?.(closed);
  };
  const exchange = (done: Exchange): void => {
    if (!wanted.exchange(done)) {
      if (unwanted !== null) unwanted.exchanges++;
      return;
    }
    rows++;
    run.observer.exchange(done);
    tracer.exchange(done);
    if (slowerThan !== null && !isSlow.exchange(done, slowerThan)) return;
    for (const observer of others) observer.exchange?.(done);
  };
  const input = (begun: Input): void => {
    run.observer.input(begun);
    tracer.input(begun);
    for (const observer of others) observer.input?.(begun);
  };

  const { read = readInputs, onUnreadable } = options;
  await read(options, {
    inputs,
    leftOut,
    lookup,
    connection,
    exchange,
    input,
    ...(onUnreadable === undefined ? {} : { unreadable: onUnreadable }),
    tick(done, held) {
      options.onProgress?.(done);
      options.onInterim?.(() => (rows > 0 ? run.result() : interim(held(), inputs, leftOut)));
    },
  });

  tracer.finish();
  run.observer.finish();
  for (const observer of others) observer.finish?.();
  return { diagnosis: onlySlower(run.result(), slowerThan), inputs };
}

/** What reads and judges manifests is loaded only where there are any. */
async function manifestsOf({ manifests = [], stdin }: AnalyzeOptions): Promise<{ manifests?: Manifests }> {
  if (manifests.length === 0) return {};
  const [{ readManifests }, { createJoin }, { PREDICTIONS }] = await Promise.all([
    import('./cluster/read.ts'),
    import('./diagnosis/join.ts'),
    import('./rules/predicted/registry.ts'),
  ]);
  const read = await readManifests(manifests, stdin === undefined ? {} : { stdin });
  return { manifests: createJoin(read, PREDICTIONS, manifests) };
}

/** What can be said while all rows are still held back: they count as they stand now. */
function interim(held: Iterable<Lookup>, inputs: readonly Input[], leftOut: LeftOut): Diagnosis {
  const now = createDiagnosis({ rules: RULES, inputs, version: TOOL.version, leftOut });
  for (const input of inputs) now.observer.input(input);
  for (const lookup of held) now.observer.lookup(lookup);
  now.observer.finish();
  return now.result();
}

/** A finding whose dearest example was quicker than what the user calls slow is none. */
function onlySlower(diagnosis: Diagnosis, slowerThan: Duration | null): Diagnosis {
  if (slowerThan === null) return diagnosis;
  const least = toSeconds(slowerThan);
  const slow = (row: { durationSeconds: number }): boolean => row.durationSeconds >= least;
  const findings = diagnosis.findings.filter((finding) => finding.examples.some(slow));
  const onlySlow = <Row extends { durationSeconds: number }, Rows extends { slowest: Row[] }>(rows: Rows): Rows => ({
    ...rows,
    slowest: rows.slowest.filter(slow),
  });
  const isSlowlyOpened = ({ connectSeconds, tls }: ConnectionRow): boolean =>
    (connectSeconds ?? 0) + (tls?.handshakeSeconds ?? 0) >= least;
  const { lookups, exchanges, connections, requests } = diagnosis;
  const left = {
    ...diagnosis,
    findings,
    lookups: onlySlow(lookups),
    exchanges: onlySlow(exchanges),
    requests: onlySlow(requests),
    connections: { ...connections, slowest: connections.slowest.filter(isSlowlyOpened) },
  };
  return { ...left, verdict: verdictOf(left) };
}
