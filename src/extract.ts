import type { AddressTable } from './base/addresses.ts';
import { at, milliseconds, type Timestamp } from './base/time.ts';
import { createDecoder, type Decoder } from './decode/decoder.ts';
import { encryptionOf } from './decode/encryption.ts';
import { isHosts } from './flows/address-use.ts';
import { ClockSteps, tellSteps } from './flows/clock-steps.ts';
import { SameTraffic } from './flows/same-traffic.ts';
import { endsOf } from './flows/tcp-stream.ts';
import { createTcpStreams } from './flows/tcp-streams.ts';
import { turnRound } from './flows/turned-row.ts';
import { createVantage, type VantageWatch } from './flows/vantage.ts';
import { createLookups } from './lookups/lookups.ts';
import type { Horizon } from './lookups/waits.ts';
import { DNS_PROTOCOL, type Side } from './model/connection.ts';
import type { DnsMessage } from './model/dns-message.ts';
import { countEncrypted, createDamage, type Damage, type Input, type Vantage } from './model/input.ts';
import type { Observer } from './model/observer.ts';
import { createLayers, IP_PROTOCOL, type Layers, type Packet } from './model/packet.ts';
import type { TrackedConnection } from './model/tracked-connection.ts';
import { PacketTimes } from './flows/packet-times.ts';
import { createConversations } from './protocols/conversations.ts';
import { createDelivery } from './protocols/delivery.ts';
import { createDns, cutName } from './protocols/dns/dns.ts';
import { createProtocols } from './protocols/registry.ts';
import { createSidecars } from './protocols/sidecar.ts';
import { createKeyLog, type KeyLog } from './protocols/tls/key-log.ts';

// Secrets are read with the inputs, before there is anything to decrypt.
export { createKeyLog, type KeyLog };

export interface ExtractOptions {
  addresses: AddressTable;
  dnsPorts: readonly number[];
  /** Secrets of TLS connections, which may be learned while packets are read. */
  keyLog?: KeyLog;
  /** Who is handed each row when it is complete. */
  observer: RowObserver;
}

export type RowObserver = Required<Pick<Observer, 'lookup' | 'connection' | 'exchange'>>;

// Stages are told of time in such steps: their shortest timer is 5 ms, and 100 packets may come in one.
const ADVANCE_STEP = milliseconds(1);
// Beyond, a capture lacks questions because it has one direction of some, and not here and there a packet.
const MOST_UNASKED = 0.25;
// One or two may be copies that come late.
const SEVERAL_UNASKED = 3;
// Packets of an input after which its vantage is told for the first time, then at each doubling.
const FIRST_VANTAGE = 64;

const NOBODY: readonly string[] = [];

/** One input on its way. */
interface Reading {
  readonly input: Input;
  /** What its packets so far say of where it was taken. */
  own: Vantage;
  readonly decoder: Decoder;
  readonly vantage: VantageWatch;
  packets: number;
  readonly times: PacketTimes;
  readonly steps: ClockSteps;
  /** Packets that come behind a jump of its clock, until it is known whether that was set. */
  held: Packet[];
  /** Packets at which its vantage is told anew. */
  vantageAt: number;
}

/** Packets in, rows out: the stages of the first half, plugged together. */
export function createExtract({ addresses, dnsPorts, keyLog, observer }: ExtractOptions) {
  const horizon: Horizon = { endsAt: at(-Infinity), lacksPackets: false };
  const layers = createLayers();
  const quoted = createLayers();
  /** Looks at packets before they count. */
  const ahead = { layers: createLayers(), decoder: createDecoder({ addresses }, createDamage()) };
  /** By the input's number. */
  const readings: (Reading | undefined)[] = [];
  const sameTraffic = new SameTraffic();
  let advancedAt = at(-Infinity);
  /** Only the clock of one that is read alone is looked at: the times of others have been set beside it. */
  let begun = 0;

  // The two rooms need each other: queries flow one way, what is done with them the other.
  const lookups = createLookups({
    emit(lookup) {
      lookup.input = sameTraffic.homeOf(lookup.input);
      observer.lookup(lookup);
    },
    settle: (attempts) => dns.settle(attempts),
    release: (attempts) => dns.release(attempts),
    horizon,
  });
  const dns = createDns({ addresses, ports: dnsPorts, sink: lookups.sink, onOtherInput: seenElsewhere });
  const sidecars = createSidecars(ownOf, (exchange) => {
    exchange.input = sameTraffic.homeOf(exchange.input);
    observer.exchange(exchange);
  });
  const delivery = createDelivery((exchange) => {
    readings[exchange.input]?.vantage.sawExchange();
    sidecars.push(exchange);
  });
  const conversations = createConversations({ protocols: createProtocols(keyLog), emit: delivery.push });
  const isDns = ({ clientPort, serverPort }: TrackedConnection): boolean => dns.wants(clientPort, serverPort);
  const streams = createTcpStreams({
    addresses,
    onOtherInput: seenElsewhere,
    onData(stream, bytes, start, end, arrival) {
      const { id, connection, fromClient } = stream;
      if (!isDns(connection)) {
        sidecars.carries(connection);
        return conversations.data(connection, sideOf(fromClient), bytes, start, end, arrival);
      }
      const { input, number, time } = arrival;
      dns.stream(id, { input, number, time, ...endsOf(stream) }, bytes, start, end);
    },
    onGap({ id, connection, fromClient }, length, arrival, isCut) {
      if (isDns(connection)) dns.streamGap(id);
      else conversations.gap(connection, sideOf(fromClient), length, arrival, isCut);
    },
    onEnd({ id, connection, fromClient }, arrival, because) {
      if (isDns(connection)) dns.streamEnd(id);
      else conversations.end(connection, sideOf(fromClient), arrival, because);
    },
    onWithinPod: ({ input, client, server }) => sidecars.within(input, { client, server }),
    onConnection(connection) {
      if (isDns(connection)) connection.protocol = DNS_PROTOCOL;
      else {
        conversations.closed(connection);
        delivery.closed(connection);
        sidecars.closed(connection);
      }
      if (connection.isTurned) turnRound(connection);
      sidecars.place(connection);
      connection.input = sameTraffic.homeOf(connection.input);
      observer.connection(connection);
    },
  });

  function begin(input: Input): void {
    begun++;
    readings[input.input] = {
      input,
      own: input.vantage,
      decoder: createDecoder({ addresses }, input.damage),
      vantage: createVantage(addresses),
      packets: 0,
      times: new PacketTimes(),
      steps: new ClockSteps(),
      held: [],
      vantageAt: FIRST_VANTAGE,
    };
  }

  /**
   * An input that goes on where another ends is seen from where that one is.
   * @param first its first packet
   * @returns false where it was taken elsewhere: a pod's capture holds none of other pods
   */
  function goOn(input: Input, home: Input, first: Packet): boolean {
    tellVantage(home);
    const { kind, addresses: own } = home.vantage;
    const before = readings[home.input] as Reading;
    if (kind === 'pod' && before.decoder.decode(first, layers)) {
      const ends = [addresses.text(layers.source), addresses.text(layers.destination)];
      // Router solicitations and the like tell of no host.
      if (ends.every(isHosts) && !ends.some((address) => own.includes(address))) return false;
    }
    readings[input.input] = before;
    return true;
  }

  function advance(time: Timestamp): void {
    if (time > horizon.endsAt) horizon.endsAt = time;
    // Nothing more, so that it is compiled into those who call it for each packet.
    if (time - advancedAt >= ADVANCE_STEP) step(time);
  }

  function step(time: Timestamp): void {
    advancedAt = time;
    streams.advance(time);
    delivery.advance(time);
    sidecars.advance(time);
    dns.advance(time);
    for (const reading of readings) if (reading !== undefined) tellUnseenQuestions(reading.input);
    lookups.advance(time);
  }

  /** What a lookup misses the capture may lack, which rules must know when they hear of it. */
  function tellUnseenQuestions({ input, damage }: Input): void {
    const unseen = dns.counts.unaskedReplies[input] ?? 0;
    if (unseen === 0) return;
    // Of a capture of answers alone nothing is known but that.
    if (unseen <= MOST_UNASKED * dns.counts.replies) damage.unseenQuestions = unseen;
    else delete damage.unseenQuestions;
    horizon.lacksPackets ||= (damage.unseenQuestions ?? 0) >= SEVERAL_UNASKED;
  }

  /** One packet of an input that has begun; packets come in order of time. */
  function packet(read: Packet): void {
    const reading = readings[read.input] as Reading;
    if (begun === 1 && reading.steps.isSuspect(read.time)) suspect(reading, read);
    else take(reading, read);
  }

  /** The capture's clock jumps: packets wait until they tell whether time went by. */
  function suspect(reading: Reading, read: Packet): void {
    const { steps, held } = reading;
    const bytes = read.bytes.slice(read.start, read.end);
    const copy = { ...read, bytes, start: 0, end: bytes.length, time: at(read.time + steps.shift) };
    const isRead = ahead.decoder.decode(copy, ahead.layers);
    copy.time = read.time;
    held.push(copy);
    if (steps.look(isRead ? ahead.layers : null, read) !== 'open') release(reading);
  }

  function release(reading: Reading): void {
    for (const read of reading.held.splice(0)) take(reading, read);
  }

  function take(reading: Reading, read: Packet): void {
    const { decoder, vantage, steps } = reading;
    if (steps.shift !== 0) {
      read.time = at(read.time + steps.shift);
      if (read.time > steps.newest) steps.newest = read.time;
    }
    if (!decoder.decode(read, layers)) return;
    reading.times.push(read.time, read.linkType);
    vantage.push(layers);
    if (++reading.packets === reading.vantageAt) refreshVantage(reading);
    const protocol = layers.protocol;
    if (protocol === IP_PROTOCOL.udp) return datagram(reading);
    if (protocol === IP_PROTOCOL.tcp) {
      // At once: who keeps lookups for the connections that follow them asks for it.
      reading.input.vantage.sees.tcp = true;
      if (begun === 1) steps.note(layers);
      advance(read.time);
      streams.push(layers);
      return;
    }
    if (protocol === IP_PROTOCOL.icmp || protocol === IP_PROTOCOL.icmpv6) {
      if (decoder.decodeIcmpInner(layers, quoted)) {
        dns.unreachable(read.time, quoted);
        streams.quoted(layers, quoted);
      }
    } else sealed(reading.input.damage);
    advance(read.time);
  }

  /** Rows that come while the capture is read can be placed. */
  function refreshVantage(of: Reading): void {
    tellVantage(of.input);
    of.vantageAt *= 2;
  }

  /** The addresses of the pod that an input was taken in. */
  function ownOf(input: number): readonly string[] {
    const own = readings[input]?.own;
    return own?.kind === 'pod' ? own.addresses : NOBODY;
  }

  /** A connection or a lookup of one input shows a packet in another. */
  function seenElsewhere(input: number, { input: other }: Layers): void {
    const [one, two] = [readings[input], readings[other]];
    if (one !== undefined && two !== undefined) sameTraffic.join(one, two);
  }

  function datagram({ input: { damage }, vantage }: Reading): void {
    advance(layers.time);
    const kind = dns.datagram(layers);
    if (kind > 0) vantage.sawDns(kind === 1, kind === 2);
    else if (kind < 0) cutWithinName(damage);
    else sealed(damage);
  }

  /** Neither DNS nor TCP: something may be in it that nobody but its ends can read. */
  function sealed(damage: Damage): void {
    const by = encryptionOf(layers);
    if (by !== null) countEncrypted(damage, by);
  }

  function cutWithinName(damage: Damage): void {
    damage.cutQuestions = (damage.cutQuestions ?? 0) + 1;
    if (damage.cutQuestions === 1) damage.notes.push(`a DNS name is cut off, such as ${cutName(layers)}`);
  }

  /** One DNS message that tcpdump already read. */
  function message(text: Layers, read: DnsMessage): void {
    const own = readings[text.input]?.vantage;
    own?.push(text);
    own?.sawDns(!read.response, read.response);
    advance(text.time);
    dns.message(text, read);
  }

  /** tcpdump says that an ICMP error came. @param text what was sent in vain, as far as it says */
  function unreachable(text: Layers): void {
    advance(text.time);
    dns.undelivered(text);
  }

  /** The inputs are read: what is still open ends. */
  function finish(inputs: readonly Input[]): void {
    for (const input of inputs) {
      setRight(input);
      if (input.endsAt > horizon.endsAt) horizon.endsAt = input.endsAt;
      input.damage.duplicates += dns.counts.duplicates[input.input] ?? 0;
      input.damage.duplicates += streams.counters.copies[input.input] ?? 0;
      tellVantage(input);
    }
    sidecars.finish();
    streams.finish((input) => inputs.find((one) => one.input === input)?.endsAt ?? horizon.endsAt);
    sidecars.finish();
    // Before the lookups that are open still: what they miss the capture may lack.
    for (const one of inputs) {
      const { input, damage } = one;
      tellUnseenQuestions(one);
      const unseen = streams.counters.unseen[input] ?? 0;
      if (unseen > 0) damage.unseenSegments = unseen;
    }
    lookups.finish();
    // What the last rows showed can be seen from there, too.
    for (const input of inputs) tellVantage(input);
  }

  /** What was found of an input's clock, when all of it is read. */
  function setRight(input: Input): void {
    const reading = readings[input.input];
    if (reading === undefined) return;
    if (reading.held.length > 0) {
      reading.steps.decide();
      release(reading);
    }
    tellSteps(input, reading.steps);
  }

  /** Why nothing can be measured by the times of its packets; null where it can. */
  const faultOfTimes = ({ input }: Input): string | null => readings[input]?.times.fault() ?? null;

  function tellVantage(input: Input): void {
    const reading = readings[input.input];
    if (reading === undefined) return;
    reading.own = reading.vantage.finish();
    input.vantage = reading.own;
    sameTraffic.joinPod(reading, readings);
    sameTraffic.update(input.input);
  }

  return {
    begin,
    goOn,
    packet,
    message,
    unreachable,
    finish,
    faultOfTimes,
    snapshot: lookups.snapshot,
    counts: dns.counts,
    lookups: lookups.counts,
  };
}

export type Extract = ReturnType<typeof createExtract>;

const sideOf = (fromClient: boolean): Side => (fromClient ? 'client' : 'server');
