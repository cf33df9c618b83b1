import { expect, it } from 'vitest';
import { AddressTable } from '../../base/addresses.ts';
import { createLayers, IP_PROTOCOL } from '../../model/packet.ts';
import { createDns } from './dns.ts';

const QUERY = Buffer.from(
  '123401000001000000000000036170690470726f640373766307636c7573746572056c6f63616c0000010001',
  'hex',
);

const ignored = (): void => {};

/** What a datagram to port 53 is, of which so many bytes were captured. */
function kindOf(captured: number, payloadLength: number): number {
  const dns = createDns({
    addresses: new AddressTable(),
    ports: [53],
    sink: { sent: ignored, resent: ignored, replied: ignored, unreachable: ignored },
  });
  return dns.datagram({
    ...createLayers(),
    protocol: IP_PROTOCOL.udp,
    sourcePort: 40_000,
    destinationPort: 53,
    bytes: QUERY,
    payloadStart: 0,
    payloadEnd: captured,
    payloadLength,
  });
}

it('tells a message that a snap length cut within its question from what is none', () => {
  expect(kindOf(QUERY.length, QUERY.length)).toBe(1);
  expect(kindOf(QUERY.length - 6, QUERY.length)).toBe(-1);
  expect(kindOf(8, QUERY.length)).toBe(-1);
  // It ends there on the wire, too.
  expect(kindOf(QUERY.length - 6, QUERY.length - 6)).toBe(0);
});
