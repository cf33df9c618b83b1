import { formatCount } from '../base/text.ts';
import { at } from '../base/time.ts';
import type { LookupRow } from '../model/diagnosis.ts';
import { createDamage, type Damage, type Input } from '../model/input.ts';
import { fromInputRow } from '../model/input-row.ts';
import { firstPacketAtOf, fromLookupRow } from '../model/lookup-row.ts';
import { LOOKUP_SCHEMA, lastSentAt, type Lookup } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';
import { packetId, packetInput, packetNumber, type PacketId } from '../model/packet.ts';
import { DIAGNOSIS_SCHEMA, INPUT_SCHEMA, TRANSACTION_SCHEMA } from '../model/schema-names.ts';
import { UserError } from '../model/user-error.ts';

export interface ReadRowsOptions {
  /** As the user named the file; `-` for standard input. */
  path: string;
  /** What went wrong while the lines were read; bad rows are added to it. */
  damage: Damage;
  /** The inputs read so far. Those that the rows speak of are added, before their first row. */
  inputs: Input[];
  observers: readonly Observer[];
}

/** No row comes near this: 4,096 attempts of a kilobyte each. What is longer is not ours. */
export const MAX_LINE_LENGTH = 4 << 20;
// More inputs than anyone names on a command line; a forged row must not make thousands.
const MAX_INPUTS = 1024;
const MAX_NOTES = 5;
const MAX_ADDRESSES = 8;

/**
 * Reads the lookups of an export (`kubelag export lookups`, one JSON object a line) and hands
 * them on as if they had just been found. What is no row is counted as damage of the input.
 * @param lines without their ends; one longer than MAX_LINE_LENGTH is damage
 * @throws UserError where the file holds no lookup at all, or is another of our own files
 */
export async function readRows(
  lines: AsyncIterable<string> | Iterable<string>,
  options: ReadRowsOptions,
): Promise<void> {
  const { path, damage, inputs, observers } = options;
  const first = inputs.length;
  let number = 0;
  let lookups = 0;
  let why: string | null = null;
  const damaged = (what: string): void => {
    why ??= `line ${formatCount(number)} ${what}`;
    damage.undecodable++;
    if (damage.notes.length < MAX_NOTES) damage.notes.push(`line ${formatCount(number)} ${what}`);
  };

  const begun = new Set<Input>();
  /** The input of a row; those before it that have no row yet stand in between, so that an index is a number. */
  const inputOf = (row: LookupRow): Input => {
    for (let index = inputs.length; index <= first + row.input; index++) {
      const input = createInput(path, index, index === first ? damage : createDamage());
      inputs.push(input);
      for (const observer of observers) observer.input?.(input);
    }
    const input = inputs[first + row.input]!;
    if (!begun.has(input)) {
      begun.add(input);
      placeInTime(input, firstPacketAtOf(row), inputs);
    }
    return input;
  };

  for await (const line of lines) {
    number++;
    const value = parse(line);
    if (value === BLANK) continue;
    if (value === UNREADABLE) {
      if (lookups === 0 && SAVED_ANSWER.test(line)) refuseOtherFiles(path, DIAGNOSIS_SCHEMA);
      damaged(line.length > MAX_LINE_LENGTH ? 'is too long for a row' : 'is no JSON');
      continue;
    }
    const schema = schemaOf(value);
    if (lookups === 0) refuseOtherFiles(path, schema);
    if (schema === INPUT_SCHEMA) {
      if (!complete(value, inputs, first)) damaged('is no input row of this export');
      continue;
    }
    const probe = fromLookupRow(value);
    if (probe === null || probe.input >= MAX_INPUTS) {
      damaged('is no lookup row');
      continue;
    }
    // `fromLookupRow` has checked every field of it.
    const input = inputOf(value as LookupRow);
    const lookup = input.startsAt === 0 ? probe : fromLookupRow(value, input.startsAt)!;
    if (first > 0) renumber(lookup, first);
    lookups++;
    note(input, lookup);
    for (const observer of observers) observer.lookup?.(lookup);
  }

  if (lookups === 0) throw new UserError(nothingIn(path, number, why));
}

// `--format json` writes a line for each field, the schema first.
const SAVED_ANSWER = /^\s*"schema"\s*:\s*"kubelag\/1"/;

const BLANK = Symbol('blank');
const UNREADABLE = Symbol('unreadable');

function parse(line: string): unknown {
  if (line.length > MAX_LINE_LENGTH) return UNREADABLE;
  // A byte order mark is what some editors put before the first line.
  const text = line.trim().replace(/^\ufeff/, '');
  if (text === '') return BLANK;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Its only error: the line is no JSON, and the caller counts it.
    return UNREADABLE;
  }
}

const schemaOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;

function refuseOtherFiles(path: string, schema: unknown): void {
  if (schema === TRANSACTION_SCHEMA) {
    throw new UserError(`${path}: is an export of transactions; explain reads lookups: kubelag export lookups CAPTURE`);
  }
  if (schema === DIAGNOSIS_SCHEMA) {
    throw new UserError(`${path}: is a saved answer, not rows; give its file alone: kubelag explain ANSWER.json`);
  }
  if (typeof schema === 'string' && schema.startsWith('kubelag/lookup/') && schema !== LOOKUP_SCHEMA) {
    throw new UserError(`${path}: its rows are of another version (${schema.slice(0, 40)}); export them again`);
  }
}

function nothingIn(path: string, lines: number, why: string | null): string {
  const what = why === null ? (lines === 0 ? 'is empty' : 'holds no rows') : `holds no lookup: ${why}`;
  return `${path}: ${what}; make rows with: kubelag export lookups CAPTURE > rows.ndjson`;
}

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
    sees: { dns: true, tcp: false, http: false, bothDirections: false },
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

/** Adds what one row tells of its input. */
function note(input: Input, lookup: Lookup): void {
  let end = lookup.startedAt as number;
  for (const attempt of lookup.attempts) {
    input.packets += 1 + attempt.resends.length + attempt.lateReplies.length;
    end = Math.max(end, lastSentAt(attempt));
    if (attempt.rcode < 0) continue;
    input.packets++;
    input.vantage.sees.bothDirections = true;
    end = Math.max(end, attempt.repliedAt, attempt.lateReplies.at(-1)?.at ?? attempt.repliedAt);
  }
  input.endsAt = at(Math.max(input.endsAt, end));
  const { addresses } = input.vantage;
  if (addresses.length < MAX_ADDRESSES && !addresses.includes(lookup.client)) addresses.push(lookup.client);
}

/** Takes what the export says of an input itself, in place of what the rows told. */
function complete(value: unknown, inputs: readonly Input[], first: number): boolean {
  const said = fromInputRow(value);
  const input = said === null ? undefined : inputs[first + said.input];
  if (said === null || input === undefined) return false;
  const { path, startsAt, damage } = input;
  damage.cut += said.damage.cut;
  damage.undecodable += said.damage.undecodable;
  damage.duplicates += said.damage.duplicates;
  damage.droppedByCapture += said.damage.droppedByCapture;
  damage.notes.push(...said.damage.notes);
  const format = said.format.endsWith('+ndjson') ? said.format : `${said.format}+ndjson`;
  Object.assign(input, said, {
    input: input.input,
    path,
    format,
    damage,
    startsAt,
    endsAt: at(startsAt + said.endsAt),
  });
  return true;
}

/** Rows of a second file must not be taken for those of the first. */
function renumber(lookup: Lookup, by: number): void {
  const moved = (packet: PacketId): PacketId => packetId(packetInput(packet) + by, packetNumber(packet));
  lookup.id = lookup.id.replace(/^\d+(?=\.)/, String(lookup.input + by));
  lookup.input += by;
  for (const attempt of lookup.attempts) {
    attempt.sentPacket = moved(attempt.sentPacket);
    attempt.resends = attempt.resends.map((resend) => ({ ...resend, packet: moved(resend.packet) }));
    attempt.earlierReplies = attempt.earlierReplies.map((reply) => ({ ...reply, packet: moved(reply.packet) }));
    attempt.lateReplies = attempt.lateReplies.map((reply) => ({ ...reply, packet: moved(reply.packet) }));
    if (attempt.rcode >= 0) attempt.replyPacket = moved(attempt.replyPacket);
  }
}
