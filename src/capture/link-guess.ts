import { LINK_TYPE } from '../model/link-type.ts';

const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
const LOWEST_ETHERTYPE = 0x0600;
// Address families of a null or loop header: 2 is IPv4 everywhere; IPv6 is 10, 24, 28 or 30.
const FAMILIES: ReadonlySet<number> = new Set([2, 10, 24, 28, 30]);

/** Bytes of one packet. */
interface Sample {
  bytes: DataView;
  start: number;
  end: number;
  wireLength: number;
}

const TESTS: readonly { linkType: number; fits: (sample: Sample) => boolean }[] = [
  {
    linkType: LINK_TYPE.linuxSll2,
    // Protocol, two bytes that must be zero, interface, hardware type, packet type 0..4.
    fits: (sample) =>
      room(sample, 20) && word(sample, 2) === 0 && byte(sample, 10) <= 4 && carries(sample, word(sample, 0), 20),
  },
  {
    linkType: LINK_TYPE.linuxSll,
    fits: (sample) =>
      room(sample, 16) && word(sample, 0) <= 4 && word(sample, 4) <= 8 && carries(sample, word(sample, 14), 16),
  },
  { linkType: LINK_TYPE.ethernet, fits: fitsEthernet },
  { linkType: LINK_TYPE.raw, fits: (sample) => isIp(sample, 0) },
  { linkType: LINK_TYPE.null, fits: fitsNull },
];

/**
 * The link type whose headers most of the packets have; null where fewer than half agree on any.
 * For captures whose file header, which would say so, is lost.
 */
export function guessLinkType(samples: readonly Sample[]): number | null {
  let best: number | null = null;
  let bestCount = 0;
  for (const { linkType, fits } of TESTS) {
    const count = samples.filter(fits).length;
    if (count > bestCount) [best, bestCount] = [linkType, count];
  }
  return bestCount * 2 >= samples.length ? best : null;
}

const room = (sample: Sample, length: number): boolean => sample.end - sample.start >= length;
const byte = (sample: Sample, offset: number): number => sample.bytes.getUint8(sample.start + offset);
const word = (sample: Sample, offset: number): number => sample.bytes.getUint16(sample.start + offset);

function fitsEthernet(sample: Sample): boolean {
  if (!room(sample, 18)) return false;
  const type = word(sample, 12);
  if (VLAN_TAGS.has(type)) return carries(sample, word(sample, 16), 18);
  return carries(sample, type, 14);
}

function fitsNull(sample: Sample): boolean {
  if (!room(sample, 4)) return false;
  const family = sample.bytes.getUint32(sample.start);
  const swapped = sample.bytes.getUint32(sample.start, true);
  return (FAMILIES.has(family) || FAMILIES.has(swapped)) && isIp(sample, 4);
}

/** An IP packet where the type says so; ARP and its like have no more to check. */
function carries(sample: Sample, etherType: number, offset: number): boolean {
  if (etherType === ETHERTYPE.ipv4 || etherType === ETHERTYPE.ipv6) return isIp(sample, offset);
  return etherType === ETHERTYPE.arp && etherType >= LOWEST_ETHERTYPE;
}

function isIp(sample: Sample, offset: number): boolean {
  if (!room(sample, offset + 20)) return false;
  const version = byte(sample, offset) >> 4;
  const left = sample.wireLength - offset;
  if (version === 6) return word(sample, offset + 4) + 40 <= left;
  const headerLength = (byte(sample, offset) & 15) * 4;
  const totalLength = word(sample, offset + 2);
  // Zero: left to the network card (segmentation offload).
  return (
    version === 4 && headerLength >= 20 && totalLength <= left && (totalLength >= headerLength || totalLength === 0)
  );
}
