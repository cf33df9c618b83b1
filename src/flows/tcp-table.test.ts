import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressTable } from '../base/addresses.ts';
import { at } from '../base/time.ts';
import { createLayers } from '../model/packet.ts';
import { Direction } from './tcp-direction.ts';
import { createTcpCounters, TCP_LIMITS } from './tcp-stream.ts';
import { TcpWatch } from './tcp-watch.ts';
import { trackedRow } from './tracked-row.ts';
import { Hosts } from './hosts.ts';
import { SegmentRoom } from './sent-segments.ts';
import { ConnectionTable, type Connection } from './tcp-table.ts';

function createConnection(client: number, clientPort: number): Connection {
  const handlers = { onData: () => {}, onGap: () => {} };
  const shared = {
    handlers,
    limits: TCP_LIMITS,
    counters: createTcpCounters(),
    holes: new Set<Direction>(),
    bytes: 0,
    deadline: at(0),
  };
  const ends = { client, clientPort, server: 0, serverPort: 0 };
  const row = trackedRow(0, ends, 'ports', createLayers(), new AddressTable());
  const direction = new Direction({ id: 0, connection: row, fromClient: true }, shared);
  const links = { nextOfClient: null, earlier: null, later: null };
  return {
    client,
    clientPort,
    fromClient: direction,
    fromServer: direction,
    row,
    ordinal: 0,
    watch: new TcpWatch(row, new SegmentRoom(0), new Hosts()),
    alias: null,
    faces: [],
    lastPacketAt: at(0),
    closed: false,
    attempt: null,
    formerNumber: null,
    ...links,
  };
}

const tuple = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(60), fc.integer({ min: 1, max: 6 }), fc.nat(60));
const action = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), tuple }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'close' as const, 'touch' as const), at: fc.nat(1000) }),
);

describe('ConnectionTable', () => {
  it('finds what is there, from both ends, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 700, minLength: 300 }), (actions) => {
        const table = new ConnectionTable();
        const known = new Map<string, Connection>();
        for (const one of actions) {
          if (one.kind === 'open') {
            const key = one.tuple.join(' ');
            if (table.find(...one.tuple) !== null) continue;
            const connection = createConnection(one.tuple[0], one.tuple[1]);
            table.insert(connection);
            table.addFace(connection, ...one.tuple);
            known.set(key, connection);
          } else {
            const key = [...known.keys()][one.at % Math.max(1, known.size)];
            if (key === undefined) continue;
            table[one.kind](known.get(key)!);
            if (one.kind === 'remove') known.delete(key);
          }
        }
        for (const [key, connection] of known) {
          const [source, sourcePort, destination, destinationPort] = key.split(' ').map(Number) as [
            number,
            number,
            number,
            number,
          ];
          expect(table.find(source, sourcePort, destination, destinationPort)?.connection).toBe(connection);
          expect(table.find(destination, destinationPort, source, sourcePort)?.connection).toBe(connection);
          const ofClient: Connection[] = [];
          for (let next = table.ofClient(source, sourcePort); next !== null; next = next.nextOfClient)
            ofClient.push(next);
          expect(ofClient).toContain(connection);
          expect(ofClient.every((other) => [...known.values()].includes(other))).toBe(true);
        }
        expect(table.open.size + table.closing.size).toBe(known.size);
        expect(table.find(9, 9, 9, 9)).toBeNull();
      }),
      { numRuns: 30 },
    );
  });
});
