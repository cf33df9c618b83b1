import type { AddressTable } from './base/addresses.ts';
import { at, milliseconds, type Timestamp } from './base/time.ts';
import { createDecoder, type Decoder } from './decode/decoder.ts';
import { createTcpStreams } from './flows/tcp-streams.ts';
import { createVantage, type VantageWatch } from './flows/vantage.ts';
import { createLookups } from './lookups/lookups.ts';
import type { DnsMessage } from './model/dns-message.ts';
import type { Input } from './model/input.ts';
import type { Lookup } from './model/lookup.ts';
import { createLayers, IP_PROTOCOL, type Layers, type Packet } from './model/packet.ts';
import { createDns } from './protocols/dns/dns.ts';

export interface ExtractOptions {
  addresses: AddressTable;
  dnsPorts: readonly number[];
  /** Each lookup when it is complete, in order of start; valid during the call only. */
  emit(lookup: Lookup): void;
}

// Stages are told of time in such steps: their shortest timer is 5 ms, and 100 packets may come in one.
const ADVANCE_STEP = milliseconds(1);

/** Packets in, rows out: the stages of the first half, plugged together. */
export function createExtract({ addresses, dnsPorts, emit }: ExtractOptions) {
  const horizon = { endsAt: at(-Infinity) };
  const layers = createLayers();
  const quoted = createLayers();
  const decoders = new Map<number, Decoder>();
  const vantages = new Map<number, VantageWatch>();
  let advancedAt = at(-Infinity);

  // The two rooms need each other: queries flow one way, what is done with them the other.
  const lookups = createLookups({
    emit,
    settle: (attempt) => dns.settle(attempt),
    release: (attempt) => dns.release(attempt),
    horizon,
  });
  const dns = createDns({ addresses, ports: dnsPorts, sink: lookups.sink });
  const streams = createTcpStreams({
    wants: (_source, sourcePort, _destination, destinationPort) => dns.wants(sourcePort, destinationPort),
    onData: ({ id, source, sourcePort, destination, destinationPort }, bytes, start, end, { input, number, time }) =>
      dns.stream(id, { input, number, time, source, sourcePort, destination, destinationPort }, bytes, start, end),
    onGap: (stream) => dns.streamGap(stream.id),
    onEnd: (stream) => dns.streamEnd(stream.id),
  });

  function begin(input: Input): void {
    decoders.set(input.input, createDecoder({ addresses }, input.damage));
    vantages.set(input.input, createVantage(addresses));
  }

  function advance(time: Timestamp): void {
    if (time > horizon.endsAt) horizon.endsAt = time;
    if (time - advancedAt < ADVANCE_STEP) return;
    advancedAt = time;
    streams.advance(time);
    dns.advance(time);
    lookups.advance(time);
  }

  let decoder: Decoder | undefined;
  let vantage: VantageWatch | undefined;
  let current = -1;

  /** One packet of an input that has begun; packets come in order of time. */
  function packet(read: Packet): void {
    if (read.input !== current) {
      current = read.input;
      decoder = decoders.get(current);
      vantage = vantages.get(current);
    }
    if (!(decoder as Decoder).decode(read, layers)) return;
    (vantage as VantageWatch).push(layers);
    const protocol = layers.protocol;
    if (protocol === IP_PROTOCOL.udp) return datagram();
    if (protocol === IP_PROTOCOL.tcp) {
      advance(read.time);
      if (dns.wants(layers.sourcePort, layers.destinationPort)) streams.push(layers);
      return;
    }
    if (protocol === IP_PROTOCOL.icmp || protocol === IP_PROTOCOL.icmpv6) {
      if ((decoder as Decoder).decodeIcmpInner(layers, quoted)) dns.unreachable(read.time, quoted);
    }
    advance(read.time);
  }

  function datagram(): void {
    advance(layers.time);
    const kind = dns.datagram(layers);
    if (kind !== 0) (vantage as VantageWatch).sawDns(kind === 1, kind === 2);
  }

  /** One DNS message that tcpdump already read. */
  function message(text: Layers, read: DnsMessage): void {
    const own = vantages.get(text.input);
    own?.push(text);
    own?.sawDns(!read.response, read.response);
    advance(text.time);
    dns.message(text, read);
  }

  /** The inputs are read: what is still open ends. */
  function finish(inputs: readonly Input[]): void {
    for (const input of inputs) {
      const own = vantages.get(input.input);
      if (own === undefined) continue;
      if (input.endsAt > horizon.endsAt) horizon.endsAt = input.endsAt;
      input.vantage = own.finish();
      input.damage.duplicates += dns.counts.duplicates[input.input] ?? 0;
    }
    streams.finish();
    lookups.finish();
  }

  return { begin, packet, message, finish, snapshot: lookups.snapshot, counts: dns.counts, lookups: lookups.counts };
}

export type Extract = ReturnType<typeof createExtract>;
