import { AddressTable } from './base/addresses.ts';
import { openKeyLog, type KeyLogFile } from './capture/key-log-file.ts';
import { openInput } from './capture/open.ts';
import { createExtract, createKeyLog, type Extract, type KeyLog, type RowObserver } from './extract.ts';
import { mergeTrack, tracksOf, type Source } from './merge.ts';
import type { Input } from './model/input.ts';
import { RR_TYPE, type Lookup } from './model/lookup.ts';
import type { OpenedInput, TextSource } from './model/source.ts';
import { NothingToRead, UserError } from './model/user-error.ts';
import { readRows } from './rows/read-rows.ts';

export interface ReadOptions {
  /** Captures, tcpdump's text or exported rows; `-` is standard input. */
  paths: readonly string[];
  /** Server ports that carry DNS. */
  dnsPorts: readonly number[];
  /** Files with TLS secrets, as SSLKEYLOGFILE makes programs write them. */
  keyLogs?: readonly string[];
  stdin?: NodeJS.ReadableStream;
}

export interface Progress {
  bytesRead: number;
  /** Null where an input is a pipe. */
  bytesTotal: number | null;
  packets: number;
}

/** Lookups that are told by their number alone. */
export interface LeftOut {
  count: number;
  because: string | null;
}

/** Who takes what is read. */
export interface Reading extends RowObserver {
  /** Filled as inputs are opened, before their first rows; each goes on being filled. */
  readonly inputs: Input[];
  readonly leftOut: LeftOut;
  /** An input begins. */
  input(input: Input): void;
  /**
   * One of several inputs holds nothing that can be read, and is passed over; where none does, that is thrown. Left out: the
   * first is.
   */
  unreadable?(because: string): void;
  /** Now and then. @param held lookups that are held back still, as they stand now */
  tick(done: Progress, held: () => Iterable<Lookup>): void;
}

/** Reads all inputs, and hands on their rows. @throws UserError where one can't be read */
export type ReadInputs = (options: ReadOptions, reading: Reading) => Promise<void>;

const TOOLS_OWN = "tcpdump's own PTR look-ups of the addresses it prints (it was run without -n)";

/** The first half: inputs → packets → rows. */
export const readInputs: ReadInputs = async (options, reading) => {
  const addresses = new AddressTable();
  const { inputs, leftOut, input } = reading;
  const texts = new Map<number, TextSource>();
  const observer: RowObserver = {
    lookup(found) {
      if (texts.get(found.input)?.namesResolved !== true || !isToolsOwn(found)) return reading.lookup(found);
      leftOut.count++;
      leftOut.because = TOOLS_OWN;
    },
    connection: (closed) => reading.connection(closed),
    exchange: (done) => reading.exchange(done),
  };

  const keyLog = await readKeyLogs(options);
  const sources: Source[] = [];
  const passedOver: NothingToRead[] = [];
  const open = async (path: string): Promise<OpenedInput | null> => {
    const { dnsPorts, stdin } = options;
    const ways = { addresses, dnsPorts, onSecrets: keyLog.text, ...(stdin === undefined ? {} : { stdin }) };
    try {
      return await openInput(path, inputs.length, ways);
    } catch (error) {
      if (!(error instanceof NothingToRead) || reading.unreadable === undefined) throw error;
      passedOver.push(error);
      return null;
    }
  };
  for (const path of options.paths) {
    const opened = await open(path);
    if (opened === null) continue;
    if (opened.kind === 'rows') {
      await readRows(opened.lines, { path, damage: opened.damage, inputs, observers: [{ ...observer, input }] });
      continue;
    }
    inputs.push(opened.source.input);
    if (opened.kind === 'text') texts.set(opened.source.input.input, opened.source);
    sources.push(opened);
  }

  const [first] = passedOver;
  if (first !== undefined && passedOver.length === options.paths.length) throw first;
  for (const { message } of passedOver) reading.unreadable?.(message);

  for (const track of await tracksOf(await setClocks(sources))) {
    const extract: Extract = createExtract({ addresses, dnsPorts: options.dnsPorts, keyLog, observer });
    const tracked = track.map(({ opened }) => opened.source.input);
    for (const begun of tracked) {
      extract.begin(begun);
      input(begun);
    }
    await mergeTrack(track, extract, () => reading.tick(progressOf(sources), extract.snapshot));
    extract.finish(tracked);
    for (const read of tracked) {
      const fault = extract.faultOfTimes(read);
      if (fault !== null) throw new UserError(`${read.path}: ${fault}`);
    }
  }
};

/** What several captures show is put beside one another; a copy of one is left out, as its packets would count twice. */
async function setClocks(sources: readonly Source[]): Promise<Source[]> {
  if (sources.length < 2) return [...sources];
  const { compareClocks } = await import('./clocks.ts');
  const { shifts, copies } = await compareClocks(
    sources.flatMap((opened) => (opened.kind === 'packets' ? [opened.source] : [])),
  );
  return sources.filter(({ source }) => {
    const { input } = source;
    source.offset = shifts.get(input) ?? 0;
    const original = copies.get(input);
    if (original === undefined) return true;
    source.close();
    input.damage.notes.push(`holds the same packets as ${original.path}, and is left out`);
    return false;
  });
}

async function readKeyLogs({ keyLogs = [], paths }: ReadOptions): Promise<KeyLog> {
  const files: KeyLogFile[] = [];
  const more = (): void => files.forEach((file) => file.more());
  const keyLog = keyLogs.length === 0 ? createKeyLog() : createKeyLog(more);
  for (const path of keyLogs) files.push(await openKeyLog(path, paths.includes('-'), keyLog.line));
  return keyLog;
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
