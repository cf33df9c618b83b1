import type { AddressTable } from '../base/addresses.ts';
import type { DnsMessage } from '../model/dns-message.ts';
import { IP_PROTOCOL, TCP_FLAG, UNKNOWN_PORT, type Layers } from '../model/packet.ts';
import { readDnsText } from './tcpdump-dns.ts';
import { portOf, readEndpoint, type Endpoint } from './tcpdump-endpoint.ts';

/**
 * `dns`: the message was read; `unreachable`: an ICMP error about one; `other`: no DNS in it; `unreadable`: DNS by its
 * port, but not in its words.
 */
export type PacketVerdict = 'dns' | 'unreachable' | 'other' | 'unreadable';

// `host.port > host.port: `, at the beginning of a word; link-level addresses have no colon behind them.
const PAIR = /(?:^|\s)([^\s>]+) > (\S+?):(?=\s|$)/g;
const CHECKSUM = /^(?:\[(?:bad udp cksum|udp sum ok|no cksum|no udp cksum|udp csum|tcp sum ok)[^\]]{0,60}\] )+/;
// Since tcpdump 4.1: `Flags [P.], seq 1:59, ack 1, win 502, length 58 17177+ A? name. (56)`.
const TCP_FLAGS = /^Flags \[([^\]]{1,10})\]/;
const TCP_LENGTH = /, length (\d{1,6}):?(?: |$)/;
// Before: `P 1:59(58) ack 1 win 502 <nop,nop,timestamp 1 2> 17177+ A? name. (56) (DF)`.
const OLD_TCP =
  /^([SFPRWEU]{1,6}|\.) (?:\[[^\]]{1,40}\] )?(?:\d+:\d+\((\d+)\) ?)?(?:ack \d+ ?)?(?:win \d+ ?)?(?:urg \d+ ?)?(?:<[^>]{0,200}> ?)?/;
const OLD_TAIL = /(?: (?:\(DF\)|\[tos [^\]]{1,20}\]|\(ttl [^)]{1,60}\)))+$/;
const ICMP = /^(?:ICMP|icmp)/;
// `ICMP 10.0.0.10 udp port 53 unreachable`, `ICMP host 10.0.0.10 unreachable - admin prohibited`, `icmp: …` before 4.0
// (print-icmp.c), `ICMP6, destination unreachable, unreachable port, fd00::a udp port 53` (print-icmp6.c).
const UNREACHABLE = [
  /^(?:ICMP|icmp:) (\S+) udp port (\S+) unreachable/,
  /^(?:ICMP|icmp:) host (\S+) unreachable/,
  /^(?:ICMP6|icmp6:),? destination unreachable, unreachable port, (\S+) udp port ([^\s,]+)/,
  /^(?:ICMP6|icmp6:),? destination unreachable, unreachable address ([^\s,]+)/,
];
const HOP_LIMIT = /\b(?:ttl|hlim) (\d{1,3})\b/;
const IP_ID = /\bid (\d{1,5})\b/;
const FLAG_BITS: Readonly<Record<string, number>> = {
  F: TCP_FLAG.fin,
  S: TCP_FLAG.syn,
  R: TCP_FLAG.rst,
  P: TCP_FLAG.psh,
  '.': TCP_FLAG.ack,
};

/** Turns the words of one packet into layers and a DNS message. */
export class PacketText {
  /** A name stood where an address would. */
  namesSeen = false;
  /** A port that stands as a word without a number known here; null where there was none. */
  unknownService: string | null = null;
  readonly #addresses: AddressTable;
  readonly #ports: ReadonlySet<number>;
  readonly #layers: Layers;
  readonly #message: DnsMessage;

  constructor(addresses: AddressTable, ports: ReadonlySet<number>, layers: Layers, message: DnsMessage) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#layers = layers;
    this.#message = message;
  }

  /** @param text all that was printed for the packet, its time and direction taken off */
  read(text: string): PacketVerdict {
    // Outside in: the first pair that speaks DNS; tunnels print theirs before it.
    for (const match of text.matchAll(PAIR)) {
      const after = text.slice(match.index + match[0].length).trimStart();
      // What an ICMP error quotes is not on the wire now.
      if (ICMP.test(after)) return this.#readError(match[2] as string, after);
      const source = readEndpoint(match[1] as string);
      const destination = readEndpoint(match[2] as string);
      if (!this.#ports.has(source.port) && !this.#ports.has(destination.port)) continue;
      if (source.port < 0 || destination.port < 0) continue;
      return this.#readDns(text.slice(0, match.index), source, destination, after);
    }
    return 'other';
  }

  /** The layers are those of what was sent in vain, as far as the text says. */
  #readError(client: string, words: string): PacketVerdict {
    for (const pattern of UNREACHABLE) {
      const match = pattern.exec(words);
      if (match === null) continue;
      const [, server, port] = match as unknown as [string, string, string | undefined];
      const serverPort = port === undefined ? UNKNOWN_PORT : portOf(port);
      if (serverPort !== UNKNOWN_PORT && !this.#ports.has(serverPort)) return 'other';
      const layers = this.#layers;
      layers.protocol = IP_PROTOCOL.udp;
      layers.source = this.#addresses.internText(client);
      layers.destination = this.#addresses.internText(server);
      layers.sourcePort = UNKNOWN_PORT;
      layers.destinationPort = serverPort;
      return 'unreachable';
    }
    return 'other';
  }

  #readDns(before: string, source: Endpoint, destination: Endpoint, after: string): PacketVerdict {
    const layers = this.#layers;
    const transport = splitTransport(after.replace(CHECKSUM, ''));
    if (transport.protocol === IP_PROTOCOL.tcp && transport.length === 0) return 'other';
    let words = transport.rest;
    let length = readDnsText(words, this.#message);
    if (length === null) {
      words = words.replace(OLD_TAIL, '');
      length = readDnsText(words, this.#message);
    }
    if (length === null) return 'unreadable';
    const isV6 = /\bIP6\b/.test(before) || source.host.includes(':');
    layers.version = isV6 ? 6 : 4;
    layers.protocol = transport.protocol;
    layers.tcpFlags = transport.flags;
    layers.source = this.#addresses.internText(source.host);
    layers.destination = this.#addresses.internText(destination.host);
    layers.sourcePort = source.port;
    layers.destinationPort = destination.port;
    layers.payloadLength = Math.max(0, length);
    layers.hopLimit = Number(HOP_LIMIT.exec(before)?.[1] ?? 0);
    layers.ipId = isV6 ? -1 : Number(IP_ID.exec(before)?.[1] ?? -1);
    layers.tunnels = 0;
    this.namesSeen ||= source.isName || destination.isName;
    this.unknownService ??= source.service ?? destination.service;
    return 'dns';
  }
}

interface Transport {
  protocol: number;
  flags: number;
  /** Bytes that TCP carries; -1 where that is not said. */
  length: number;
  rest: string;
}

function splitTransport(text: string): Transport {
  const flags = TCP_FLAGS.exec(text);
  if (flags !== null) {
    const length = TCP_LENGTH.exec(text);
    const rest = length === null ? '' : text.slice(length.index + length[0].length);
    return tcp(flags[1] as string, length === null ? 0 : Number(length[1]), rest);
  }
  const old = OLD_TCP.exec(text);
  if (old !== null) return tcp(old[1] as string, Number(old[2] ?? 0), text.slice(old[0].length));
  return { protocol: IP_PROTOCOL.udp, flags: 0, length: -1, rest: text };
}

function tcp(letters: string, length: number, rest: string): Transport {
  let flags = 0;
  for (const letter of letters) flags |= FLAG_BITS[letter] ?? 0;
  return { protocol: IP_PROTOCOL.tcp, flags, length, rest };
}
