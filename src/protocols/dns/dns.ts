import type { AddressTable } from '../../base/addresses.ts';
import type { Timestamp } from '../../base/time.ts';
import { createDnsMessage, type DnsMessage } from '../../model/dns-message.ts';
import { createLayers, IP_PROTOCOL, type Layers } from '../../model/packet.ts';
import type { AttemptSink } from '../../model/tracked-attempt.ts';
import { createDnsParser, HEADER_LENGTH } from './message.ts';
import { partOfName } from './names.ts';
import { OtherPorts } from './other-ports.ts';
import { createDnsFramer, type DnsFramer } from './over-tcp.ts';
import { RedirectedQuestions } from './redirected.ts';
import { createTransactions, type TransactionCounts } from './transactions.ts';

// Directions of DNS connections that are followed at once; a framer keeps a message at the most.
const MAX_FRAMERS = 1 << 12;

export interface DnsOptions {
  addresses: AddressTable;
  /** Server ports that carry DNS: 53, and others when asked. */
  ports: readonly number[];
  sink: AttemptSink;
  /** A query of one input shows a packet in another, which is that of `layers`. */
  onOtherInput?(input: number, layers: Layers): void;
}

/** What a message needs of the packet that completed it. */
export type StreamPacket = Pick<
  Layers,
  'input' | 'number' | 'time' | 'source' | 'sourcePort' | 'destination' | 'destinationPort'
>;

export interface DnsCounts extends TransactionCounts {
  /** Datagrams from or to a DNS port that are no DNS message. */
  malformed: number;
}

/** DNS over UDP and TCP: bytes of a flow in, attempts out. */
export function createDns({ addresses, ports, sink, onOtherInput }: DnsOptions) {
  const parser = createDnsParser(addresses);
  const transactions = createTransactions(addresses, sink, onOtherInput);
  const redirected = new RedirectedQuestions(addresses, transactions.push);
  const otherPorts = new OtherPorts(transactions.newest);
  const message = createDnsMessage();
  // Up to the highest: a table of all ports would fill the processor's cache with clients' ports.
  const dnsPorts = new Uint8Array(Math.max(0, ...ports) + 1);
  for (const port of ports) dnsPorts[port] = 1;
  const isDnsPort = (port: number): boolean => port < dnsPorts.length && dnsPorts[port] === 1;
  const isToServer = ({ destination, destinationPort }: Layers): boolean =>
    isDnsPort(destinationPort) || otherPorts.isServer(destination, destinationPort);
  const isFromServer = ({ source, sourcePort }: Layers): boolean =>
    isDnsPort(sourcePort) || otherPorts.isServer(source, sourcePort);
  const framers = new Map<number, DnsFramer>();
  const segment: Layers = { ...createLayers(), protocol: IP_PROTOCOL.tcp };
  const counts: DnsCounts = Object.assign(transactions.counts, { malformed: 0 });

  const wants = (sourcePort: number, destinationPort: number): boolean =>
    isDnsPort(sourcePort) || isDnsPort(destinationPort);

  /** One UDP datagram. @returns 0 no DNS, 1 a query, 2 a reply, -1 a message cut before its question ends */
  function datagram(layers: Layers): -1 | 0 | 1 | 2 {
    if (!wants(layers.sourcePort, layers.destinationPort) && !otherPorts.knows(layers)) return elsewhere(layers);
    const { payloadStart: start, payloadEnd: end } = layers;
    const kind = parsed(layers, layers.bytes, start, end);
    return kind === 0 && layers.payloadLength > end - start ? -1 : kind;
  }

  /** To no port where DNS is known to be spoken: a question to a proxy in the pod, or one that a DNS server hands on. */
  function elsewhere(layers: Layers): 0 | 1 | 2 {
    const isTurned = redirected.isTurned(layers);
    if (!isTurned && !otherPorts.maybe(layers)) return otherPorts.mayAnswer(layers) ? firstAnswer(layers) : 0;
    if (!parsesOne(layers) || message.response) return 0;
    if (isTurned) redirected.ask(layers, message);
    else if (otherPorts.learn(layers, message)) transactions.push(layers, message);
    else {
      otherPorts.keep(layers, message);
      return 0;
    }
    return 1;
  }

  /** What a server on a port of its own was asked until it answers for the first time is told of with that. */
  function firstAnswer(layers: Layers): 0 | 2 {
    if (!parsesOne(layers) || !message.response) return 0;
    const asked = otherPorts.answered(layers, message);
    for (const question of asked) transactions.push(question.layers, question.message);
    if (asked.length === 0) return 0;
    transactions.push(layers, message);
    return 2;
  }

  const parsesOne = ({ bytes, payloadStart, payloadEnd }: Layers): boolean =>
    parser.parse(bytes, payloadStart, payloadEnd, message) && message.opcode === 0 && message.questions === 1;

  function parsed(layers: Layers, bytes: Uint8Array, start: number, end: number): 0 | 1 | 2 {
    if (!parser.parse(bytes, start, end, message)) {
      counts.malformed++;
      return 0;
    }
    if (!(message.response ? isFromServer(layers) : isToServer(layers))) return 0;
    if (!redirected.passes(layers, message)) transactions.push(layers, message);
    return message.response ? 2 : 1;
  }

  /**
   * Bytes of one direction of a TCP connection, in order, each once.
   * @param stream the direction's own id
   * @param from who sent them to whom, and when the last of them came: only those fields are read
   */
  function stream(id: number, from: StreamPacket, bytes: Uint8Array, start: number, end: number): void {
    let framer = framers.get(id);
    if (framer === undefined) {
      if (framers.size >= MAX_FRAMERS) framers.delete(framers.keys().next().value as number);
      framer = createDnsFramer((whole, first, last) => parsed(segment, whole, first, last));
      framers.set(id, framer);
    }
    Object.assign(segment, from);
    framer.push(bytes, start, end);
  }

  /** Bytes of that direction are missing. */
  const streamGap = (id: number): void => framers.get(id)?.gap();

  const streamEnd = (id: number): void => {
    framers.delete(id);
  };

  /** An ICMP error quotes a datagram. @param quoted the layers of the quoted packet */
  function unreachable(time: Timestamp, quoted: Layers): void {
    if (quoted.protocol !== IP_PROTOCOL.udp || !isToServer(quoted)) return;
    if (quoted.payloadEnd - quoted.payloadStart < HEADER_LENGTH) return;
    if (!parser.parse(quoted.bytes, quoted.payloadStart, quoted.payloadEnd, message)) return;
    transactions.unreachable(time, quoted, message);
  }

  return {
    counts,
    wants,
    datagram,
    stream,
    streamGap,
    streamEnd,
    unreachable,
    /** A message that somebody else has read, such as tcpdump. */
    message: (layers: Layers, read: DnsMessage): void => transactions.push(layers, read),
    /** An ICMP error that somebody else has read, of which not all is known. */
    undelivered: transactions.undelivered,
    advance: transactions.advance,
    release: transactions.release,
    settle: transactions.settle,
  };
}

/** What is readable of the name that a datagram was cut within. */
export const cutName = ({ bytes, payloadStart, payloadEnd }: Layers): string =>
  partOfName(bytes, payloadStart + HEADER_LENGTH, payloadEnd);
