import { AddressTable } from './base/addresses.ts';
import { nameMatcher } from './base/glob.ts';
import { toSeconds, type Duration } from './base/time.ts';
import { openKeyLog, type KeyLogFile } from './capture/key-log-file.ts';
import { openInput } from './capture/open.ts';
import { createDiagnosis } from './diagnosis/diagnose.ts';
import { verdictOf } from './diagnosis/verdict.ts';
import { createExtract, createKeyLog, type Extract, type KeyLog } from './extract.ts';
import { mergeTrack, tracksOf, type Source } from './merge.ts';
import type { Connection } from './model/connection.ts';
import type { Diagnosis } from './model/diagnosis.ts';
import type { Exchange } from './model/exchange.ts';
import type { Input } from './model/input.ts';
import { RR_TYPE, type Lookup } from './model/lookup.ts';
import type { Observer } from './model/observer.ts';
import type { TextSource } from './model/source.ts';
import { TOOL } from './model/version.ts';
import { readRows } from './rows/read-rows.ts';
import { RULES } from './rules/registry.ts';

export interface Progress {
  bytesRead: number;
  /** Null where an input is a pipe. */
  bytesTotal: number | null;
  packets: number;
}

export interface AnalyzeOptions {
  /** Captures, tcpdump's text or exported rows; `-` is standard input. */
  paths: readonly string[];
  /** Server ports that carry DNS. */
  dnsPorts: readonly number[];
  /** Only lookups, connections and exchanges of these clients; empty for all. */
  clients: readonly string[];
  /** Only lookups of these names; `*` stands for anything. Empty for all. */
  names: readonly string[];
  /** Only what took at least this long is found and exported; the rest still counts as contrast. */
  slowerThan: Duration | null;
  /** Files with TLS secrets, as SSLKEYLOGFILE makes programs write them. */
  keyLogs?: readonly string[];
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
  const isWantedClient = clientFilter(options);
  const isWantedName = nameMatcher(options.names);
  const run = createDiagnosis({ rules: RULES, inputs, version: TOOL.version, leftOut });
  const others = options.observers ?? [];
  const texts = new Map<number, TextSource>();
  let rows = 0;

  const lookup = (found: Lookup): void => {
    if (texts.get(found.input)?.namesResolved === true && isToolsOwn(found)) {
      leftOut.count++;
      leftOut.because = TOOLS_OWN;
      return;
    }
    if (!isWantedClient(found.client) || !isWantedName(found.name)) return;
    rows++;
    run.observer.lookup(found);
    if (options.slowerThan !== null && found.duration < options.slowerThan) return;
    for (const observer of others) observer.lookup?.(found);
  };
  const connection = (closed: Connection): void => {
    if (!isWantedClient(closed.client)) return;
    rows++;
    run.observer.connection(closed);
    for (const observer of others) observer.connection?.(closed);
  };
  const exchange = (done: Exchange): void => {
    if (!isWantedClient(done.client)) return;
    rows++;
    run.observer.exchange(done);
    if (options.slowerThan !== null && done.duration < options.slowerThan) return;
    for (const observer of others) observer.exchange?.(done);
  };
  const input = (begun: Input): void => {
    run.observer.input(begun);
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
      await readRows(opened.lines, { path, damage: opened.damage, inputs, observers: [{ lookup, input }] });
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

  run.observer.finish();
  for (const observer of others) observer.finish?.();
  return { diagnosis: onlySlower(run.result(), options.slowerThan), inputs };
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

function clientFilter({ clients }: AnalyzeOptions): (client: string) => boolean {
  const wanted = new Set(clients);
  return (client) => wanted.size === 0 || wanted.has(client);
}

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
  const { lookups, exchanges } = diagnosis;
  const left = { ...diagnosis, findings, lookups: onlySlow(lookups), exchanges: onlySlow(exchanges) };
  return { ...left, verdict: verdictOf(left) };
}
