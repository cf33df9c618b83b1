import type { AddressTable } from '../base/addresses.ts';
import type { Damage } from '../model/input.ts';
import { isReadableLinkType, linkTypeName } from '../model/link-type.ts';
import { FRAGMENT, IP_PROTOCOL, type Layers, type Packet } from '../model/packet.ts';
import { createCursor, ETHER_TYPE, STOP, type Cursor } from './cursor.ts';
import { REASSEMBLY_TIMEOUT, Reassembler } from './fragments.ts';
import { readLinkLayer } from './link-layer.ts';
import { readCutIpv6, readIpv4, readIpv6, skipExtensions } from './network.ts';
import { readPlain } from './plain.ts';
import { readTransport } from './transport.ts';
import { createTunnelPorts, GENEVE_PORTS, VXLAN_PORTS } from './tunnels.ts';

// Overlay in overlay in a mirrored port makes three; more is a loop or an attack.
const MAX_TUNNELS = 8;
// A capture has one or two link types; a forged pcapng may name thousands.
const MAX_LINK_TYPE_NOTES = 3;

// RFC 792: destination unreachable, source quench, redirect, time exceeded, parameter problem.
const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);
// RFC 4443: destination unreachable, packet too big, time exceeded, parameter problem.
const ICMPV6_ERRORS = new Set([1, 2, 3, 4]);

export interface DecoderOptions {
  addresses: AddressTable;
  /** UDP ports that carry VXLAN; by default 4789 and 8472. */
  vxlanPorts?: readonly number[];
  /** UDP ports that carry Geneve; by default 6081. */
  genevePorts?: readonly number[];
}

export interface Decoder {
  /**
   * Fills `layers` from the packet, never throws, and counts damage.
   *
   * False where there is nothing to push on: no IP (ARP and the like, which is no damage), headers
   * that end too early or an unreadable link type (counted as undecodable), or a fragment whose
   * datagram is not complete. True with `sourcePort` 0 where IP was found and the rest was cut.
   *
   * `layers.bytes` is the packet's buffer, or the datagram's where fragments were put together.
   */
  decode(packet: Packet, layers: Layers): boolean;
  /**
   * Fills `inner` from the packet that an ICMP or ICMPv6 error quotes: whose it was, and its ports.
   * False where `layers` is no such error or quotes no IP packet. Quotes are cut by nature: no damage; where a
   * snap length cut one within the IPv6 header, `destination` is 0.
   */
  decodeIcmpInner(layers: Layers, inner: Layers): boolean;
  /** Fragments that wait for the rest of their datagram, and datagrams whose rest never came. */
  readonly fragments: { readonly size: number; readonly abandoned: number };
}

/** A decoder for one input. @param damage that input's; `undecodable` and `notes` are written */
export function createDecoder(options: DecoderOptions, damage: Damage): Decoder {
  const addresses = options.addresses;
  const tunnelPorts = createTunnelPorts(options.vxlanPorts ?? VXLAN_PORTS, options.genevePorts ?? GENEVE_PORTS);
  const fragments = new Reassembler();
  const cursor = createCursor();
  const quoteCursor = createCursor();
  // Nearly all packets of a capture have one link type: the set is asked when it changes.
  let readable = -1;
  const unknownLinkTypes = new Set<number>();
  // A filter such as `port 53` lets no fragment pass but the first, which alone has ports: then
  // waiting for the others would lose the answer. Once one other came, they do pass.
  let otherFragmentsPass = false;

  function decode(packet: Packet, layers: Layers): boolean {
    layers.input = packet.input;
    layers.number = packet.number;
    layers.time = packet.time;
    if (readPlain(packet, layers, addresses, tunnelPorts)) return true;
    reset(layers, packet.bytes, packet.start);
    layers.interface = packet.interface;
    if (packet.linkType !== readable) {
      if (!isReadableLinkType(packet.linkType)) return refuse(packet.linkType);
      readable = packet.linkType;
    }

    cursor.bytes = packet.bytes;
    cursor.position = packet.start;
    cursor.end = packet.end;
    const wireEnd = packet.start + packet.wireLength;
    cursor.wireEnd = wireEnd > packet.end ? wireEnd : packet.end;
    cursor.tunnels = 0;
    cursor.damaged = false;
    const complete = readNetwork(cursor, layers, readLinkLayer(cursor, packet.linkType, layers), true);
    if (cursor.damaged) damage.undecodable++;
    return complete;
  }

  /** From an IP header inwards. @returns whether the layers can be pushed on */
  function readNetwork(at: Cursor, layers: Layers, firstType: number, reassemble: boolean): boolean {
    let etherType = firstType;
    for (let tunnel = 0; tunnel <= MAX_TUNNELS; tunnel++) {
      let protocol: number;
      if (etherType === ETHER_TYPE.ipv4) protocol = readIpv4(at, layers, addresses);
      else if (etherType === ETHER_TYPE.ipv6) protocol = readIpv6(at, layers, addresses);
      else break;
      if (protocol === STOP) break;
      if (at.fragmented) {
        if (reassemble && !readFragment(at, layers)) return false;
        if (at.fragmentOffset > 0 && at.fragmented) break;
        protocol = skipExtensions(at, layers, protocol);
        if (protocol === STOP) break;
      }
      etherType = readTransport(at, layers, protocol, tunnelPorts);
      if (etherType === STOP) break;
    }
    return layers.version !== 0;
  }

  /** @returns whether decoding goes on: with the whole datagram, or with a first fragment alone */
  function readFragment(at: Cursor, layers: Layers): boolean {
    const isFirst = at.fragmentOffset === 0;
    if (!isFirst) otherFragmentsPass = true;
    layers.fragment = FRAGMENT.first;
    // A fragment that the capture cut leaves a hole that nothing fills; without addresses no two can be told apart.
    const isCut = at.end < at.wireEnd;
    if (isCut || layers.source === 0 || layers.destination === 0) return isFirst;

    const v4 = layers.version === 4;
    const datagram = fragments.add(
      `${layers.source},${layers.destination},${v4 ? layers.protocol : 6},${at.fragmentId}`,
      layers.time,
      v4 ? REASSEMBLY_TIMEOUT.v4 : REASSEMBLY_TIMEOUT.v6,
      at.fragmentOffset,
      at.moreFragments,
      at.bytes,
      at.position,
      at.end,
    );
    if (datagram === null) return isFirst && !otherFragmentsPass;
    at.bytes = datagram;
    at.position = 0;
    at.end = datagram.length;
    at.wireEnd = datagram.length;
    at.fragmented = false;
    layers.bytes = datagram;
    layers.fragment = FRAGMENT.reassembled;
    layers.payloadStart = 0;
    layers.payloadEnd = datagram.length;
    layers.payloadLength = datagram.length;
    return true;
  }

  function refuse(linkType: number): false {
    damage.undecodable++;
    if (unknownLinkTypes.size < MAX_LINK_TYPE_NOTES && !unknownLinkTypes.has(linkType)) {
      unknownLinkTypes.add(linkType);
      damage.notes.push(`packets of link type ${linkTypeName(linkType)} (${linkType}) can't be read`);
    }
    return false;
  }

  function decodeIcmpInner(layers: Layers, inner: Layers): boolean {
    const { protocol, icmpType } = layers;
    const isError =
      (protocol === IP_PROTOCOL.icmp && ICMP_ERRORS.has(icmpType)) ||
      (protocol === IP_PROTOCOL.icmpv6 && ICMPV6_ERRORS.has(icmpType));
    if (!isError || layers.payloadStart >= layers.payloadEnd) return false;
    reset(inner, layers.bytes, layers.payloadStart);
    inner.input = layers.input;
    inner.number = layers.number;
    inner.time = layers.time;
    inner.interface = layers.interface;
    quoteCursor.bytes = layers.bytes;
    quoteCursor.position = layers.payloadStart;
    quoteCursor.end = layers.payloadEnd;
    quoteCursor.wireEnd = layers.payloadEnd;
    quoteCursor.tunnels = 0;
    quoteCursor.damaged = false;
    const version = (layers.bytes[layers.payloadStart] as number) >> 4;
    const isRead = readNetwork(quoteCursor, inner, version === 4 ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6, false);
    return isRead || readCutIpv6(quoteCursor, inner, addresses);
  }

  return { decode, decodeIcmpInner, fragments };
}

function reset(layers: Layers, bytes: Uint8Array, start: number): void {
  layers.bytes = bytes;
  layers.version = 0;
  layers.source = 0;
  layers.destination = 0;
  layers.protocol = -1;
  layers.sourcePort = 0;
  layers.destinationPort = 0;
  layers.payloadStart = start;
  layers.payloadEnd = start;
  layers.payloadLength = 0;
  layers.ipId = -1;
  layers.hopLimit = 0;
  layers.fragment = FRAGMENT.none;
  layers.tunnels = 0;
  layers.cookedType = -1;
  layers.interface = 0;
  layers.sequence = 0;
  layers.acknowledgment = 0;
  layers.tcpFlags = 0;
  layers.window = 0;
  layers.tcpOptions = -1;
  layers.icmpType = -1;
  layers.icmpCode = -1;
}
