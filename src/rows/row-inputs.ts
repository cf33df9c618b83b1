import { at } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { createDamage, HELD_ROWS, type Damage, type HeldRows, type Input } from '../model/input.ts';
import { fromInputRow } from '../model/input-row.ts';
import { lastSentAt, type Lookup } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';
import { instant } from '../model/row-fields.ts';

// More inputs than anyone names on a command line; a forged row must not make thousands.
export const MAX_INPUTS = 1024;
const MAX_ADDRESSES = 8;

/** The inputs of which one file of rows tells: as its input rows say, or else as its other rows let guess. */
export class RowInputs {
  readonly #path: string;
  readonly #damage: Damage;
  readonly #inputs: Input[];
  readonly #observers: readonly Observer[];
  /** The file's first input, to which what went wrong with the file is told. */
  readonly #start: number;
  /** The file's own numbers begin here; those of the next export in it behind the inputs of the one before. */
  first: number;
  readonly #begun = new Set<Input>();
  /** What an input row says holds, and no other row adds to it. */
  readonly #told = new Set<Input>();
  readonly #held = new Map<Input, Set<HeldRows>>();

  /** @param inputs all that were read so far; the file's are added, before their first row */
  constructor(path: string, damage: Damage, inputs: Input[], observers: readonly Observer[]) {
    this.#path = path;
    this.#damage = damage;
    this.#inputs = inputs;
    this.#observers = observers;
    this.#start = inputs.length;
    this.first = inputs.length;
  }

  /** The input that the file calls so. Those before it that have no row yet stand in between, so that an index is a number. */
  at(number: number, firstPacketAt: bigint | null): Input {
    const known = this.#inputs[this.first + number];
    // An export ends with what it says of its inputs.
    const isNext = known !== undefined && this.#told.has(known) && isAnother(known, firstPacketAt);
    if (isNext && this.#inputs.length < MAX_INPUTS) this.first = this.#inputs.length;
    for (let index = this.#inputs.length; index <= this.first + number; index++) {
      const input = createInput(this.#path, index, this.#inputs.length === this.#start ? this.#damage : createDamage());
      this.#inputs.push(input);
      for (const observer of this.#observers) observer.input?.(input);
    }
    const input = this.#inputs[this.first + number] as Input;
    if (!this.#begun.has(input)) {
      this.#begun.add(input);
      placeInTime(input, firstPacketAt, this.#inputs);
    }
    return input;
  }

  /** Takes what the export says of an input itself, in place of what its rows told. False where it is no input row. */
  tell(value: unknown): boolean {
    const said = fromInputRow(value);
    if (said === null || said.input >= MAX_INPUTS) return false;
    const input = this.at(said.input, said.firstPacketAt);
    for (const kind of said.holds ?? []) this.#hold(input, kind);
    // Exports of several kinds in one file each say it.
    if (this.#told.has(input)) return true;
    this.#told.add(input);
    const { path, startsAt, damage, input: number } = input;
    damage.cut += said.damage.cut;
    damage.undecodable += said.damage.undecodable;
    damage.duplicates += said.damage.duplicates;
    damage.droppedByCapture += said.damage.droppedByCapture;
    const cutQuestions = (damage.cutQuestions ?? 0) + (said.damage.cutQuestions ?? 0);
    if (cutQuestions > 0) damage.cutQuestions = cutQuestions;
    const unseenSegments = (damage.unseenSegments ?? 0) + (said.damage.unseenSegments ?? 0);
    if (unseenSegments > 0) damage.unseenSegments = unseenSegments;
    const unseenQuestions = (damage.unseenQuestions ?? 0) + (said.damage.unseenQuestions ?? 0);
    if (unseenQuestions > 0) damage.unseenQuestions = unseenQuestions;
    if (said.damage.encrypted !== undefined) damage.encrypted = said.damage.encrypted;
    damage.notes.push(...said.damage.notes);
    const format = said.format.endsWith('+ndjson') ? said.format : `${said.format}+ndjson`;
    const endsAt = at(startsAt + said.endsAt);
    Object.assign(input, said, { input: number, path, format, damage, startsAt, endsAt });
    return true;
  }

  /** Takes how far the input had been read when a row of it was found: whether it went on after it. */
  read(input: Input, untilSeconds: unknown): void {
    const until = instant(untilSeconds, { input: input.input, startsAt: input.startsAt });
    if (until !== null && until > input.endsAt) input.endsAt = until;
  }

  lookup(input: Input, lookup: Lookup): void {
    this.#hold(input, 'lookups');
    if (this.#told.has(input)) return;
    let end = lookup.startedAt as number;
    for (const attempt of lookup.attempts) {
      input.packets += 1 + attempt.resends.length + attempt.lateReplies.length;
      end = Math.max(end, lastSentAt(attempt));
      if (attempt.rcode < 0) continue;
      input.packets++;
      input.vantage.sees.bothDirections = true;
      end = Math.max(end, attempt.repliedAt, attempt.lateReplies.at(-1)?.at ?? attempt.repliedAt);
    }
    this.#reach(input, end, lookup.client);
  }

  connection(input: Input, connection: Connection): void {
    this.#hold(input, 'connections');
    if (this.#told.has(input)) return;
    const { packets } = connection;
    input.packets += packets.client + packets.server;
    if (packets.client > 0 && packets.server > 0) input.vantage.sees.bothDirections = true;
    this.#reach(input, connection.startedAt + connection.duration, connection.client);
  }

  exchange(input: Input, exchange: Exchange): void {
    this.#hold(input, 'exchanges');
    if (this.#told.has(input)) return;
    if (!Number.isNaN(exchange.firstByteAt)) input.vantage.sees.bothDirections = true;
    this.#reach(input, exchange.startedAt + exchange.duration, exchange.client);
  }

  /** All rows are read: what the file does not hold of an input can't be seen in it. */
  finish(): void {
    for (const input of this.#begun) {
      const held = this.#held.get(input);
      const { sees } = input.vantage;
      input.holds = HELD_ROWS.filter((kind) => held?.has(kind));
      const told = this.#told.has(input);
      sees.dns = (told ? sees.dns : true) && input.holds.includes('lookups');
      sees.tcp = (told ? sees.tcp : true) && input.holds.includes('connections');
      sees.http = (told ? sees.http : true) && input.holds.includes('exchanges');
    }
  }

  #hold(input: Input, kind: HeldRows): void {
    const held = this.#held.get(input);
    if (held === undefined) this.#held.set(input, new Set([kind]));
    else held.add(kind);
  }

  #reach(input: Input, end: number, client: string): void {
    input.endsAt = at(Math.max(input.endsAt, end));
    const { addresses } = input.vantage;
    if (addresses.length < MAX_ADDRESSES && !addresses.includes(client)) addresses.push(client);
  }
}

/** `cat a.ndjson b.ndjson`: they call two captures by one number. Exports of several kinds of one capture begin alike. */
const isAnother = (known: Input, firstPacketAt: bigint | null): boolean =>
  known.firstPacketAt !== null && firstPacketAt !== null && known.firstPacketAt !== firstPacketAt;

/** An input of which only rows are left. */
const createInput = (path: string, input: number, damage: Damage): Input => ({
  input,
  path,
  format: 'ndjson',
  linkTypes: [],
  packets: 0,
  firstPacketAt: null,
  startsAt: at(0),
  endsAt: at(0),
  snapLength: null,
  damage,
  vantage: {
    kind: 'unknown',
    addresses: [],
    because: 'exported rows do not say where the capture was taken',
    // Connections may be among the rows that are still to come; `finish` knows.
    sees: { dns: false, tcp: true, http: false, bothDirections: false },
  },
});

/** All inputs with dates share the axis of the first. Rows with dates come from packets; pasted text has none. */
function placeInTime(input: Input, firstPacketAt: bigint | null, inputs: readonly Input[]): void {
  const origin = inputs.find((other) => other !== input && other.firstPacketAt !== null);
  input.format = firstPacketAt === null ? 'tcpdump text+ndjson' : 'pcap+ndjson';
  input.firstPacketAt = firstPacketAt;
  if (firstPacketAt === null || origin === undefined || origin.firstPacketAt === null) return;
  input.startsAt = at(origin.startsAt + Number(firstPacketAt - origin.firstPacketAt));
  input.endsAt = input.startsAt;
}
