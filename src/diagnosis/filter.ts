import { packetInput, packetNumber, type PacketId } from '../model/packet.ts';

// A filter that a person pastes, and no more than some lines of the answer: long search walks and windows that are
// used up in each round trip have hundreds.
const MAX_PACKETS = 60;
// `5..7` is shorter than `5, 6, 7` and says the same; two neighbours read better apart.
const SHORTEST_RANGE = 3;

/** Wireshark's display filter for packets of one input. */
export interface WiresharkFilter {
  readonly filter: string;
  /** Packets that are proof as well, and not in it. */
  readonly leftOut: number;
}

/**
 * The filter for these packets of one input, or null where there is none to show.
 * @param packets dearest first: what is beyond the bound is left out
 */
export function wiresharkFilter(packets: Iterable<PacketId>, input: number): WiresharkFilter | null {
  const all = new Set<number>();
  for (const packet of packets) if (packetInput(packet) === input) all.add(packetNumber(packet));
  if (all.size === 0) return null;
  const shown = [...all].slice(0, MAX_PACKETS).toSorted((a, b) => a - b);
  return { filter: `frame.number in {${ranges(shown).join(', ')}}`, leftOut: all.size - shown.length };
}

function ranges(numbers: readonly number[]): string[] {
  const parts: string[] = [];
  let start = 0;
  while (start < numbers.length) {
    let end = start;
    while (numbers[end + 1] === (numbers[end] as number) + 1) end++;
    if (end - start + 1 < SHORTEST_RANGE) end = start;
    parts.push(end === start ? `${numbers[start]}` : `${numbers[start]}..${numbers[end]}`);
    start = end + 1;
  }
  return parts;
}
