import type { Timestamp } from '../base/time.ts';

/** What encrypts whole packets: of these nothing can be read, whatever key a program gives away. */
export const ENCRYPTIONS = ['WireGuard', 'IPsec', 'QUIC'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

/** How many packets something encrypts as a whole. */
export interface Encrypted {
  by: Encryption;
  packets: number;
}

/** What went wrong with a capture, counted by kind. */
export interface Damage {
  /** Packets that the snap length or the end of the file cut. */
  cut: number;
  /** Packets whose headers lie or end too early, and bytes that no reader could place. */
  undecodable: number;
  /** Copies of a packet that was already seen (`-i any`, both sides of a DNAT). */
  duplicates: number;
  /** Packets that the capturing program itself says it lost. */
  droppedByCapture: number;
  /** DNS messages that the snap length cut within the name they ask for: lookups that are not seen. Absent for none. */
  cutQuestions?: number;
  /** TCP segments that the other side acknowledged and that are not in the capture, which lacks packets. Absent for none. */
  unseenSegments?: number;
  /** DNS questions that were answered and are not in the capture, which lacks packets. Absent for none. */
  unseenQuestions?: number;
  /** Packets that are encrypted as a whole. Absent for none. */
  encrypted?: Encrypted[];
  /** In words, with offsets: `cut at byte 1,204`. At most a few. */
  notes: string[];
}

export const createDamage = (): Damage => ({
  cut: 0,
  undecodable: 0,
  duplicates: 0,
  droppedByCapture: 0,
  notes: [],
});

/** Counts one packet more that something encrypts. */
export function countEncrypted(damage: Damage, by: Encryption): void {
  damage.encrypted ??= [];
  const known = damage.encrypted.find((one) => one.by === by);
  if (known === undefined) damage.encrypted.push({ by, packets: 1 });
  else known.packets++;
}

/** Packets of all inputs that each encrypts, most first. */
export function encryptedIn(inputs: readonly { damage: Pick<Damage, 'encrypted'> }[]): Encrypted[] {
  const all = inputs.flatMap(({ damage }) => damage.encrypted ?? []);
  return ENCRYPTIONS.map((by) => ({
    by,
    packets: all.reduce((sum, one) => sum + (one.by === by ? one.packets : 0), 0),
  }))
    .filter(({ packets }) => packets > 0)
    .toSorted((a, b) => b.packets - a.packets);
}

/** Packets that the capture lacks, as far as is known. */
export const lacking = ({ droppedByCapture, unseenSegments = 0, unseenQuestions = 0 }: Damage): number =>
  droppedByCapture + unseenSegments + unseenQuestions;

// One in a thousand: of fewer, that just the answer is among them that somebody waits for is no chance to reckon with.
const LACKS_SOME = 1 / 1000;

export const lacksPackets = ({ damage, packets }: Input): boolean =>
  lacking(damage) > 0 && lacking(damage) >= LACKS_SOME * packets;

export const VANTAGES = ['pod', 'node', 'gateway', 'unknown'] as const;
export type VantageKind = (typeof VANTAGES)[number];

/** Where an input was taken, and what can be seen from there. */
export interface Vantage {
  kind: VantageKind;
  /** The addresses under observation: at most a few. */
  addresses: string[];
  because: string;
  sees: { dns: boolean; tcp: boolean; http: boolean; bothDirections: boolean };
}

// Lookups after which a capture that shows no TCP is taken for one of DNS alone.
const DNS_ALONE_AFTER = 1 << 12;

/** Where no connection can be seen, no lookup belongs to one. @param lookups that came so far */
export const isDnsAlone = (lookups: number, input: Input | null | undefined): boolean =>
  lookups > DNS_ALONE_AFTER && input !== null && input !== undefined && !input.vantage.sees.tcp;

/** What an export may hold of an input. */
export const HELD_ROWS = ['lookups', 'connections', 'exchanges'] as const;
export type HeldRows = (typeof HELD_ROWS)[number];

/** One capture as it was read. */
export interface Input {
  input: number;
  /** As the user named it; `-` for standard input. */
  path: string;
  /** `pcap`, `pcapng`, `tcpdump text`, `ndjson`; with `+gzip` or `+zstd` where compressed. */
  format: string;
  linkTypes: string[];
  packets: number;
  /** Nanoseconds since 1970 of this input's first packet; null where its times carry no date. */
  firstPacketAt: bigint | null;
  /** The same on the common axis. */
  startsAt: Timestamp;
  /** The last packet, or what the capture says its end was. */
  endsAt: Timestamp;
  snapLength: number | null;
  damage: Damage;
  vantage: Vantage;
  /** What an export of it that is read again holds; absent for a capture, of which all rows are made. */
  holds?: readonly HeldRows[];
}
