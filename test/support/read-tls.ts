import { readFileSync } from 'node:fs';
import { AddressTable } from '../../src/base/addresses.ts';
import { openBytes } from '../../src/capture/open.ts';
import { ChunkSource } from '../../src/capture/byte-source.ts';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createTcpStreams } from '../../src/flows/tcp-streams.ts';
import { copyConnection, type Connection, type Side } from '../../src/model/connection.ts';
import { createLayers, IP_PROTOCOL } from '../../src/model/packet.ts';
import { createConversations } from '../../src/protocols/conversations.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { createKeyLog, type KeyLog } from '../../src/protocols/tls/key-log.ts';
import { createTls } from '../../src/protocols/tls/tls.ts';
import { postgresql } from '../../src/protocols/upstream/postgresql.ts';

/** One TLS connection and what was read of its content. */
export interface ReadTls {
  connection: Connection;
  /** What each side sent, `…` where some of it was missing, with the packet of each piece. */
  content: Record<Side, string>;
  packets: Record<Side, number[]>;
  ended: Side[];
}

const isText = (bytes: Uint8Array): boolean => bytes.every((octet) => octet >= 0x20 && octet < 0x7f);

/** A key log as a file holds it. */
export function keyLogOf(path: string): KeyLog {
  const keyLog = createKeyLog();
  keyLog.text(readFileSync(path));
  return keyLog;
}

/** The TLS connections of a capture, in order of their ends, and their content where the key log has their secrets. */
export async function readTls(path: string, keyLog: KeyLog = createKeyLog()): Promise<ReadTls[]> {
  return readTlsOf([readFileSync(path)], keyLog);
}

export async function readTlsOf(capture: readonly Uint8Array[], keyLog: KeyLog): Promise<ReadTls[]> {
  const addresses = new AddressTable();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* capture;
  }
  const onSecrets = (secrets: Uint8Array): void => keyLog.text(secrets);
  const opened = await openBytes(new ChunkSource(chunks()), 'capture', 0, { addresses, onSecrets });
  if (opened.kind !== 'packets') throw new Error(`a capture is ${opened.kind}`);
  const { source } = opened;
  const read: ReadTls[] = [];
  const seen = new Map<Connection, ReadTls>();

  // Takes whatever TLS carried: text, or what ALPN says.
  const anything: Protocol = {
    id: 'anything',
    ports: [],
    recognise: (_, bytes, start, end) => (isText(bytes.subarray(start, Math.min(end, start + 8))) ? 'yes' : 'no'),
    open({ connection }) {
      const content = { client: '', server: '' };
      const packets: Record<Side, number[]> = { client: [], server: [] };
      const ended: Side[] = [];
      seen.set(connection, { connection, content, packets, ended });
      return {
        push(from, bytes, start, end, arrival) {
          content[from] += Buffer.from(bytes.subarray(start, end)).toString('latin1');
          packets[from].push(arrival.number);
        },
        gap(from) {
          content[from] += '…';
        },
        end: (from) => void ended.push(from),
      };
    },
  };
  const conversations = createConversations({
    emit: () => {},
    protocols: [
      createTls(keyLog),
      postgresql,
      anything,
      { ...anything, id: 'http/2' },
      { ...anything, id: 'http/1.1' },
    ],
  });
  const streams = createTcpStreams({
    addresses,
    onData: ({ connection, fromClient }, bytes, start, end, arrival) =>
      conversations.data(connection, fromClient ? 'client' : 'server', bytes, start, end, arrival),
    onGap: ({ connection, fromClient }, length, arrival, isCut) =>
      conversations.gap(connection, fromClient ? 'client' : 'server', length, arrival, isCut),
    onEnd: ({ connection, fromClient }, arrival, because) =>
      conversations.end(connection, fromClient ? 'client' : 'server', arrival, because),
    onConnection(connection) {
      conversations.closed(connection);
      if (connection.tls === null) return;
      const { content, packets, ended } = seen.get(connection) ?? {
        content: { client: '', server: '' },
        packets: { client: [], server: [] },
        ended: [],
      };
      read.push({ connection: copyConnection(connection), content, packets, ended });
    },
  });
  const decoder = createDecoder({ addresses }, source.input.damage);
  const layers = createLayers();
  for (;;) {
    const state = source.next();
    if (state === 'end') break;
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    if (state === 'more') await source.fill();
    else if (decoder.decode(source.packet, layers) && layers.protocol === IP_PROTOCOL.tcp) streams.push(layers);
  }
  streams.finish();
  return read;
}
