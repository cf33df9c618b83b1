import { AddressTable } from '../../src/base/addresses.ts';
import { openInput } from '../../src/capture/open.ts';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createTcpStreams } from '../../src/flows/tcp-streams.ts';
import type { Side } from '../../src/model/connection.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { copyExchange } from '../../src/model/exchange.ts';
import { createLayers } from '../../src/model/packet.ts';
import type { Arrival, TrackedConnection } from '../../src/model/tracked-connection.ts';
import { createConversations } from '../../src/protocols/conversations.ts';
import type { StreamEnd } from '../../src/protocols/protocol.ts';
import { trackedConnection } from '../../src/protocols/testing/connection.ts';

/** What came of one side at once. */
export interface Said {
  from: Side;
  arrival: Arrival;
  bytes?: Uint8Array;
  /** So many bytes are missing. */
  gap?: number;
  because?: StreamEnd;
}

/** All that was said on one connection, in order. */
export interface Dialogue {
  connection: TrackedConnection;
  said: Said[];
}

/** The connections of a capture as protocols get them. @throws UserError where it is none */
export async function readDialogues(path: string): Promise<Dialogue[]> {
  const addresses = new AddressTable();
  const opened = await openInput(path, 0, { addresses });
  if (opened.kind !== 'packets') return [];
  const { source } = opened;
  const decoder = createDecoder({ addresses }, source.input.damage);
  const layers = createLayers();
  const found = new Map<TrackedConnection, Dialogue>();
  const note = (connection: TrackedConnection, fromClient: boolean, what: Omit<Said, 'from'>): void => {
    let dialogue = found.get(connection);
    if (dialogue === undefined) found.set(connection, (dialogue = { connection, said: [] }));
    const { input, number, time } = what.arrival;
    dialogue.said.push({ ...what, from: fromClient ? 'client' : 'server', arrival: { input, number, time } });
  };
  const streams = createTcpStreams({
    addresses,
    onData: ({ connection, fromClient }, bytes, start, end, arrival) =>
      note(connection, fromClient, { bytes: bytes.slice(start, end), arrival }),
    onGap: ({ connection, fromClient }, gap, arrival) => note(connection, fromClient, { gap, arrival }),
    onEnd: ({ connection, fromClient }, arrival, because) => note(connection, fromClient, { because, arrival }),
  });
  for (;;) {
    const state = source.next();
    if (state === 'end') break;
    if (state === 'packet') {
      if (decoder.decode(source.packet, layers)) streams.push(layers);
    } else {
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      await source.fill();
    }
  }
  streams.finish();
  return [...found.values()];
}

export interface Replay {
  exchanges: Exchange[];
  connection: TrackedConnection;
}

/** Says it again to a driver of its own. */
export function replay({ connection: { clientPort, serverPort, syns } }: Dialogue, said: readonly Said[]): Replay {
  const connection = trackedConnection({
    clientPort,
    serverPort,
    syns,
    synAcks: [],
    packets: { client: 1, server: 1 },
  });
  const exchanges: Exchange[] = [];
  const conversations = createConversations({ emit: (exchange) => void exchanges.push(copyExchange(exchange)) });
  for (const { from, arrival, bytes, gap, because } of said) {
    if (bytes !== undefined && arrival.time !== connection.lastDataAt) {
      connection.previousDataAt = connection.lastDataAt;
      connection.lastDataAt = arrival.time;
    }
    if (bytes !== undefined) conversations.data(connection, from, bytes, 0, bytes.length, arrival);
    if (gap !== undefined) conversations.gap(connection, from, gap, arrival, false);
    if (because !== undefined) conversations.end(connection, from, arrival, because);
  }
  conversations.closed(connection);
  return { exchanges, connection };
}
