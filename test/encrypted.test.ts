import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { PUBLIC } from './public/folder.ts';

const FOLDER = join(PUBLIC, 'tcpdump/tests');

/** Packets that tcpdump itself takes for encrypted ones: each begins with its number in the text. */
const toldByTcpdump = (name: string, mark: RegExp): number =>
  readFileSync(join(FOLDER, `${name}.out`), 'utf8')
    .split(/\n(?= *\d+ {2})/)
    .filter((packet) => mark.test(packet)).length;

describe.skipIf(!existsSync(FOLDER))('packets that are encrypted as a whole (../shared/captures/public)', () => {
  it.each([
    ['quic_handshake', 'QUIC', / quic,/, /^QUIC \(HTTP\/3\) encrypts 18 of 18 packets/],
    ['quic_retry', 'QUIC', / quic,/, /^QUIC \(HTTP\/3\) encrypts 23 of 23 packets/],
    ['quic_vn', 'QUIC', / quic,/, /^QUIC \(HTTP\/3\) encrypts 25 of 25 packets/],
    ['espudp1', 'IPsec', / UDP-encap: ESP\(/, /^IPsec between nodes encrypts 8 of 8 packets: capture in the pod/],
  ] as const)('%s: as many as tcpdump says, and the first line says so', async (name, by, mark, says) => {
    const paths = [join(FOLDER, `${name}.pcap`)];
    const { diagnosis } = await analyze({ paths, dnsPorts: [53], clients: [], names: [], slowerThan: null });
    const { inputs, verdict } = diagnosis;
    const packets = toldByTcpdump(name, mark);
    expect(packets).toBeGreaterThan(0);
    expect(inputs[0]?.damage.encrypted).toEqual([{ by, packets }]);
    expect(verdict).toEqual({ status: 'insufficient', says: expect.stringMatching(says) as string });
  });
});
