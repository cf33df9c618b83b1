import type { AddressTable } from '../base/addresses.ts';
import type { Input } from '../model/input.ts';
import type { OpenedInput } from '../model/source.ts';
import { NothingToRead, UserError } from '../model/user-error.ts';
import { ChunkSource, openFileSource, type ByteSource } from './byte-source.ts';
import { ByteWindow } from './byte-window.ts';
import { foreignText } from './foreign-text.ts';
import { GunzipSource } from './gunzip.ts';
import { CHUNK_BYTES, MAX_COMPRESSIONS, MAX_ROW_BYTES } from './limits.ts';
import { InOrderSource } from './in-order.ts';
import { LineReader, readLines, Utf16Source } from './lines.ts';
import { linkTypeName } from '../model/link-type.ts';
import { atByte, note } from './notes.ts';
import { findRecords, type RecordShape } from './pcap-resync.ts';
import { PCAP_HEADER_BYTES, PcapSource, readPcapHeader } from './pcap.ts';
import { PcapngSource } from './pcapng.ts';
import { recognise, type Format } from './recognise.ts';
import { createInput, type PacketSourceBase } from './source-base.ts';
import { DNS_PORT } from './tcpdump-endpoint.ts';
import { TcpdumpText } from './tcpdump-text.ts';
import { cameThroughTerminal, isOutOfStep, TerminalSource } from './terminal.ts';
import { ZstdSource } from './zstd.ts';

export interface OpenOptions {
  /** Where text's addresses and names are interned. */
  addresses: AddressTable;
  /** What `-` stands for. */
  stdin?: AsyncIterable<unknown>;
  /** Ports that speak DNS in tcpdump's text; 53 where not given. */
  dnsPorts?: readonly number[];
  /** Takes the TLS key logs that a capture itself carries. */
  onSecrets?(keyLog: Uint8Array): void;
}

const READS = 'kubelag reads pcap, pcapng, tcpdump text and its own rows, also in gzip or zstd';
const THROUGH_TERMINAL =
  'it came through a terminal, which put a carriage return before each line feed (kubectl exec -t, -it): taken out again';
const LOST_HEADER_SHAPES: readonly RecordShape[] = [
  { little: true, nanoseconds: false, headerLength: 16 },
  { little: false, nanoseconds: false, headerLength: 16 },
];

/**
 * Opens a file, a pipe or `-`, and tells from its content what it is.
 * @param index the input's number among all
 * @throws UserError where it cannot be read: missing, a directory, empty, no capture
 */
export async function openInput(path: string, index: number, options: OpenOptions): Promise<OpenedInput> {
  if (path !== '-') return openBytes(await openFileSource(path), path, index, options);
  if (options.stdin === undefined) throw new UserError('-: there is no standard input');
  return openBytes(new ChunkSource(options.stdin), path, index, options);
}

/**
 * The same for bytes from anywhere: a child's output, memory.
 * @param path what messages call it
 */
export async function openBytes(
  source: ByteSource,
  path: string,
  index: number,
  options: OpenOptions,
): Promise<OpenedInput> {
  try {
    return await openContent(source, path, index, options);
  } catch (error) {
    source.close();
    throw error;
  }
}

async function openContent(
  source: ByteSource,
  path: string,
  index: number,
  options: OpenOptions,
): Promise<OpenedInput> {
  let window = new ByteWindow(source);
  let suffix = '';
  let fromUtf16 = false;
  let fromTerminal = false;
  for (let layers = 0; ; layers++) {
    // oxlint-disable-next-line no-await-in-loop -- one layer inside another
    const format = await recogniseContent(window);
    if (format.kind === 'gzip' || format.kind === 'zstd' || (format.kind === 'utf16' && !fromUtf16)) {
      if (layers >= MAX_COMPRESSIONS) throw new UserError(`${path}: packed more than ${MAX_COMPRESSIONS} times`);
      if (format.kind === 'utf16') fromUtf16 = true;
      else suffix = `+${format.kind}${suffix}`;
      window = unpack(format.kind, path, window);
      continue;
    }
    if (fromUtf16 && format.kind !== 'text' && format.kind !== 'rows') {
      throw new UserError(
        `${path}: bytes that were turned into UTF-16 (PowerShell's '>' does that): capture again with tcpdump -w FILE, and copy it`,
      );
    }
    if (!fromTerminal && passedTerminal(format, window)) {
      fromTerminal = true;
      window = new ByteWindow(new TerminalSource(window));
      continue;
    }
    const input = (name: string) => {
      const created = createInput(index, path, `${name}${suffix}`);
      if (fromTerminal) note(created.damage, THROUGH_TERMINAL);
      return created;
    };
    return openFormat(format, window, path, input, options);
  }
}

function passedTerminal(format: Format, window: ByteWindow): boolean {
  const bytes = window.bytes.subarray(window.start, window.end);
  const header = format.kind === 'pcap' ? readPcapHeader(bytes, 0, bytes.length) : null;
  const mayBe = format.kind === 'unknown' || (header !== null && isOutOfStep(bytes, header));
  return mayBe && cameThroughTerminal(bytes);
}

function unpack(kind: 'gzip' | 'zstd' | 'utf16', path: string, window: ByteWindow): ByteWindow {
  if (kind === 'gzip') return new ByteWindow(new GunzipSource(window));
  if (kind === 'zstd') return new ByteWindow(new ZstdSource(path, window));
  return new ByteWindow(new Utf16Source(window, window.bytes[window.start] === 0xff));
}

async function recogniseContent(window: ByteWindow): Promise<Format> {
  for (;;) {
    const format = recognise(window.bytes.subarray(window.start, window.end), window.ended);
    if (format !== null) return format;
    // A blank text as long as this is none.
    if (window.length > CHUNK_BYTES) return { kind: 'unknown' };
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    await window.fill();
  }
}

async function openFormat(
  format: Format,
  window: ByteWindow,
  path: string,
  input: (format: string) => Input,
  options: OpenOptions,
): Promise<OpenedInput> {
  switch (format.kind) {
    case 'pcap': {
      await fillTo(window, PCAP_HEADER_BYTES);
      const header = readPcapHeader(window.bytes, window.start, window.end);
      if (header === null)
        throw new NothingToRead(`${path}: cut ${atByte(window.length)}, inside the header of a pcap`);
      window.start += PCAP_HEADER_BYTES;
      return inOrder(new PcapSource(window, input('pcap'), header), window);
    }
    case 'pcapng':
      return inOrder(new PcapngSource(window, input('pcapng'), options.onSecrets), window);
    case 'text':
      return openText(window, path, input('tcpdump text'), options);
    case 'rows': {
      const foreign = foreignText(window.bytes.subarray(window.start, window.end));
      if (foreign !== null) throw new NothingToRead(`${path}: ${foreign}`);
      return openRows(window, path, input('ndjson').damage);
    }
    case 'empty':
      throw new NothingToRead(`${path}: ${emptyBecause(window)}`);
    case 'foreign':
      throw new NothingToRead(`${path}: ${format.what}; ${format.advice.replace('FILE', path)}`);
    default:
      return openWithoutHeader(window, path, input('pcap without its header'));
  }
}

const inOrder = (source: PacketSourceBase, window: ByteWindow): OpenedInput => ({
  kind: 'packets',
  source: new InOrderSource(source, window),
});

const emptyBecause = (window: ByteWindow): string =>
  window.source.trouble ?? 'is empty: nothing was captured into it, or it was not copied';

async function fillTo(window: ByteWindow, length: number): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- one read after another
  while (window.length < length && !window.ended) await window.fill();
}

async function openText(
  window: ByteWindow,
  path: string,
  input: ReturnType<typeof createInput>,
  { addresses, dnsPorts = [DNS_PORT] }: OpenOptions,
): Promise<OpenedInput> {
  // Told now: reading moves on.
  const foreign = foreignText(window.bytes.subarray(window.start, window.end));
  const source = new TcpdumpText(window, input, addresses, new Set(dnsPorts));
  if (await source.isTcpdump()) return { kind: 'text', source };
  if (source.timeless > 0) {
    throw new UserError(
      `${path}: tcpdump's text without times (-t): nothing can be measured; print it again without -t`,
    );
  }
  if (foreign !== null) throw new NothingToRead(`${path}: ${foreign}`);
  throw new NothingToRead(`${path}: text, but no line of it is tcpdump's; ${READS}`);
}

function openRows(window: ByteWindow, path: string, damage: ReturnType<typeof createInput>['damage']): OpenedInput {
  const reader = new LineReader(window, MAX_ROW_BYTES);
  async function* lines(): AsyncGenerator<string> {
    yield* readLines(window, reader);
    damage.undecodable += reader.overlong;
    if (window.source.trouble !== null) note(damage, window.source.trouble);
  }
  return { kind: 'rows', path, lines: lines(), damage };
}

/** Neither a known beginning nor text: perhaps a pcap whose first bytes never arrived. */
async function openWithoutHeader(
  window: ByteWindow,
  path: string,
  input: ReturnType<typeof createInput>,
): Promise<OpenedInput> {
  const find = () => findRecords(window.view, window.start, window.end, window.ended, LOST_HEADER_SHAPES);
  let found = find();
  while (found === 'more') {
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    await window.fill();
    found = find();
  }
  if (found === null) {
    const first = Buffer.from(window.bytes.subarray(window.start, Math.min(window.end, window.start + 4)));
    throw new NothingToRead(`${path}: no capture: it begins with bytes ${first.toString('hex')}; ${READS}`);
  }
  const { shape, linkType } = found;
  const passed = found.start - window.start;
  window.start = found.start;
  if (linkType === null) {
    throw new UserError(
      `${path}: a pcap whose first bytes were lost, and its packets (the first ${atByte(window.offset)}) do not tell ` +
        'their link type: capture again, and wait until tcpdump is attached before sending traffic',
    );
  }
  note(
    input.damage,
    `the file header is missing; records were found from byte ${passed} on, and by their content are ${linkTypeName(linkType)}`,
  );
  const source = new PcapSource(window, input, { ...shape, linkType, snapLength: null, lengthsMaySwap: false });
  return inOrder(source, window);
}
