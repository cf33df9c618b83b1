import { IP_PROTOCOL, type Layers } from '../model/packet.ts';
import { damaged, ETHER_TYPE, readU16, readU32, STOP, type Cursor } from './cursor.ts';
import { readGre, readUdpTunnel, TUNNEL, tunnelOf } from './tunnels.ts';

const UDP_HEADER = 8;
const TCP_HEADER = 20;
const ICMP_HEADER = 8;
const PORTS = 4;
const PROTOCOL = { ipInIp: 4, ipv6InIp: 41, gre: 47 } as const;

/**
 * Reads what IP carries: ports, sequence numbers and payload bounds go into the layers.
 * @param tunnelPorts for each UDP port one of TUNNEL
 * @returns the EtherType of a tunnelled packet at the cursor, or STOP
 */
export function readTransport(cursor: Cursor, layers: Layers, protocol: number, tunnelPorts: Uint8Array): number {
  switch (protocol) {
    case IP_PROTOCOL.udp:
      return readUdp(cursor, layers, tunnelPorts);
    case IP_PROTOCOL.tcp:
      return readTcp(cursor, layers);
    case IP_PROTOCOL.icmp:
    case IP_PROTOCOL.icmpv6:
      return readIcmp(cursor, layers);
    case PROTOCOL.ipInIp:
      cursor.tunnels++;
      return ETHER_TYPE.ipv4;
    case PROTOCOL.ipv6InIp:
      cursor.tunnels++;
      return ETHER_TYPE.ipv6;
    case PROTOCOL.gre:
      return cursor.fragmented ? STOP : readGre(cursor);
    default:
      return STOP;
  }
}

function readUdp(cursor: Cursor, layers: Layers, tunnelPorts: Uint8Array): number {
  const { bytes, position, end } = cursor;
  const payload = position + UDP_HEADER;
  if (payload > end) return readPortsOnly(cursor, layers);
  const destinationPort = readU16(bytes, position + 2);
  layers.sourcePort = readU16(bytes, position);
  layers.destinationPort = destinationPort;
  layers.payloadStart = payload;

  const length = readU16(bytes, position + 4);
  // 0 is a jumbogram's (RFC 2675) or an offloaded segment's: IP's length counts.
  const wireEnd = length === 0 ? cursor.wireEnd : position + length;
  if (wireEnd < payload) {
    layers.payloadEnd = payload;
    layers.payloadLength = 0;
    return damaged(cursor);
  }
  // The first fragment names the length of the whole datagram.
  if (wireEnd > cursor.wireEnd && !cursor.fragmented) cursor.damaged = true;
  const payloadEnd = wireEnd < end ? wireEnd : end;
  layers.payloadEnd = payloadEnd;
  layers.payloadLength = wireEnd - payload;

  const tunnel = tunnelOf(tunnelPorts, destinationPort);
  if (tunnel === TUNNEL.none || cursor.fragmented) return STOP;
  cursor.position = payload;
  cursor.end = payloadEnd;
  cursor.wireEnd = wireEnd;
  return readUdpTunnel(cursor, tunnel);
}

function readTcp(cursor: Cursor, layers: Layers): number {
  const { bytes, position, end } = cursor;
  if (end - position < TCP_HEADER) return readPortsOnly(cursor, layers);
  layers.sourcePort = readU16(bytes, position);
  layers.destinationPort = readU16(bytes, position + 2);
  layers.sequence = readU32(bytes, position + 4);
  layers.acknowledgment = readU32(bytes, position + 8);
  layers.tcpFlags = bytes[position + 13] as number;
  layers.window = readU16(bytes, position + 14);

  const headerLength = ((bytes[position + 12] as number) >> 4) << 2;
  const payload = position + headerLength;
  layers.tcpOptions = position + TCP_HEADER;
  if (headerLength < TCP_HEADER || payload > cursor.wireEnd) {
    layers.tcpOptions = end;
    layers.payloadStart = end;
    layers.payloadEnd = end;
    layers.payloadLength = 0;
    return damaged(cursor);
  }
  // Where the capture cut the options, the payload's length is known still.
  layers.payloadStart = payload < end ? payload : end;
  layers.payloadEnd = end;
  layers.payloadLength = cursor.wireEnd - payload;
  return STOP;
}

function readIcmp(cursor: Cursor, layers: Layers): number {
  const { bytes, position, end } = cursor;
  if (end - position < 2) return damaged(cursor);
  layers.icmpType = bytes[position] as number;
  layers.icmpCode = bytes[position + 1] as number;
  const payload = position + ICMP_HEADER;
  layers.payloadStart = payload < end ? payload : end;
  layers.payloadEnd = end;
  layers.payloadLength = cursor.wireEnd > payload ? cursor.wireEnd - payload : 0;
  return end - position < ICMP_HEADER ? damaged(cursor) : STOP;
}

/** A header that was cut behind its ports, as routers quote them in ICMP (RFC 792: 8 bytes) and short snap lengths leave them. */
function readPortsOnly(cursor: Cursor, layers: Layers): number {
  const { bytes, position, end } = cursor;
  if (end - position >= PORTS) {
    layers.sourcePort = readU16(bytes, position);
    layers.destinationPort = readU16(bytes, position + 2);
  }
  if (layers.protocol === IP_PROTOCOL.tcp && end - position >= PORTS + 4) {
    layers.sequence = readU32(bytes, position + 4);
  }
  layers.tcpOptions = end;
  layers.payloadStart = end;
  layers.payloadEnd = end;
  layers.payloadLength = 0;
  return damaged(cursor);
}
