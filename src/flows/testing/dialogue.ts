import { otherSide, type Side } from '../../model/connection.ts';
import type { TrackedConnection } from '../../model/tracked-connection.ts';
import { ACK, createRecorder, FIN, PSH, RST, SYN, type Recorder, type Segment } from './segments.ts';

/** What is unusual about one packet. */
export interface Unusual {
  /** Payload bytes. */
  length?: number;
  /** Sent, and not seen by the capture. */
  unseen?: boolean;
  /** Sent again: offset of its first byte from the side's first. */
  again?: number;
  /** The acknowledgment, as an offset, where it is not all that the other side sent. */
  acknowledges?: number;
  /** As in the header. */
  window?: number;
  flags?: number;
  /** Ranges of SACK blocks, as offsets in the other side's data. */
  sack?: readonly (readonly [number, number])[];
  /** The timestamp's value and echo; without them the side's clock runs in milliseconds and echoes the other's last. */
  stamps?: readonly [number, number];
  server?: number;
}

export interface DialogueOptions {
  /** No handshake is sent. */
  midstream?: boolean;
  /** Windows' shift of both sides; null: not offered. */
  scale?: number | null;
  timestamps?: boolean;
  /** Identifications count each side's packets, as on Linux; false: all are 0. */
  identified?: boolean;
  hopLimit?: number;
  /** From SYN to SYN-ACK, and from there to the ACK, in milliseconds. */
  ways?: readonly [number, number];
  /** Another connection of the same two, in the same capture; its times begin there. */
  after?: { dialogue: Dialogue; at: number; clientPort: number };
}

const ISN = { client: 1000, server: 9000 };
const MILLISECOND = 1e6;
const SEGMENT_SIZE = 1460;

/** Two sides that talk as Linux does, so that a test says only what matters to it. Times in milliseconds. */
export function createDialogue(options: DialogueOptions = {}): Dialogue {
  const { midstream = false, scale = 7, timestamps = true, identified = true, hopLimit = 64 } = options;
  const [toServer, toClient] = options.ways ?? [0.1, 0.1];
  const { after } = options;
  const recorder = after?.dialogue.recorder ?? createRecorder();
  const start = after?.at ?? 0;
  const next = { client: 0, server: 0 };
  const ids = { client: 100, server: 40_000 };
  const clocks = { client: 0, server: 0 };

  function optionsOf(from: Side, at: number, unusual: Unusual): number[] {
    const bytes: number[] = [];
    const isSyn = ((unusual.flags ?? 0) & SYN) !== 0;
    if (isSyn) {
      bytes.push(2, 4, ...word(SEGMENT_SIZE).slice(2));
      if (scale !== null) bytes.push(1, 3, 3, scale);
    }
    if (timestamps) {
      clocks[from] = unusual.stamps?.[0] ?? 5000 + Math.floor(at);
      bytes.push(1, 1, 8, 10, ...word(clocks[from]), ...word(unusual.stamps?.[1] ?? clocks[otherSide(from)]));
    }
    if (unusual.sack !== undefined) {
      bytes.push(1, 1, 5, 2 + 8 * unusual.sack.length);
      for (const block of unusual.sack) for (const edge of block) bytes.push(...word(ISN[otherSide(from)] + 1 + edge));
    }
    return bytes;
  }

  function send(from: Side, at: number, unusual: Unusual = {}): void {
    const { length = 0, flags = length > 0 ? ACK | PSH : ACK } = unusual;
    const isSyn = (flags & SYN) !== 0;
    const offset = unusual.again ?? next[from];
    if (unusual.again === undefined) next[from] += length + ((flags & FIN) === 0 ? 0 : 1);
    const id = ids[from]++;
    const packetOptions = optionsOf(from, at, unusual);
    if (unusual.unseen === true) return;
    const acknowledged = ISN[otherSide(from)] + 1 + (unusual.acknowledges ?? next[otherSide(from)]);
    const segment: Segment = {
      from,
      serverPort: 8080,
      ...(after === undefined ? {} : { clientPort: after.clientPort }),
      sequence: ISN[from] + offset + (isSyn ? 0 : 1),
      acknowledgment: (flags & ACK) === 0 ? 0 : acknowledged,
      flags,
      data: new Uint8Array(length),
      ipId: identified ? id : 0,
      window: unusual.window ?? 512,
      options: packetOptions,
      hopLimit,
      time: at * MILLISECOND,
      ...(unusual.server === undefined ? {} : { server: unusual.server }),
    };
    recorder.push(segment);
  }

  const dialogue: Dialogue = {
    recorder,
    client: (at, unusual) => send('client', at, unusual),
    server: (at, unusual) => send('server', at, unusual),
    advance: (side, length) => void (next[side] += length),
    row: () => recorder.rows.at(after === undefined ? 0 : -1) as TrackedConnection,
    end() {
      recorder.streams.finish();
      return dialogue.row();
    },
  };
  if (!midstream) {
    dialogue.client(start, { flags: SYN });
    dialogue.server(start + toServer, { flags: SYN | ACK });
    dialogue.client(start + toServer + toClient);
  }
  return dialogue;
}

export interface Dialogue {
  recorder: Recorder;
  /** One packet of the client; without anything unusual an acknowledgment of all that came. */
  client(at: number, unusual?: Unusual): void;
  server(at: number, unusual?: Unusual): void;
  /** That side sent so much that the capture never sees. */
  advance(side: Side, length: number): void;
  row(): TrackedConnection;
  /** The capture ends. */
  end(): TrackedConnection;
}

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

export { ACK, FIN, PSH, RST, SYN };
