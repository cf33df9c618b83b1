import { at, fromRfc3339, fromSeconds, toRfc3339, toSeconds, type Timestamp } from '../base/time.ts';
import type { InputRow } from './diagnosis.ts';
import {
  createDamage,
  ENCRYPTIONS,
  HELD_ROWS,
  VANTAGES,
  type Damage,
  type Encrypted,
  type HeldRows,
  type Input,
  type Vantage,
} from './input.ts';
import { integer, isRecord, isText, isTexts, MAX_SECONDS } from './row-fields.ts';

/** An input as the contract has it. */
export const toInputRow = (input: Input): InputRow => ({
  input: input.input,
  path: input.path,
  format: input.format,
  linkTypes: [...input.linkTypes],
  packets: input.packets,
  firstPacket: input.firstPacketAt === null ? null : toRfc3339(input.firstPacketAt, at(0)),
  durationSeconds: toSeconds(at(Math.max(0, input.endsAt - input.startsAt))),
  snapLength: input.snapLength,
  damage: {
    ...input.damage,
    ...(input.damage.encrypted === undefined ? {} : { encrypted: input.damage.encrypted.map((one) => ({ ...one })) }),
    notes: [...input.damage.notes],
  },
  vantage: {
    kind: input.vantage.kind,
    addresses: [...input.vantage.addresses],
    because: input.vantage.because,
    sees: { ...input.vantage.sees },
  },
  ...(input.holds === undefined ? {} : { holds: [...input.holds] }),
});

/**
 * The inverse of {@link toInputRow}; null where the value is no such row. Rows may come from
 * anywhere: every field is checked, and nothing longer than a real row is let in.
 * @param startsAt the input's first packet on the common axis
 */
export function fromInputRow(row: unknown, startsAt: Timestamp = at(0)): Input | null {
  if (!isRecord(row)) return null;
  const { path, format, linkTypes, firstPacket, snapLength, durationSeconds } = row;
  const input = integer(row['input']);
  const packets = integer(row['packets']);
  const damage = damageFrom(row['damage']);
  const vantage = vantageFrom(row['vantage']);
  const firstPacketAt = typeof firstPacket === 'string' ? fromRfc3339(firstPacket) : null;
  if (input === null || packets === null || damage === null || vantage === null) return null;
  if (!isText(path) || !isText(format) || !isTexts(linkTypes, MAX_TEXTS)) return null;
  if (firstPacket !== null && firstPacketAt === null) return null;
  if (typeof durationSeconds !== 'number' || !(durationSeconds >= 0 && durationSeconds < MAX_SECONDS)) return null;
  if (snapLength !== null && integer(snapLength) === null) return null;
  const holds = holdsFrom(row['holds']);
  if (holds === null) return null;
  return {
    input,
    path,
    format,
    linkTypes: [...linkTypes],
    packets,
    firstPacketAt,
    startsAt,
    endsAt: at(startsAt + fromSeconds(durationSeconds)),
    snapLength: integer(snapLength),
    damage,
    vantage,
    ...(holds === undefined ? {} : { holds }),
  };
}

function holdsFrom(value: unknown): HeldRows[] | undefined | null {
  if (value === undefined) return undefined;
  if (!isTexts(value, HELD_ROWS.length) || !value.every((kind) => HELD_ROWS.some((known) => known === kind)))
    return null;
  return HELD_ROWS.filter((kind) => value.includes(kind));
}

// The tool itself writes a few of each.
const MAX_TEXTS = 256;

function damageFrom(value: unknown): Damage | null {
  if (!isRecord(value)) return null;
  const cut = integer(value['cut']);
  const undecodable = integer(value['undecodable']);
  const duplicates = integer(value['duplicates']);
  const droppedByCapture = integer(value['droppedByCapture']);
  const cutQuestions = integer(value['cutQuestions'] ?? 0);
  const unseenSegments = integer(value['unseenSegments'] ?? 0);
  const unseenQuestions = integer(value['unseenQuestions'] ?? 0);
  const encrypted = encryptedFrom(value['encrypted']);
  const notes = value['notes'];
  if (cut === null || undecodable === null || duplicates === null || droppedByCapture === null) return null;
  if (cutQuestions === null || unseenSegments === null || unseenQuestions === null || encrypted === null) return null;
  if (!isTexts(notes, MAX_TEXTS)) return null;
  return {
    ...createDamage(),
    cut,
    undecodable,
    duplicates,
    droppedByCapture,
    ...(cutQuestions > 0 ? { cutQuestions } : {}),
    ...(unseenSegments > 0 ? { unseenSegments } : {}),
    ...(unseenQuestions > 0 ? { unseenQuestions } : {}),
    ...(encrypted.length > 0 ? { encrypted } : {}),
    notes: [...notes],
  };
}

function encryptedFrom(value: unknown): Encrypted[] | null {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > ENCRYPTIONS.length) return null;
  const found: Encrypted[] = [];
  for (const one of value as unknown[]) {
    const by = isRecord(one) ? ENCRYPTIONS.find((known) => known === one['by']) : undefined;
    const packets = isRecord(one) ? integer(one['packets']) : null;
    if (by === undefined || packets === null) return null;
    found.push({ by, packets });
  }
  return found;
}

function vantageFrom(value: unknown): Vantage | null {
  if (!isRecord(value)) return null;
  const { addresses, because, sees } = value;
  const kind = VANTAGES.find((known) => known === value['kind']);
  if (kind === undefined || !isTexts(addresses, MAX_TEXTS) || !isText(because) || !isRecord(sees)) return null;
  const { dns, tcp, http, bothDirections } = sees;
  if (typeof dns !== 'boolean' || typeof tcp !== 'boolean') return null;
  if (typeof http !== 'boolean' || typeof bothDirections !== 'boolean') return null;
  return { kind, addresses: [...addresses], because, sees: { dns, tcp, http, bothDirections } };
}
