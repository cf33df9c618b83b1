import { AddressTable } from '../../src/base/addresses.ts';
import { analyze } from '../../src/analyze.ts';
import { openInput } from '../../src/capture/open.ts';
import { createDiagnosis } from '../../src/diagnosis/diagnose.ts';
import { createExtract } from '../../src/extract.ts';
import { copyConnection, type Connection } from '../../src/model/connection.ts';
import type { Diagnosis } from '../../src/model/diagnosis.ts';
import { copyExchange, type Exchange } from '../../src/model/exchange.ts';
import type { Input } from '../../src/model/input.ts';
import { copyLookup, type Lookup } from '../../src/model/lookup.ts';
import type { Packet } from '../../src/model/packet.ts';
import { TOOL } from '../../src/model/version.ts';
import { RULES } from '../../src/rules/registry.ts';

export interface Rows {
  lookups: Lookup[];
  connections: Connection[];
  exchanges: Exchange[];
}

/** With what the program says of them. */
export interface Answer extends Rows {
  diagnosis: Diagnosis;
}

export interface Capture {
  path: string;
  input: Input;
  packets: Packet[];
}

const DNS_PORTS = [53];

/** A capture's packets, each with bytes of its own; null for text and rows. Throws UserError where it can't be read. */
export async function readPackets(path: string, most: number): Promise<Capture | null> {
  const opened = await openInput(path, 0, { addresses: new AddressTable() });
  if (opened.kind !== 'packets') return null;
  const { source } = opened;
  const packets: Packet[] = [];
  while (packets.length < most) {
    const state = source.next();
    if (state === 'end') break;
    if (state === 'more') {
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      await source.fill();
      continue;
    }
    const { bytes, start, end } = source.packet;
    packets.push({ ...source.packet, bytes: bytes.slice(start, end), start: 0, end: end - start });
  }
  return { path, input: source.input, packets };
}

/** The whole program but for reading files: packets to rows, rows to an answer. */
export function rowsOf({ input, packets }: Pick<Capture, 'input' | 'packets'>): Answer {
  const rows: Rows = { lookups: [], connections: [], exchanges: [] };
  const run = createDiagnosis({
    rules: RULES,
    inputs: [input],
    version: TOOL.version,
    leftOut: { count: 0, because: null },
  });
  const extract = createExtract({
    addresses: new AddressTable(),
    dnsPorts: DNS_PORTS,
    observer: {
      lookup(lookup) {
        rows.lookups.push(copyLookup(lookup));
        run.observer.lookup(lookup);
      },
      connection(connection) {
        rows.connections.push(copyConnection(connection));
        run.observer.connection(connection);
      },
      exchange(exchange) {
        rows.exchanges.push(copyExchange(exchange));
        run.observer.exchange(exchange);
      },
    },
  });
  extract.begin(input);
  run.observer.input(input);
  // Where a clock was set, its packets' times are put right.
  for (const packet of packets) extract.packet({ ...packet });
  extract.finish([input]);
  run.observer.finish();
  return { ...rows, diagnosis: run.result() };
}

/** The whole program on a file. Throws UserError where it says in one line why it can't be read. */
export async function rowsOfFile(path: string): Promise<Rows> {
  const rows: Rows = { lookups: [], connections: [], exchanges: [] };
  await analyze({
    paths: [path],
    dnsPorts: DNS_PORTS,
    clients: [],
    names: [],
    slowerThan: null,
    observers: [
      {
        lookup: (lookup) => void rows.lookups.push(copyLookup(lookup)),
        connection: (connection) => void rows.connections.push(copyConnection(connection)),
        exchange: (exchange) => void rows.exchanges.push(copyExchange(exchange)),
      },
    ],
  });
  return rows;
}
