/** Bounds on what a capture may make us keep, each with its reason. */

/**
 * One read, of which a plain file's come in halves: large enough that system calls and turns of the event loop
 * vanish in the noise, small enough for the processor's cache (L3).
 */
export const CHUNK_BYTES = 1 << 20;

/**
 * A longer packet is no packet. libpcap's own maximum is 262,144 (MAXIMUM_SNAPLEN); Linux's BIG TCP
 * hands captures super-packets of up to 512 KiB (GSO_MAX_SIZE); above are only D-Bus and USB, which
 * carry no IP.
 */
export const MAX_PACKET_BYTES = 1 << 20;

/** A longer pcapng block is damage: Wireshark's own bound (MAX_BLOCK_SIZE in wiretap/pcapng.c). */
export const MAX_BLOCK_BYTES = 16 << 20;

/** Interfaces of one pcapng input: a hundred thousand 20-byte blocks must not become a heap of objects. */
export const MAX_INTERFACES = 1 << 16;

/** tcpdump's longest lines, TXT answers under -vv, stay below 64 KiB: the largest message there is. */
export const MAX_LINE_BYTES = 1 << 17;

/** One row, or one saved result written without line ends. */
export const MAX_ROW_BYTES = 64 << 20;

/** A line of a TLS key log has a label, 64 digits and 96; others are passed over. */
export const MAX_KEY_LINE_BYTES = 1 << 10;

/** A connection's secrets take some 800 bytes: this is those of 300,000 connections. */
export const MAX_KEY_LOG_BYTES = 256 << 20;

/** How far a lost place is searched for before the bytes are given up: a few of the largest usual packets. */
export const RESYNC_BYTES = 1 << 20;

/** Compressed within compressed happens once by accident; more is a bomb. */
export const MAX_COMPRESSIONS = 2;

/** What a zstd frame may ask for as its window: what `zstd -19` uses (RFC 8878 asks decoders for 8 MiB). */
export const MAX_ZSTD_WINDOW_BYTES = 8 << 20;

/** Notes are for a person: the first few say what is wrong, the counts say how much. */
export const MAX_NOTES = 6;
