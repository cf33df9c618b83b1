import { formatDuration, plural } from '../base/text.ts';
import { milliseconds, type Timestamp } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import { numberWithin, type Packet } from '../model/packet.ts';
import type { PacketSource, SourceState } from '../model/source.ts';
import type { ByteWindow } from './byte-window.ts';
import { HeldPackets } from './held-packets.ts';
import { note } from './notes.ts';
import type { PacketSourceBase } from './source-base.ts';

// How far is looked ahead while all are in order: Linux takes at most 64 packets of one queue of a
// network card before it turns to the next (NAPI_POLL_WEIGHT), so this is four queues.
const LOOK_AHEAD = 256;
// How far, once one was late. Of small packets, a hundred queues' worth.
const LONG_LOOK_AHEAD = 8192;
// At most so many bytes wait: 10 ms of a network of 1 Gbit/s, and what fits a processor's cache.
const MOST_BYTES = 1 << 20;
// An interface whose times go back by more was given another time: a clock that is off by less is
// turned slowly and never goes back (ntpd's step threshold, ntpd.html).
const CLOCK_STEP = milliseconds(128);
// One interface's packets are written so much later than another's: dumpcap takes from each what its
// buffer holds every 250 ms (PIPE_READ_TIMEOUT in dumpcap.c), and from its queue every 100 ms.
const MOST_LATE = milliseconds(500);
// A pipe may have no more for a long time. What was read waits no longer than nobody sees, and longer
// than the packets of one burst are apart.
const LIVE_WAIT_MILLISECONDS = 20;

/**
 * Packets of one capture in the order of their times, though they are written in another: several
 * queues of a network card, several interfaces or several processors hand them over as they come to
 * it. Each keeps its number in the file. Looks a little ahead, and as far as its bounds allow once a
 * packet was late; where the clock itself was set back, packets stay in the order of the file.
 */
export class InOrderSource implements PacketSource {
  packet: Packet;
  readonly #inner: PacketSourceBase;
  readonly #window: ByteWindow;
  readonly #held: HeldPackets;
  readonly #unused: Packet;
  /** The latest time since the clock last went back. */
  #newest = -Infinity;
  /** Each interface's last time. */
  #last = new Float64Array(1).fill(-Infinity);
  /** So many of the first that wait are handed out before more is read. */
  #ready = 0;
  /** A read of a pipe that is under way. */
  #reading: Promise<void> | null = null;
  #mayWait = true;
  #late = 0;
  #latest = 0;
  #steps = 0;
  #farthest = 0;
  #isTold = false;
  /** The input that this one goes on with. */
  #home: Input | null = null;

  constructor(inner: PacketSourceBase, window: ByteWindow) {
    this.#inner = inner;
    this.#window = window;
    this.#held = new HeldPackets(inner.input.input, LOOK_AHEAD);
    window.onMove = (by) => this.#held.moved(by);
    this.#unused = inner.packet;
    this.packet = this.#held.free;
  }

  get input(): Input {
    return this.#inner.input;
  }

  get offset(): number {
    return this.#inner.offset;
  }

  set offset(value: number) {
    const by = value - this.#inner.offset;
    // What was read is moved here, and must not be by who read it.
    this.#inner.packet = this.#unused;
    this.#inner.offset = value;
    this.#held.shift(by);
    this.#newest += by;
    for (let index = 0; index < this.#last.length; index++) this.#last[index] = (this.#last[index] as number) + by;
  }

  get bytesRead(): number {
    return this.#inner.bytesRead;
  }

  get bytesTotal(): number | null {
    return this.#inner.bytesTotal;
  }

  close(): void {
    this.#inner.close();
  }

  next(): SourceState {
    if (this.#ready === 0) {
      const state = this.#look();
      if (this.#ready === 0) return state;
    }
    this.#ready--;
    const packet = this.#held.take();
    packet.bytes = this.#window.bytes;
    this.packet = packet;
    if (this.#home !== null) this.#moveTo(this.#home);
    return 'packet';
  }

  continue(home: Input): void {
    this.#home = home;
    this.#moveTo(home);
  }

  #moveTo(home: Input): void {
    const { packet } = this;
    packet.number = numberWithin(home.input, this.input.input, packet.number);
    packet.input = home.input;
    if (packet.time > home.endsAt) home.endsAt = packet.time;
  }

  /** Looks ahead as far as it may. Afterwards some are ready, or there is none, for the reason given. */
  #look(): SourceState {
    const held = this.#held;
    const inner = this.#inner;
    while (this.#ready === 0) {
      inner.packet = held.free;
      const state = inner.next();
      if (state === 'packet') {
        this.#hold(inner.packet);
        continue;
      }
      if (state === 'end' && held.count === 0) this.#tell();
      // What is kept in memory is all from the first that waits on: nobody may wait for ever.
      const keeps = this.#window.start - held.firstByte();
      if (state === 'end' || !this.#mayWait || keeps > 2 * MOST_BYTES) this.#ready = held.count;
      return state;
    }
    return 'packet';
  }

  async fill(): Promise<void> {
    this.#reading ??= this.#read();
    if (this.bytesTotal === null && this.#held.count > 0) {
      let timer: NodeJS.Timeout | undefined;
      const waited = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(true), LIVE_WAIT_MILLISECONDS);
      });
      const tooLong = await Promise.race([waited, this.#reading.then(() => false)]);
      clearTimeout(timer);
      if (tooLong) {
        this.#mayWait = false;
        return;
      }
    } else await this.#reading;
    this.#reading = null;
    this.#mayWait = true;
  }

  #read(): Promise<void> {
    const window = this.#window;
    if (window.ended) return window.fill();
    return window.fill(Math.min(window.start, this.#held.firstByte()));
  }

  /** Sets aside what was read, and tells how many of the first nobody can go before any more. */
  #hold({ time, interface: from }: Packet): void {
    const held = this.#held;
    if (from >= this.#last.length) this.#growLast(from);
    if (time < this.#newest) this.#goesBack(time, from);
    else {
      this.#newest = time;
      held.add();
      if (time - held.first.time >= MOST_LATE) this.#ready = 1;
    }
    this.#last[from] = time;
    // Half of them at once: reading and handing out in turns costs more.
    if (held.count === held.capacity || held.bytes > MOST_BYTES) {
      this.#ready = Math.max(this.#ready, held.count >> 1, 1);
    }
  }

  /** It was late, or its clock was set back. */
  #goesBack(time: Timestamp, from: number): void {
    const held = this.#held;
    const back = this.#newest - time;
    if (back > MOST_LATE || (this.#last[from] as number) - time > CLOCK_STEP) {
      this.#steps++;
      this.#farthest = Math.max(this.#farthest, back);
      this.#newest = time;
      // Whatever comes from here on comes after those that wait.
      this.#ready = held.count;
      held.add();
      return;
    }
    this.#late++;
    this.#latest = Math.max(this.#latest, back);
    held.add();
    held.sortLast();
    if (held.capacity < LONG_LOOK_AHEAD) held.grow(LONG_LOOK_AHEAD);
  }

  #growLast(from: number): void {
    const grown = new Float64Array(2 * from).fill(-Infinity);
    grown.set(this.#last);
    this.#last = grown;
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { damage } = this.input;
    if (this.#late > 0) {
      note(
        damage,
        `${plural(this.#late, 'packet')} out of order, by up to ${formatDuration(this.#latest)}: read in the order of their times`,
      );
    }
    if (this.#steps > 0) {
      note(
        damage,
        `the clock goes back ${plural(this.#steps, 'time')}, by up to ${formatDuration(this.#farthest)}: ` +
          'what spans such a place is measured wrong' +
          (this.#steps > 1
            ? '; where files were put together out of order, sort them with: reordercap FILE out.pcap'
            : ''),
      );
    }
  }
}
