/** LINKTYPE_ values (tcpdump.org/linktypes.html) that the tool reads. */
export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  /** DLT_RAW as BSDs and OpenBSD number it; some programs write it into files. */
  rawBsd: 12,
  rawOpenBsd: 14,
  pppHdlc: 50,
  pppoe: 51,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  /** LINKTYPE_USER2, as which OS X 10.9 wrote PKTAP (tcpdump's print.c). */
  pktapUser2: 149,
  /** Linux's pppd, with the direction in the first byte. */
  pppPppd: 166,
  ipv4: 228,
  ipv6: 229,
  nflog: 239,
  pktap: 258,
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
  [LINK_TYPE.ppp, 'ppp'],
  [LINK_TYPE.pppHdlc, 'ppp-hdlc'],
  [LINK_TYPE.pppoe, 'pppoe'],
  [LINK_TYPE.pppPppd, 'ppp-pppd'],
  [LINK_TYPE.nflog, 'nflog'],
  [LINK_TYPE.pktap, 'pktap'],
  [LINK_TYPE.pktapUser2, 'pktap'],
  // Not read, but named, so that a person knows what the file holds.
  [104, 'cisco-hdlc'],
  [105, 'ieee802.11'],
  [107, 'frame-relay'],
  [109, 'openbsd-enc'],
  [119, 'ieee802.11-prism'],
  [127, 'ieee802.11-radiotap'],
  [189, 'usb-linux'],
  [220, 'usb-linux-mmapped'],
  [226, 'solaris-ipnet'],
  [252, 'wireshark-exported-pdu'],
  [253, 'netlink'],
  [271, 'vsock'],
  [281, 'dsa-broadcom'],
  [284, 'dsa-marvell'],
  [285, 'dsa-marvell-ethertype'],
  [290, 'windows-etw'],
]);

/** The name that `Input.linkTypes` carries; `linktype-147` where the tool knows none. */
export const linkTypeName = (linkType: number): string => NAMES.get(linkType) ?? `linktype-${linkType}`;

/** Whether packets of this link type can be decoded. */
export const isReadableLinkType = (linkType: number): boolean => READABLE.has(linkType);

const READABLE = new Set<number>(Object.values(LINK_TYPE));
