import { describe, expect, it } from 'vitest';
import { createLayers } from '../model/packet.ts';
import { Servers } from './servers.ts';

const packet = (sourcePort: number, destinationPort: number) =>
  Object.assign(createLayers(), { source: 1, sourcePort, destination: 2, destinationPort });

describe('the server of a connection whose handshake was missed', () => {
  it.each([
    ['the lower port', 8080, 41_200, true],
    ['port 53, whatever the other', 53, 7, true],
    ['the port of gRPC, though it is a high one', 50_051, 41_200, true],
  ])('has %s', (_, server, client, isSource) => {
    expect(new Servers().isSource(packet(server, client))).toBe(isSource);
    expect(new Servers().isSource(packet(client, server))).toBe(!isSource);
  });

  it('is who was seen to listen', () => {
    const servers = new Servers();
    servers.add(1, 45_000);
    expect(servers.isSource(packet(45_000, 8080))).toBe(true);
    expect(servers.isSource(packet(45_001, 8080))).toBe(false);
    // Both listen: ports tell.
    servers.add(2, 8080);
    expect(servers.isSource(packet(45_000, 8080))).toBe(false);
  });

  it('is told for a bounded number of listeners', () => {
    const servers = new Servers();
    for (let port = 1; port <= 5000; port++) servers.add(1, port + 40_000);
    expect(servers.isSource(packet(44_000, 8080))).toBe(true);
    expect(servers.isSource(packet(44_900, 8080))).toBe(false);
  });
});
