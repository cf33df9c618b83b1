import { AddressTable } from './base/addresses.ts';
import { formatDuration } from './base/text.ts';
import { milliseconds, nanoseconds, type Duration } from './base/time.ts';
import { openInput } from './capture/open.ts';
import { createDecoder } from './decode/decoder.ts';
import { PacketSample } from './flows/packet-sample.ts';
import { createDamage, type Input } from './model/input.ts';
import { createLayers } from './model/packet.ts';
import type { PacketSource } from './model/source.ts';

// Enough that captures which began seconds apart share some; of all files together, what takes a tenth of a second.
const MOST_OF_ONE = 1 << 13;
const MOST_OF_ALL = 1 << 16;
// Copies of a packet are known as such within 20 ms; on hosts that share a time source clocks differ by less than a
// few milliseconds.
const MOST_APART = milliseconds(10);

/** What the first packets of captures that are read together say of them. */
export interface Clocks {
  /** Nanoseconds to add to the times of an input. */
  readonly shifts: ReadonlyMap<Input, Duration>;
  /** Inputs that hold what another one holds, and nothing else. */
  readonly copies: ReadonlyMap<Input, Input>;
}

interface Head {
  readonly input: Input;
  readonly size: number;
  readonly firstPacketAt: bigint;
  /** Times from its first packet on. */
  readonly sample: PacketSample;
  /** All its packets are in the sample. */
  readonly isWhole: boolean;
  shift: number;
}

/**
 * Reads the first packets of each, and finds those that show the same packets at other times, or cut shorter.
 * Of pipes nothing is read.
 */
export async function compareClocks(sources: readonly PacketSource[]): Promise<Clocks> {
  const shifts = new Map<Input, Duration>();
  const copies = new Map<Input, Input>();
  const files = sources.filter(({ bytesTotal }) => bytesTotal !== null);
  if (files.length < 2) return { shifts, copies };
  const most = Math.min(MOST_OF_ONE, Math.ceil(MOST_OF_ALL / files.length));
  const heads: Head[] = [];
  for (const source of files) {
    // oxlint-disable-next-line no-await-in-loop -- one file after another
    const head = await headOf(source, most);
    if (head === null) continue;
    const same = heads.find((other) => isCopy(other, head));
    if (same !== undefined) {
      copies.set(head.input, same.input);
      continue;
    }
    heads.some((other) => align(other, head));
    heads.push(head);
  }
  for (const { input, shift } of heads) if (shift !== 0) shifts.set(input, nanoseconds(shift));
  return { shifts, copies };
}

async function headOf({ input, bytesTotal }: PacketSource, most: number): Promise<Head | null> {
  const addresses = new AddressTable();
  const opened = await openInput(input.path, input.input, { addresses });
  if (opened.kind !== 'packets') return null;
  const { source } = opened;
  const decoder = createDecoder({ addresses }, createDamage());
  const layers = createLayers();
  const sample = new PacketSample();
  let state = source.next();
  while (state !== 'end' && sample.count < most) {
    if (state === 'packet') {
      const { packet } = source;
      if (decoder.decode(packet, layers)) sample.push(layers, packet.wireLength > packet.end - packet.start);
    }
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    else await source.fill();
    state = source.next();
  }
  source.close();
  const { firstPacketAt } = source.input;
  const isWhole = state === 'end';
  return firstPacketAt === null ? null : { input, size: bytesTotal ?? 0, firstPacketAt, sample, isWhole, shift: 0 };
}

const isCopy = (one: Head, other: Head): boolean =>
  one.firstPacketAt === other.firstPacketAt &&
  one.sample.equals(other.sample) &&
  ((one.isWhole && other.isWhole) || one.size === other.size);

/** Sets the times of one beside those of another that shows the same packets. @returns whether it does */
function align(other: Head, head: Head): boolean {
  const found = other.sample.shiftOf(head.sample);
  if (found === null) return false;
  const between = Number(head.firstPacketAt - other.firstPacketAt);
  const ahead = between + found.usual;
  const isApart = Math.abs(ahead) > MOST_APART;
  head.shift = other.shift;
  if (isApart) {
    head.shift -= ahead;
    head.input.damage.notes.push(
      `its clock is ${formatDuration(nanoseconds(Math.abs(ahead)))} ${ahead > 0 ? 'ahead of' : 'behind'} that of ` +
        `${other.input.path}, as packets tell that both show: its times are moved there`,
    );
  }
  // Of each packet the copy counts that is seen first: the one that is cut comes last.
  const rest = isApart ? -found.usual : between;
  if (head.sample.cut > other.sample.cut) head.shift += Math.max(0, 1 - rest - found.least);
  if (head.sample.cut < other.sample.cut) other.shift += Math.max(0, 1 + rest + found.most);
  return true;
}
