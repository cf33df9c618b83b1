import type { DnsMessage } from './dns-message.ts';
import type { Damage, Input } from './input.ts';
import type { Layers, Packet } from './packet.ts';

/** What `next` found: a packet; nothing until `fill` has read more; nothing any more. */
export type SourceState = 'packet' | 'more' | 'end';

/** What readers of packets and readers of text have in common. */
interface Source {
  /** Filled as reading goes on: packets, link types, damage, times, format. */
  readonly input: Input;
  /**
   * Nanoseconds added to every time: the place of this input's first packet on the common axis.
   * May be set at any moment; `input.startsAt`, `input.endsAt` and the current packet move with it.
   */
  offset: number;
  next(): SourceState;
  /** Reads more bytes. Resolves when there is more, or when the end is known. */
  fill(): Promise<void>;
  /** Bytes of the file itself, compressed where it is compressed, that were read so far. */
  readonly bytesRead: number;
  /** Size of the file; null where none is known (a pipe). */
  readonly bytesTotal: number | null;
  /** Closes the file. Reading to the end does so as well. */
  close(): void;
}

/** Packets of one capture: `packet` is the one that `next` found, each time in a record of its own. */
export interface PacketSource extends Source {
  readonly packet: Packet;
  /** It goes on where another input ends: from the packet at hand on, all are that one's. */
  continue(home: Input): void;
}

/** DNS messages of tcpdump's text, and ICMP errors about them: `next` fills `layers` (without bytes) and `message`. */
export interface TextSource extends Source {
  readonly layers: Layers;
  readonly message: DnsMessage;
  /** An ICMP error: `layers` has who sent what to whom in vain, ports as far as they are known, and `message` nothing. */
  readonly isUnreachable: boolean;
  /** Names stand in the place of addresses (no `-n`): tcpdump's own PTR look-ups may be among the packets. */
  readonly namesResolved: boolean;
  /** Packets that carry no DNS message: other traffic, TCP handshakes, ICMP. */
  readonly otherPackets: number;
}

/** Rows that kubelag itself exported, or a saved result: each line as it stands, without its end. */
export interface RowsSource {
  readonly path: string;
  readonly lines: AsyncIterable<string>;
  readonly damage: Damage;
}

export type OpenedInput =
  | { kind: 'packets'; source: PacketSource }
  | { kind: 'text'; source: TextSource }
  | ({ kind: 'rows' } & RowsSource);
