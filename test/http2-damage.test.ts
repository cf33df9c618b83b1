import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AddressTable } from '../src/base/addresses.ts';
import { openInput } from '../src/capture/open.ts';
import { createDecoder } from '../src/decode/decoder.ts';
import { createExtract } from '../src/extract.ts';
import { createTcpStreams } from '../src/flows/tcp-streams.ts';
import { copyExchange, type Exchange } from '../src/model/exchange.ts';
import type { Input } from '../src/model/input.ts';
import { createLayers, type Packet } from '../src/model/packet.ts';

/*
 * A packet that a capture missed may lose the calls that it was of. All others must stand as they
 * were, but for fields that nobody can know any more: names in a table that missed an entry.
 */

const OWN = join(import.meta.dirname, 'corpora/net');
const PREFACE = 24;
// Each capture is read once for every packet that is left out.
const DROPS = 40;

interface Capture {
  input: Input;
  packets: Packet[];
}

async function readPackets(name: string): Promise<Capture> {
  const opened = await openInput(join(OWN, `${name}.pcap.gz`), 0, { addresses: new AddressTable() });
  if (opened.kind !== 'packets') throw new Error(name);
  const { source } = opened;
  const packets: Packet[] = [];
  for (;;) {
    const state = source.next();
    if (state === 'end') return { input: source.input, packets };
    if (state === 'more') {
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      await source.fill();
      continue;
    }
    const { bytes, start, end } = source.packet;
    packets.push({ ...source.packet, bytes: bytes.slice(start, end), start: 0, end: end - start });
  }
}

function exchangesWithout({ input, packets }: Capture, missing: number | null): Exchange[] {
  const exchanges: Exchange[] = [];
  const stages = createExtract({
    addresses: new AddressTable(),
    dnsPorts: [53],
    observer: {
      lookup: () => {},
      connection: () => {},
      exchange: (exchange) => void exchanges.push(copyExchange(exchange)),
    },
  });
  stages.begin(input);
  for (const packet of packets) if (packet.number !== missing) stages.packet(packet);
  stages.finish([input]);
  return exchanges.sort((one, other) => orderOf(one) - orderOf(other));
}

const orderOf = ({ id }: Exchange): number => Number(id.slice(id.indexOf('e') + 1));

interface Streams {
  touched: Map<number, Set<string>>;
  opened: string[];
  /** The packets with header blocks or parts of them, of either side. */
  withNames: Set<number>;
}

/** By packet with payload: the streams of which it carries frames, each as `client port:stream`. */
function streamsOfPackets({ input, packets }: Capture): Streams {
  const addresses = new AddressTable();
  const decoder = createDecoder({ addresses }, input.damage);
  const layers = createLayers();
  const touched = new Map<number, Set<string>>();
  const opened: string[] = [];
  const withNames = new Set<number>();
  const sides = new Map<number, { header: number[]; left: number; stream: number; hasNames: boolean }>();
  const streams = createTcpStreams({
    addresses,
    onData({ id, connection, fromClient }, bytes, start, end, { number }) {
      let side = sides.get(id);
      if (side === undefined) {
        const isPreface = Buffer.from(bytes.subarray(start, start + 3)).toString() === 'PRI';
        side = { header: [], left: isPreface ? PREFACE : 0, stream: 0, hasNames: false };
        sides.set(id, side);
      }
      const port = fromClient || !connection.isTurned ? connection.clientPort : connection.serverPort;
      const of = touched.get(number) ?? new Set();
      touched.set(number, of);
      for (let at = start; at < end;) {
        if (side.left > 0) {
          of.add(`${port}:${side.stream}`);
          if (side.hasNames) withNames.add(number);
          const length = Math.min(side.left, end - at);
          side.left -= length;
          at += length;
          continue;
        }
        // Of a header that is cut nobody sees yet what it is of.
        if (end - at + side.header.length < 9) withNames.add(number);
        side.header.push(bytes[at++] as number);
        if (side.header.length < 9) continue;
        const header = Buffer.from(side.header);
        side.header = [];
        side.left = header.readUIntBE(0, 3);
        side.stream = header.readUInt32BE(5);
        side.hasNames = header[3] === 1;
        if (side.hasNames) withNames.add(number);
        const key = `${port}:${side.stream}`;
        of.add(key);
        if (header[3] === 1 && !opened.includes(key)) opened.push(key);
      }
    },
    onGap: () => {},
  });
  for (const packet of packets) if (decoder.decode(packet, layers)) streams.push(layers);
  streams.finish();
  return { touched, opened, withNames };
}

const unknownOr = (unknown: unknown, value: unknown): unknown => expect.toBeOneOf([unknown, value]);

/** What may be left of an exchange that another's packet took names from. */
const whatIsLeft = (exchange: Exchange): object => ({
  startedAt: exchange.startedAt,
  requestedAt: exchange.requestedAt,
  firstByteAt: exchange.firstByteAt,
  duration: exchange.duration,
  requestBytes: exchange.requestBytes,
  responseBytes: exchange.responseBytes,
  packets: exchange.packets,
  resetCode: exchange.resetCode,
  client: exchange.client,
  clientPort: exchange.clientPort,
  method: unknownOr('', exchange.method),
  path: unknownOr('', exchange.path),
  host: unknownOr('', exchange.host),
  status: unknownOr(-1, exchange.status),
  grpcStatus: unknownOr(-1, exchange.grpcStatus),
  outcome: unknownOr('incomplete', exchange.outcome),
  protocol: unknownOr('http/2', exchange.protocol),
});

describe.each([
  'healthy-grpc-multiplexed',
  'healthy-grpc-stream',
  'healthy-midstream-grpc',
  'grpc-retry-unavailable',
  'grpc-deadline-slow-server',
])('without one packet of %s', (name) => {
  let capture: Capture;
  let all: Exchange[];
  let touched: Map<number, Set<string>>;
  let keys: string[];
  let withNames: Set<number>;

  beforeAll(async () => {
    capture = await readPackets(name);
    all = exchangesWithout(capture, null);
    const found = streamsOfPackets(capture);
    touched = found.touched;
    withNames = found.withNames;
    // Exchanges are numbered as their streams are opened.
    keys = found.opened;
  });

  it('all calls that it was not of are there, with what is still known', () => {
    expect(keys).toHaveLength(all.length);
    const numbers = [...touched.keys()];
    const step = Math.max(1, Math.floor(numbers.length / DROPS));
    for (let index = 3; index < numbers.length; index += step) {
      const missing = numbers[index] as number;
      const of = touched.get(missing) as Set<string>;
      const left = exchangesWithout(capture, missing);
      const others = all.filter((_, at) => !of.has(keys[at] as string));
      for (const exchange of others) {
        const found = left.findIndex(
          (one) =>
            one.startedAt === exchange.startedAt &&
            one.clientPort === exchange.clientPort &&
            one.duration === exchange.duration,
        );
        expect(found, `packet ${missing} lost ${exchange.id}`).toBeGreaterThanOrEqual(0);
        expect(left[found]).toMatchObject(whatIsLeft(exchange));
        const { method, path, host } = exchange;
        if (!withNames.has(missing)) expect(left[found], `packet ${missing}`).toMatchObject({ method, path, host });
        left.splice(found, 1);
      }
      // Of those that it was of something may be left, and none is made up.
      expect(left.length, `packet ${missing}`).toBeLessThanOrEqual(of.size);
    }
  });
});
