import { expect, it } from 'vitest';
import { AddressTable } from '../base/addresses.ts';
import { at, milliseconds } from '../base/time.ts';
import type { Stall } from '../model/connection.ts';
import { createLayers } from '../model/packet.ts';
import { trackedRow } from './tracked-row.ts';
import { turnRound } from './turned-row.ts';

const STALL: Stall = {
  reason: 'zero-window',
  from: 'client',
  startedAt: at(0),
  duration: milliseconds(900),
  bytes: 1448,
  resends: 2,
  repaired: true,
  packets: [5, 9],
};

it('a row whose sides are turned round names all that each did by its right name', () => {
  const addresses = new AddressTable();
  const [low, high] = [addresses.internText('10.0.0.1'), addresses.internText('10.0.0.2')];
  const ends = { client: high, clientPort: 50_051, server: low, serverPort: 41_200 };
  const row = trackedRow(0, ends, 'ports', createLayers(), addresses);
  Object.assign(row.bytes, { client: 10, server: 3000 });
  Object.assign(row.zeroWindows, { client: 2, server: 0 });
  row.stalls = [STALL];
  row.endedBy = 'server';
  row.roundTrip = milliseconds(3);
  turnRound(row);
  expect(row).toMatchObject({
    client: '10.0.0.1',
    clientPort: 41_200,
    server: '10.0.0.2',
    serverPort: 50_051,
    bytes: { client: 3000, server: 10 },
    zeroWindows: { client: 0, server: 2 },
    stalls: [{ from: 'server' }],
    endedBy: 'client',
    roundTrip: Number.NaN,
  });
});
