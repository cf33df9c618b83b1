import { AddressTable } from './base/addresses.ts';
import { toSeconds, type Duration } from './base/time.ts';
import { openKeyLog, type KeyLogFile } from './capture/key-log-file.ts';
import { openInput } from './capture/open.ts';
import { createDiagnosis, type Manifests } from './diagnosis/diagnose.ts';
import { verdictOf } from './diagnosis/verdict.ts';
import { createExtract, createKeyLog, type Extract, type KeyLog } from './extract.ts';
import { mergeTrack, tracksOf, type Source } from './merge.ts';
import type { Connection } from './model/connection.ts';
import type { ConnectionRow } from './model/connection-schema.ts';
import type { Diagnosis } from './model/diagnosis.ts';
import type { Exchange } from './model/exchange.ts';
import type { Input } from './model/input.ts';
import { RR_TYPE, type Lookup } from './model/lookup.ts';
import type { Observer } from './model/observer.ts';
import type { ServiceChoice } from './model/request.ts';
import type { TextSource } from './model/source.ts';
import { TOOL } from './model/version.ts';
import { readRows } from './rows/read-rows.ts';
import { RULES } from './rules/registry.ts';
import { createRequests } from './tracing/requests.ts';
import { createWanted, isSlow, type WantedOptions } from './wanted.ts';

export interface Progress {
  bytesRead: number;
  /** Null where an input is a pipe. */
  bytesTotal: number | null;
  packets: number;
}

export interface AnalyzeOptions extends WantedOptions {
  /** Captures, tcpdump's text or exported rows; `-` is standard input. */
  paths: readonly string[];
  /** Server ports that carry DNS. */
  dnsPorts: readonly number[];
  /** Only what took at least this long is found and exported; the rest still counts as contrast. */
  slowerThan: Duration | null;
  /** Files with TLS secrets, as SSLKEYLOGFILE makes programs write them. */
  keyLogs?: readonly string[];
  /** The service whose requests are followed; left out: told from the capture. */
  service?: ServiceChoice | null;
  /** Files and folders with manifests, to join the capture with. */
  manifests?: readonly string[];
  /** Who else reads the rows: an export, statistics. */
  observers?: readonly Observer[];
  onProgress?(done: Progress): void;
  /** Called now and then while inputs are read; `diagnosis` says what is known so far. */
  onInterim?(diagnosis: () => Diagnosis): void;
  stdin?: NodeJS.ReadableStream;
}

export interface Analysis {
  diagnosis: Diagnosis;
  inputs: readonly Input[];
}

interface LeftOut {
  count: number;
  because: string | null;
}

const TOOLS_OWN = "tcpdump's own PTR look-ups of the addresses it prints (it was run without -n)";

/** The one sentence that knows all stages: inputs → packets → lookups → rules → diagnosis. */
export async function analyze(options: AnalyzeOptions): Promise<Analysis> {
  const addresses = new AddressTable();
  const inputs: Input[] = [];
  const leftOut: LeftOut = { count: 0, because: null };
  const wanted = createWanted(options);
  const manifests = await manifestsOf(options);
  const run = createDiagnosis({ rules: RULES, inputs, version: TOOL.version, leftOut, ...manifests });
  const others = options.observers ?? [];
  const { slowerThan } = options;
  const texts = new Map<number, TextSource>();
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
    if (texts.get(found.input)?.namesResolved === true && isToolsOwn(found)) {
      leftOut.count++;
      leftOut.because = TOOLS_OWN;
      return;
    }
    if (!wanted.lookup(found)) return;
    rows++;
    run.observer.lookup(found);
    tracer.lookup(found);
    if (slowerThan !== null && !isSlow.lookup(found, slowerThan)) return;
    for (const observer of others) observer.lookup?.(found);
  };
  const connection = (closed: Connection): void => {
    if (!wanted.connection(closed)) return;
    rows++;
    run.observer.connection(closed);
    tracer.connection(closed);
    if (slowerThan !== null && !isSlow.connection(closed, slowerThan)) return;
    for (const observer of others) observer.connection?.(closed);
  };
  const exchange = (done: Exchange): void => {
    if (!wanted.exchange(done)) return;
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

  const keyLog = await readKeyLogs(options);
  const sources: Source[] = [];
  for (const path of options.paths) {
    const opened = await openInput(path, inputs.length, {
      addresses,
      dnsPorts: options.dnsPorts,
      onSecrets: keyLog.text,
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    });
    if (opened.kind === 'rows') {
      await readRows(opened.lines, {
        path,
        damage: opened.damage,
        inputs,
        observers: [{ lookup, connection, exchange, input }],
      });
      continue;
    }
    inputs.push(opened.source.input);
    if (opened.kind === 'text') texts.set(opened.source.input.input, opened.source);
    sources.push(opened);
  }

  for (const track of await tracksOf(sources)) {
    const extract = createExtract({
      addresses,
      dnsPorts: options.dnsPorts,
      keyLog,
      observer: { lookup, connection, exchange },
    });
    const tracked = track.map(({ opened }) => opened.source.input);
    for (const begun of tracked) {
      extract.begin(begun);
      input(begun);
    }
    await mergeTrack(track, extract, () => {
      options.onProgress?.(progressOf(sources));
      options.onInterim?.(() => (rows > 0 ? run.result() : interim(extract, inputs, leftOut)));
    });
    extract.finish(tracked);
  }

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

async function readKeyLogs({ keyLogs = [], paths }: AnalyzeOptions): Promise<KeyLog> {
  const files: KeyLogFile[] = [];
  const more = (): void => files.forEach((file) => file.more());
  const keyLog = keyLogs.length === 0 ? createKeyLog() : createKeyLog(more);
  for (const path of keyLogs) files.push(await openKeyLog(path, paths.includes('-'), keyLog.line));
  return keyLog;
}

/** What can be said while all rows are still held back: they count as they stand now. */
function interim(extract: Extract, inputs: readonly Input[], leftOut: LeftOut): Diagnosis {
  const now = createDiagnosis({ rules: RULES, inputs, version: TOOL.version, leftOut });
  for (const input of inputs) now.observer.input(input);
  for (const held of extract.snapshot()) now.observer.lookup(held);
  now.observer.finish();
  return now.result();
}

const isToolsOwn = (lookup: Lookup): boolean => lookup.attempts.every((attempt) => attempt.type === RR_TYPE.PTR);

function progressOf(sources: readonly Source[]): Progress {
  const done: Progress = { bytesRead: 0, bytesTotal: 0, packets: 0 };
  for (const { source } of sources) {
    done.bytesRead += source.bytesRead;
    done.bytesTotal =
      done.bytesTotal === null || source.bytesTotal === null ? null : done.bytesTotal + source.bytesTotal;
    done.packets += source.input.packets;
  }
  return done;
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
