/** LINKTYPE_ values (tcpdump.org/linktypes.html) that are told apart, guessed or named here. */
export const LINK_TYPE = { null: 0, ethernet: 1, raw: 101, loop: 108, linuxSll: 113, linuxSll2: 276 } as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [LINK_TYPE.null, 'null'],
  [LINK_TYPE.ethernet, 'ethernet'],
  [9, 'ppp'],
  // DLT_RAW as written by the systems that do not map it to LINKTYPE_RAW: 12, OpenBSD 14.
  [12, 'raw'],
  [14, 'raw'],
  [50, 'ppp'],
  [51, 'pppoe'],
  [LINK_TYPE.raw, 'raw'],
  [105, 'ieee802.11'],
  [LINK_TYPE.loop, 'loop'],
  [LINK_TYPE.linuxSll, 'linux-sll'],
  [127, 'ieee802.11-radiotap'],
  [228, 'ipv4'],
  [229, 'ipv6'],
  [239, 'nflog'],
  [253, 'netlink'],
  [LINK_TYPE.linuxSll2, 'linux-sll2'],
]);

/** `linux-sll2`; `linktype-147` where it has no name here. */
export const linkTypeName = (linkType: number): string => NAMES.get(linkType) ?? `linktype-${linkType}`;

export function addLinkType(names: string[], linkType: number): void {
  const name = linkTypeName(linkType);
  // A forged capture may name thousands: a person reads a few.
  if (names.length < 16 && !names.includes(name)) names.push(name);
}
