import type { Connection, Sighting, Stall } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Lookup } from '../model/lookup.ts';
import { packetId, packetInput, packetNumber, type PacketId } from '../model/packet.ts';

/** Rows of a second file must not be taken for those of the first: what names an input is moved by so many. */

export function renumberLookup(lookup: Lookup, by: number): void {
  lookup.id = movedId(lookup.id, by);
  lookup.input += by;
  for (const attempt of lookup.attempts) {
    attempt.sentPacket = moved(attempt.sentPacket, by);
    attempt.resends = attempt.resends.map((resend) => movedSighting(resend, by));
    attempt.earlierReplies = attempt.earlierReplies.map((reply) => movedSighting(reply, by));
    attempt.lateReplies = attempt.lateReplies.map((reply) => movedSighting(reply, by));
    if (attempt.rcode >= 0) attempt.replyPacket = moved(attempt.replyPacket, by);
  }
}

export function renumberConnection(connection: Connection, by: number): void {
  connection.id = movedId(connection.id, by);
  connection.input += by;
  connection.syns = connection.syns.map((syn) => movedSighting(syn, by));
  connection.synAcks = connection.synAcks.map((synAck) => movedSighting(synAck, by));
  connection.stalls = connection.stalls.map((stall) => movedStall(stall, by));
  if (connection.tls !== null) connection.tls.packets = movedAll(connection.tls.packets, by);
  if (connection.goaway !== null) connection.goaway = movedSighting(connection.goaway, by);
  connection.firstPacket = moved(connection.firstPacket, by);
  connection.lastPacket = moved(connection.lastPacket, by);
  if (connection.endPacket >= 0) connection.endPacket = moved(connection.endPacket, by);
}

export function renumberExchange(exchange: Exchange, by: number): void {
  exchange.id = movedId(exchange.id, by);
  exchange.connection = movedId(exchange.connection, by);
  exchange.input += by;
  exchange.stalls = exchange.stalls.map((stall) => movedStall(stall, by));
  exchange.packets = movedAll(exchange.packets, by);
}

const movedId = (id: string, by: number): string => id.replace(/^\d+(?=\.)/, (input) => String(Number(input) + by));

const moved = (packet: PacketId, by: number): PacketId => packetId(packetInput(packet) + by, packetNumber(packet));

const movedAll = (packets: readonly PacketId[], by: number): PacketId[] => packets.map((packet) => moved(packet, by));

const movedSighting = <Seen extends Sighting>(seen: Seen, by: number): Seen => ({
  ...seen,
  packet: moved(seen.packet, by),
});

const movedStall = (stall: Stall, by: number): Stall => ({ ...stall, packets: movedAll(stall.packets, by) });
