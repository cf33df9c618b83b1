import type { Encryption } from '../model/input.ts';
import { IP_PROTOCOL, type Layers } from '../model/packet.ts';
import { readU32 } from './cursor.ts';

// RFC 3948: what the other protocol on the port (IKE) sends begins with four zero bytes, and a keepalive is one byte.
const ESP_IN_UDP = 4500;
const ESP_HEADER = 8;
// RFC 9000 section 17: the second bit is set in each packet, the first in those that say a version.
const HTTPS = 443;
const QUIC = { fixedBit: 0x40, longHeader: 0xc0, versions: [0x00000001, 0x6b3343cf], version: 1, least: 5 } as const;
// wireguard.com/protocol: a byte for the kind of message, three of zeros; what is sent is filled up to sixteen bytes.
const WIREGUARD = { initiation: 148, response: 92, cookie: 64, data: 4, leastData: 32, padding: 16 } as const;

/**
 * What encrypts all of a packet that is neither TCP nor DNS, so that no key of a program is of use; null where nothing
 * known does. Told from the bytes: WireGuard has no port that all use.
 */
export function encryptionOf(layers: Layers): Encryption | null {
  if (layers.protocol === IP_PROTOCOL.esp) return 'IPsec';
  if (layers.protocol !== IP_PROTOCOL.udp) return null;
  if (isWireGuard(layers)) return 'WireGuard';
  if (isEspInUdp(layers)) return 'IPsec';
  return isQuic(layers) ? 'QUIC' : null;
}

function isWireGuard({ bytes, payloadStart, payloadEnd, payloadLength }: Layers): boolean {
  if (payloadEnd - payloadStart < 4 || (readU32(bytes, payloadStart) & 0xffffff) !== 0) return false;
  switch (bytes[payloadStart]) {
    case 1:
      return payloadLength === WIREGUARD.initiation;
    case 2:
      return payloadLength === WIREGUARD.response;
    case 3:
      return payloadLength === WIREGUARD.cookie;
    case WIREGUARD.data:
      return payloadLength >= WIREGUARD.leastData && payloadLength % WIREGUARD.padding === 0;
    default:
      return false;
  }
}

function isEspInUdp({ bytes, payloadStart, payloadEnd, sourcePort, destinationPort }: Layers): boolean {
  if (sourcePort !== ESP_IN_UDP && destinationPort !== ESP_IN_UDP) return false;
  return payloadEnd - payloadStart >= ESP_HEADER && readU32(bytes, payloadStart) !== 0;
}

function isQuic({ bytes, payloadStart, payloadEnd, sourcePort, destinationPort }: Layers): boolean {
  const first = bytes[payloadStart] ?? 0;
  if (payloadStart >= payloadEnd || (first & QUIC.fixedBit) === 0) return false;
  if (sourcePort === HTTPS || destinationPort === HTTPS) return true;
  if ((first & QUIC.longHeader) !== QUIC.longHeader || payloadEnd - payloadStart < QUIC.least) return false;
  const version = readU32(bytes, payloadStart + QUIC.version);
  return QUIC.versions.some((known) => known === version);
}
