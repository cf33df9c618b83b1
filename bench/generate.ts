/**
 * Writes captures of any size, the same bytes for the same seed: DNS as a busy node shows it
 * (A + AAAA pairs, some search walks, a few lost queries that are asked again after 5 s), alone or
 * with as many TCP segments of HTTP/1.1 and gRPC calls. They are kept in a folder under the system's temporary one.
 *
 *   tsx bench/generate.ts [--kind half|dns] [--packets 5000000] [--seed 1]
 */
import { existsSync, mkdirSync, renameSync, writeSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../src/base/random.ts';
import { createFrames, FILE_HEADER, MAX_RECORD, type DnsPacket } from './frames.ts';

export type CaptureKind = 'half' | 'dns';

export interface GenerateOptions {
  kind: CaptureKind;
  packets: number;
  seed: number;
}

/** Raised when the bytes of a capture change, so that a file kept from before is not taken for it. */
const FORMAT = 2;
/** 2023-11-14T22:13:20Z: any fixed time will do. */
const FIRST_SECOND = 1_700_000_000;
/** About 100,000 packets a second, as a busy node has. */
const STEP_MICROSECONDS = 10;
const WRITE_BYTES = 4 << 20;
const CLIENTS = 40;
const SERVERS = ['10.96.0.10', '10.96.0.11'];
const SERVICES = 400;
const SUFFIXES = ['.prod.svc.cluster.local', '.svc.cluster.local', '.cluster.local'];
/** One lookup in eight tries every search suffix first. */
const WALK_SHARE = 0.125;
/** One lookup in four hundred loses its second query and asks again after glibc's 5 s. */
const LOSS_SHARE = 0.0025;
const RETRY_STEPS = 5_000_000 / STEP_MICROSECONDS;
/** Replies leave up to this many steps after their query (about 2.5 ms). */
const REPLY_STEPS = 250;
const CONNECTIONS = 64;

interface Asking {
  client: number;
  port: number;
  server: string;
  name: string;
  ids: [number, number];
  /** Suffixes still to try; then the name itself. */
  walk: number;
  /** Replies of this round still to come. */
  open: number;
  loses: boolean;
}

/** A packet that is still to be written, and the lookup that it belongs to. */
interface Pending extends DnsPacket {
  asking: Asking;
}

function query(asking: Asking, second: boolean): Pending {
  const suffix = asking.walk > 0 ? (SUFFIXES[SUFFIXES.length - asking.walk] ?? '') : '';
  return {
    asking,
    reply: false,
    client: asking.client,
    port: asking.port,
    server: asking.server,
    id: asking.ids[second ? 1 : 0],
    name: asking.name + suffix,
    type: second ? 28 : 1,
    missing: asking.walk > 0,
  };
}

/** One packet after another; `record(buffer, at)` writes the next at `at` and returns where it ends. */
function packetSource(kind: CaptureKind, seed: number): { record(buffer: Buffer, at: number): number } {
  const random = seededRandom(seed);
  const frames = createFrames();
  const below = (limit: number): number => Math.floor(random() * limit);
  const due: Pending[][] = Array.from({ length: REPLY_STEPS + 1 }, () => []);
  const late: { step: number; packet: Pending }[] = [];
  let lateAt = 0;
  const ready: Pending[] = [];
  let step = 0;
  let dns = 0;
  let tcp = 0;

  function startRound(asking: Asking): Pending {
    // A resolver opens a socket for each name that it tries.
    asking.port = 32768 + below(28000);
    asking.ids = [below(65536), below(65536)];
    asking.open = 2;
    ready.push(query(asking, true));
    return query(asking, false);
  }

  function startLookup(): Pending {
    const outside = random() < WALK_SHARE;
    const name = outside ? `api-${below(SERVICES)}.example.com` : `svc-${below(SERVICES)}.prod.svc.cluster.local`;
    return startRound({
      client: below(CLIENTS),
      port: 0,
      server: SERVERS[below(SERVERS.length)] ?? '10.96.0.10',
      name,
      ids: [0, 0],
      walk: outside ? SUFFIXES.length : 0,
      open: 0,
      loses: random() < LOSS_SHARE,
    });
  }

  /** What follows a packet that was just written: its reply, its resend, or the next suffix. */
  function follow(packet: Pending): void {
    const { asking } = packet;
    if (!packet.reply) {
      if (asking.loses && packet.type === 28) {
        asking.loses = false;
        late.push({ step: step + RETRY_STEPS, packet });
        return;
      }
      const reply: Pending = { ...packet, reply: true };
      due[(step + 20 + below(REPLY_STEPS - 20)) % due.length]?.push(reply);
      return;
    }
    asking.open--;
    if (asking.open > 0 || asking.walk === 0) return;
    asking.walk--;
    ready.push(startRound(asking));
  }

  function nextDns(): Pending | undefined {
    const replies = due[step % due.length];
    const reply = replies?.pop();
    // What is left waits for the next step: two packets can't leave at once.
    if (replies !== undefined && replies.length > 0) due[(step + 1) % due.length]?.push(...replies.splice(0));
    if (reply !== undefined) return reply;
    const resend = late[lateAt];
    if (resend !== undefined && resend.step <= step) {
      lateAt++;
      return resend.packet;
    }
    return ready.pop();
  }

  return {
    record(buffer, at) {
      step++;
      const microseconds = step * STEP_MICROSECONDS + below(STEP_MICROSECONDS - 1);
      const seconds = FIRST_SECOND + Math.floor(microseconds / 1e6);
      buffer.writeUInt32LE(seconds, at);
      buffer.writeUInt32LE(microseconds % 1e6, at + 4);
      let packet = nextDns();
      if (packet === undefined && kind === 'half' && tcp < dns) {
        tcp++;
        return frames.call(buffer, at, below(CONNECTIONS), random());
      }
      packet ??= startLookup();
      dns++;
      const end = frames.dns(buffer, at, packet, below(65536));
      follow(packet);
      return end;
    },
  };
}

/** Hands out the whole capture in pieces; what a piece holds is valid during the call only. */
export function writeCapture(options: GenerateOptions, write: (bytes: Buffer) => void): void {
  const buffer = Buffer.allocUnsafe(WRITE_BYTES + MAX_RECORD);
  let at = FILE_HEADER.copy(buffer);
  const source = packetSource(options.kind, options.seed);
  for (let index = 0; index < options.packets; index++) {
    at = source.record(buffer, at);
    if (at >= WRITE_BYTES) {
      write(buffer.subarray(0, at));
      at = 0;
    }
  }
  if (at > 0) write(buffer.subarray(0, at));
}

/** The path of the capture, written now if it is not there yet. A shorter one is a longer one's beginning. */
export function capture(options: GenerateOptions): string {
  const folder = join(tmpdir(), 'kubelag-bench');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${options.kind}-${options.packets}-seed${options.seed}-v${FORMAT}.pcap`);
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}.part`;
  const file = openSync(unfinished, 'w');
  writeCapture(options, (bytes) => {
    writeSync(file, bytes);
  });
  closeSync(file);
  renameSync(unfinished, path);
  return path;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      kind: { type: 'string', default: 'half' },
      packets: { type: 'string', default: '5000000' },
      seed: { type: 'string', default: '1' },
    },
  });
  const kind = values.kind === 'dns' ? 'dns' : 'half';
  console.log(capture({ kind, packets: Number(values.packets), seed: Number(values.seed) }));
}
