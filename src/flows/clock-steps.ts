import { formatCount, formatDuration, plural } from '../base/text.ts';
import { at, milliseconds, nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import { IP_PROTOCOL, type AddressId, type Layers } from '../model/packet.ts';
import { hasTimestamps, timestampValue } from './tcp-options.ts';

// A clock that is off by less is turned slowly and not set (ntpd's step threshold, ntpd.html).
const LEAST_STEP = milliseconds(128);
// After a real silence some sender's own clock shows at once that time went by. What a jam held back is let go within a
// few round trips, and what is sent then tells of it.
const LONGEST_LOOK = milliseconds(200);
const MOST_PACKETS = 64;
// Packets of one network take so much longer now and then; a jam lets go what it held back over all of its time.
const TOLERANCE = milliseconds(50);
// How exactly a sender's clock has to be known.
const EXACT = milliseconds(25);
// Ticks of a sender's clock are a millisecond on Linux, and up to ten elsewhere: two ends of a stretch are off by one each.
const TICKS_OFF = 2;
// More than a few are a clock that runs wild: the first say so.
const MOST_TOLD = 3;
// A power of two: the flows of late, by a hash of their ends.
const SLOTS = 256;
// Packets that are all looked at; beyond, one of eight tells the same.
const LOOKED_AT_ALL = 1 << 16;
const SKIPPED = 7;

/** What one sender's clock says of a stretch that the capture's clock measured. */
interface Witness {
  readonly source: AddressId;
  readonly destination: AddressId;
  /** By how much the capture's clock went further. */
  readonly ahead: number;
}

export type ClockVerdict = 'open' | 'real' | 'stepped';

/**
 * Finds where a capture's clock was set: its times jump, while the clocks of those who sent before and after (TCP's
 * timestamps, RFC 7323) go on by as much less, of both ends of a connection. Of fixed size.
 */
export class ClockSteps {
  /** To be added to times, after the steps so far. */
  shift = nanoseconds(Number.NaN);
  /** The latest time that counts. */
  newest = -Infinity;
  /** How far the clock was set each time, and before which packet. */
  readonly found: { readonly by: Duration; readonly number: number }[] = [];
  #last = Number.NaN;
  #isLooking = false;
  #since = Number.NaN;
  #looked = 0;
  #firstNumber = 0;
  #witnesses: Witness[] = [];
  #seen = 0;
  readonly #keys = new Int32Array(SLOTS);
  readonly #firstStamps = new Int32Array(SLOTS);
  readonly #firstTimes = new Float64Array(SLOTS);
  readonly #stamps = new Int32Array(SLOTS);
  readonly #times = new Float64Array(SLOTS);

  constructor() {
    // A double before it is the first number: else what reads it is compiled twice.
    this.shift = nanoseconds(0);
  }

  /** Whether a packet of that time, as the capture has it, has to be looked at before it counts. */
  isSuspect(time: Timestamp): boolean {
    const gap = time - this.#last;
    this.#last = time;
    if (this.#isLooking) return true;
    return (gap > LEAST_STEP || gap < -LEAST_STEP) && this.#seen > 0;
  }

  /** Takes each TCP packet that counts. */
  note(layers: Layers): void {
    if (this.#seen > LOOKED_AT_ALL && (++this.#seen & SKIPPED) !== 0) return;
    if (!hasTimestamps(layers)) return;
    this.#seen++;
    const key = keyOf(layers);
    const slot = key & (SLOTS - 1);
    const stamp = timestampValue(layers);
    if (this.#keys[slot] !== key) {
      this.#keys[slot] = key;
      this.#firstStamps[slot] = stamp;
      this.#firstTimes[slot] = layers.time;
    }
    this.#stamps[slot] = stamp;
    this.#times[slot] = layers.time;
  }

  /**
   * Takes a suspect packet.
   * @param layers with its time as the steps before have it; null where it is of no use
   */
  look(layers: Layers | null, { time, number }: { time: Timestamp; number: number }): ClockVerdict {
    if (!this.#isLooking) {
      this.#isLooking = true;
      this.#since = time;
      this.#looked = 0;
      this.#firstNumber = number;
      this.#witnesses = [];
    }
    const witness = layers === null || layers.protocol !== IP_PROTOCOL.tcp ? null : this.#hear(layers);
    if (witness !== null) {
      this.#witnesses.push(witness);
      const [first] = this.#witnesses as [Witness];
      const isStep = Math.abs(witness.ahead) >= LEAST_STEP && Math.abs(witness.ahead - first.ahead) <= TOLERANCE;
      if (!isStep) return this.#end('real');
    }
    const isLong = Math.abs(time - this.#since) >= LONGEST_LOOK;
    return ++this.#looked >= MOST_PACKETS || isLong ? this.decide() : 'open';
  }

  /** With what was seen: no more comes, or it would take too long. */
  decide(): ClockVerdict {
    const all = this.#witnesses;
    const areBoth = all.some((one) =>
      all.some((two) => one.source === two.destination && two.source === one.destination),
    );
    if (!areBoth) return this.#end('real');
    const sorted = all.map(({ ahead }) => ahead).toSorted((a, b) => a - b);
    const by = nanoseconds(sorted[sorted.length >> 1] as number);
    this.shift = nanoseconds(this.shift - by);
    this.found.push({ by, number: this.#firstNumber });
    return this.#end('stepped');
  }

  #end(verdict: ClockVerdict): ClockVerdict {
    this.#isLooking = false;
    return verdict;
  }

  /** Null where its sender's clock is not known well enough. */
  #hear(layers: Layers): Witness | null {
    if (!hasTimestamps(layers)) return null;
    const key = keyOf(layers);
    const slot = key & (SLOTS - 1);
    if (this.#keys[slot] !== key) return null;
    const before = this.#times[slot] as number;
    const ticks = ((this.#stamps[slot] as number) - (this.#firstStamps[slot] as number)) | 0;
    const lasted = before - (this.#firstTimes[slot] as number);
    if (ticks <= TICKS_OFF || lasted <= 0) return null;
    const elapsed = (((timestampValue(layers) - (this.#stamps[slot] as number)) | 0) * lasted) / ticks;
    if (elapsed < 0 || (elapsed + lasted / ticks) * TICKS_OFF > EXACT * ticks) return null;
    return { source: layers.source, destination: layers.destination, ahead: layers.time - before - elapsed };
  }
}

const BACK = 'the clock goes back ';

/** Says where an input's clock was set, and ends it where its last packet then is. */
export function tellSteps(input: Input, { found, shift, newest }: ClockSteps): void {
  if (found.length === 0) return;
  const { notes } = input.damage;
  // What is set right is not measured wrong.
  const told = notes.findIndex((note) =>
    note.startsWith(`${BACK}${plural(found.filter(({ by }) => by < 0).length, 'time')},`),
  );
  if (told >= 0) notes.splice(told, 1);
  for (const { by, number } of found.slice(0, MOST_TOLD)) {
    notes.push(
      `the clock was set ${by < 0 ? 'back' : 'ahead'} by ${formatDuration(nanoseconds(Math.abs(by)))} before packet ` +
        `${formatCount(number)}, as the clocks of those who sent (TCP’s timestamps) tell: times from there on are moved by that`,
    );
  }
  if (shift !== 0) input.endsAt = at(newest);
}

/** One direction of one connection; never 0, which an empty slot has. */
function keyOf({ source, destination, sourcePort, destinationPort }: Layers): number {
  let key = Math.imul(source, 0x9e3779b1) ^ Math.imul(destination, 0x85ebca6b);
  key ^= Math.imul((sourcePort << 16) | destinationPort, 0xc2b2ae35);
  key ^= key >>> 15;
  return key === 0 ? 1 : key;
}
