import type { AddressTable } from '../base/addresses.ts';
import type { AddressId, Layers } from '../model/packet.ts';

/** How one address takes part in a capture. */
export interface AddressUse {
  address: AddressId;
  version: number;
  sent: number;
  received: number;
  /** Those of them that were for other hosts. */
  aside: number;
  /** Leaves as "sent by us" and arrives as "to us"; the contrary; null where the link layer does not say. */
  isUs(): boolean | null;
  /** Its packets come with the hop limit that a sender gives: no router lies between. */
  isNear(): boolean;
}

export interface AddressUses {
  /** False where one of the two is no host's own address (loopback, multicast, broadcast, link-local), or both are one. */
  push(layers: Layers): boolean;
  /** Packets between hosts' own addresses. */
  counted(): number;
  /** Addresses that take part in at least that share of their family's packets; none where one family has none. */
  central(share: number): AddressUse[];
  /** Addresses that send from close by, the busiest first. */
  locals(): AddressUse[];
  /** Packets that came in "to us" for addresses that never answer from here: who routes gets those. */
  routed(own: readonly AddressUse[]): number;
}

// LINUX_SLL_HOST, LINUX_SLL_OTHERHOST and LINUX_SLL_OUTGOING (linux/if_packet.h).
const TO_US = 0;
const TO_OTHERS = 3;
const SENT_BY_US = 4;
// What systems put into the hop limit: Linux and macOS 64, Windows 128, routers and some servers 255.
const INITIAL_HOP_LIMITS = new Set([64, 128, 255]);
// A forwarded packet is seen on each interface that it crosses, up to five times; once untouched.
const UNTOUCHED_SHARE = 0.2;
// A cooked capture of a pod has a stray packet of the bridge here and there.
const CONSISTENT = 0.95;
// A family below this share of packets (IPv6 neighbours' chatter) does not decide.
const IGNORED_FAMILY = 0.05;

const FIELD = {
  sent: 0,
  received: 1,
  sentOut: 2,
  sentIn: 3,
  receivedIn: 4,
  receivedOut: 5,
  untouched: 6,
  aside: 7,
} as const;
const STRIDE = 8;
const CLASS = { unknown: 0, v4: 1, v6: 2, other: 3 } as const;

/** Counts per address, in arrays indexed by address id: bounded as the address table is. */
export function createAddressUse(addresses: AddressTable): AddressUses {
  let counts = new Int32Array(256 * STRIDE);
  let classes = new Uint8Array(256);
  let v4 = 0;
  let v6 = 0;
  /** Frames for other hosts, which a bridge floods: they say nothing of whose interface it is. */
  let asideV4 = 0;
  let asideV6 = 0;

  function classOf(address: AddressId): number {
    if (address >= classes.length) grow(address);
    const known = classes[address] as number;
    if (known !== CLASS.unknown) return known;
    const found = classify(address === 0 ? '' : addresses.text(address));
    classes[address] = found;
    return found;
  }

  function grow(address: AddressId): void {
    const size = 2 ** Math.ceil(Math.log2(address + 2));
    const moreCounts = new Int32Array(size * STRIDE);
    moreCounts.set(counts);
    counts = moreCounts;
    const moreClasses = new Uint8Array(size);
    moreClasses.set(classes);
    classes = moreClasses;
  }

  function push(layers: Layers): boolean {
    const { source, destination, cookedType } = layers;
    if (source === destination) return false;
    const family = classOf(source);
    if (family === CLASS.other || classOf(destination) === CLASS.other) return false;
    if (family === CLASS.v4) v4++;
    else v6++;
    const from = source * STRIDE;
    const to = destination * STRIDE;
    counts[from + FIELD.sent]!++;
    counts[to + FIELD.received]!++;
    if (INITIAL_HOP_LIMITS.has(layers.hopLimit)) counts[from + FIELD.untouched]!++;
    if (cookedType === SENT_BY_US) {
      counts[from + FIELD.sentOut]!++;
      counts[to + FIELD.receivedOut]!++;
    } else if (cookedType === TO_US) {
      counts[from + FIELD.sentIn]!++;
      counts[to + FIELD.receivedIn]!++;
    } else if (cookedType === TO_OTHERS) {
      counts[from + FIELD.aside]!++;
      counts[to + FIELD.aside]!++;
      if (family === CLASS.v4) asideV4++;
      else asideV6++;
    }
    return true;
  }

  function all(): AddressUse[] {
    const uses: AddressUse[] = [];
    for (let address = 1; address < classes.length; address++) {
      const base = address * STRIDE;
      const count = (field: number): number => counts[base + field] as number;
      if (count(FIELD.sent) + count(FIELD.received) === 0) continue;
      uses.push({
        address,
        version: classes[address] === CLASS.v4 ? 4 : 6,
        sent: count(FIELD.sent),
        received: count(FIELD.received),
        aside: count(FIELD.aside),
        isUs() {
          const agrees = count(FIELD.sentOut) + count(FIELD.receivedIn);
          const contradicts = count(FIELD.sentIn) + count(FIELD.receivedOut);
          if (agrees + contradicts === 0) return null;
          return agrees >= CONSISTENT * (agrees + contradicts);
        },
        isNear: () => count(FIELD.sent) > 0 && count(FIELD.untouched) >= UNTOUCHED_SHARE * count(FIELD.sent),
      });
    }
    return uses;
  }

  function central(share: number): AddressUse[] {
    const uses = all();
    const found: AddressUse[] = [];
    for (const [version, packets] of [
      [4, v4 - asideV4],
      [6, v6 - asideV6],
    ] as const) {
      if (packets < IGNORED_FAMILY * (v4 + v6 - asideV4 - asideV6) || packets === 0) continue;
      const ofFamily = uses.filter(
        (one) => one.version === version && one.sent + one.received - one.aside >= share * packets,
      );
      if (ofFamily.length === 0) return [];
      found.push(...ofFamily);
    }
    return found;
  }

  function locals(): AddressUse[] {
    // A Service's address and the machine's own only leave as "sent by us": no pod sends from there.
    const near = all().filter((one) => one.isNear() && one.received > 0 && one.isUs() !== true);
    return near.sort((a, b) => b.sent + b.received - a.sent - a.received);
  }

  function routed(own: readonly AddressUse[]): number {
    let packets = 0;
    for (let address = 1; address < classes.length; address++) {
      const base = address * STRIDE;
      if (counts[base + FIELD.sentOut]! > 0 || own.some((one) => one.address === address)) continue;
      packets += counts[base + FIELD.receivedIn] as number;
    }
    return packets;
  }

  return { push, counted: () => v4 + v6, central, locals, routed };
}

/** An address of one host; no loopback, multicast, broadcast or link-local one. */
export const isHosts = (text: string): boolean => classify(text) !== CLASS.other;

function classify(text: string): number {
  if (text === '' || text === '?') return CLASS.other;
  if (text.includes(':')) return /^(?:ff|fe[89ab]|::1?$)/.test(text) ? CLASS.other : CLASS.v6;
  const first = Number(text.split('.', 1)[0]);
  const isHost = first > 0 && first !== 127 && first < 224 && !text.startsWith('169.254.');
  // A name from tcpdump's text has no family: it counts as IPv4.
  return isHost || Number.isNaN(first) ? CLASS.v4 : CLASS.other;
}
