import { pcapRecords } from './pcap-records.ts';

const RECORD_HEADER = 16;

/** A classic pcap without those packets, numbered from 1. */
export function withoutPackets(bytes: Uint8Array, dropped: ReadonlySet<number>): Uint8Array {
  const parts = [bytes.subarray(0, 24)];
  for (const { number, start, end } of pcapRecords(bytes)) {
    if (!dropped.has(number)) parts.push(bytes.subarray(start - RECORD_HEADER, end));
  }
  return new Uint8Array(Buffer.concat(parts));
}
