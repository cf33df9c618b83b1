import { packetInput, packetNumber, type PacketId } from '../model/packet.ts';

// A filter that a person pastes, and no more than some lines of the answer: long search walks and windows that are
// used up in each round trip have hundreds.
const MAX_PACKETS = 60;
// `5..7` is shorter than `5, 6, 7` and says the same; two neighbours read better apart.
const SHORTEST_RANGE = 3;

/**
 * Wireshark's display filter for these packets of one input, or null where there is none to show.
 * @param packets dearest first: what is beyond the bound is left out
 */
export function wiresharkFilter(packets: Iterable<PacketId>, input: number): string | null {
  const numbers = new Set<number>();
  for (const packet of packets) {
    if (numbers.size >= MAX_PACKETS) break;
    if (packetInput(packet) === input) numbers.add(packetNumber(packet));
  }
  if (numbers.size === 0) return null;
  return `frame.number in {${ranges([...numbers].toSorted((a, b) => a - b)).join(', ')}}`;
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
