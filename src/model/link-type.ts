/** LINKTYPE_ values (tcpdump.org/linktypes.html) that the tool reads. */
export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  /** DLT_RAW as BSDs and OpenBSD number it; some programs write it into files. */
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
} as const;

const NAMES = new Map<number, string>([
  [LINK_TYPE.null, 'null'],
  [LINK_TYPE.ethernet, 'ethernet'],
  [LINK_TYPE.rawBsd, 'raw'],
  [LINK_TYPE.rawOpenBsd, 'raw'],
  [LINK_TYPE.raw, 'raw'],
  [LINK_TYPE.loop, 'loop'],
  [LINK_TYPE.linuxSll, 'linux-sll'],
  [LINK_TYPE.ipv4, 'ipv4'],
  [LINK_TYPE.ipv6, 'ipv6'],
  [LINK_TYPE.linuxSll2, 'linux-sll2'],
  // Not read, but named, so that a person knows what the file holds.
  [9, 'ppp'],
  [50, 'ppp-hdlc'],
  [51, 'pppoe'],
  [104, 'cisco-hdlc'],
  [105, 'ieee802.11'],
  [107, 'frame-relay'],
  [119, 'ieee802.11-prism'],
  [127, 'ieee802.11-radiotap'],
  [189, 'usb-linux'],
  [220, 'usb-linux-mmapped'],
  [239, 'nflog'],
  [253, 'netlink'],
  [271, 'vsock'],
]);

/** The name that `Input.linkTypes` carries; `linktype-147` where the tool knows none. */
export const linkTypeName = (linkType: number): string => NAMES.get(linkType) ?? `linktype-${linkType}`;

/** Whether packets of this link type can be decoded. */
export const isReadableLinkType = (linkType: number): boolean => READABLE.has(linkType);

const READABLE = new Set<number>(Object.values(LINK_TYPE));
