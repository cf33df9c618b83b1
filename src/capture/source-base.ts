import { at, NEVER, type Timestamp } from '../base/time.ts';
import { createDamage, type Input } from '../model/input.ts';
import { createPacket, type Packet } from '../model/packet.ts';
import type { SourceState } from '../model/source.ts';
import type { ByteWindow } from './byte-window.ts';
import { atByte, note } from './notes.ts';

export function createInput(index: number, path: string, format: string): Input {
  const input: Input = {
    input: index,
    path,
    format,
    linkTypes: [],
    packets: 0,
    firstPacketAt: null,
    startsAt: NEVER,
    endsAt: NEVER,
    snapLength: null,
    damage: createDamage(),
    vantage: {
      kind: 'unknown',
      addresses: [],
      because: '',
      sees: { dns: false, tcp: false, http: false, bothDirections: false },
    },
  };
  input.startsAt = at(0);
  input.endsAt = at(0);
  return input;
}

/** What all sources do alike: their place on the common axis, their end, their progress. */
export abstract class SourceBase {
  readonly input: Input;
  protected readonly window: ByteWindow;
  /** Added to each time; `offset` to the outside. */
  protected shift = Number.NaN;
  protected started = false;
  /** Nanoseconds since 1970 of the first packet, which times are counted from; the input's own beginning may move. */
  protected origin: bigint | null = null;
  #finished = false;

  constructor(window: ByteWindow, input: Input) {
    this.window = window;
    this.input = input;
    this.shift = 0;
  }

  get offset(): number {
    return this.shift;
  }

  set offset(value: number) {
    const by = value - this.shift;
    this.shift = value;
    this.input.startsAt = at(this.input.startsAt + by);
    this.input.endsAt = at(this.input.endsAt + by);
    if (this.started) this.shiftCurrent(by);
  }

  get bytesRead(): number {
    return this.window.source.bytesRead;
  }

  get bytesTotal(): number | null {
    return this.window.source.bytesTotal;
  }

  fill(): Promise<void> {
    return this.window.fill();
  }

  close(): void {
    this.window.source.close();
  }

  protected abstract shiftCurrent(by: number): void;

  /** The first packet with a time: `origin` is nanoseconds since 1970, null where it carries no date. */
  protected begin(origin: bigint | null): void {
    this.started = true;
    this.origin = origin;
    this.input.firstPacketAt = origin;
  }

  /** Too few bytes: wait for more, or end and say what was cut. */
  protected starved(): SourceState {
    if (!this.window.ended) return 'more';
    if (!this.#finished) this.finish();
    return 'end';
  }

  protected finish(): void {
    this.#finished = true;
    const { damage } = this.input;
    const { trouble } = this.window.source;
    if (trouble !== null) note(damage, trouble);
    if (this.window.length > 0) {
      damage.cut++;
      note(damage, `the capture is cut: a packet begins ${atByte(this.window.offset)} and does not end`);
    } else if (trouble !== null) damage.cut++;
  }
}

export abstract class PacketSourceBase extends SourceBase {
  /** What the next packet is read into: another may be put in its place. */
  packet: Packet;

  constructor(window: ByteWindow, input: Input) {
    super(window, input);
    this.packet = createPacket(input.input);
  }

  abstract next(): SourceState;

  protected override shiftCurrent(by: number): void {
    this.packet.time = (this.packet.time + by) as Timestamp;
  }
}
