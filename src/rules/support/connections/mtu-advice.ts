import type { Fix } from '../../../model/finding.ts';
import { advice } from '../fixes.ts';

/** In bytes. Every path carries 576 bytes (RFC 1122 section 3.3.3): a smaller segment is never too big. */
export const LEAST_SIZE = 536;

/** Also where nothing but large ones was sent in vain: whether smaller ones pass does not show. */
export const fitMtu: Fix = advice(
  'infrastructure',
  'give pods the MTU that the overlay leaves (VXLAN: 50 bytes less than the node’s), or let ICMP type 3 code 4 through',
  'the CNI’s configuration and firewalls on the way',
  'set the former MTU again',
  'ping -M do -s 1472 ADDRESS',
);

/** Where large packets vanish. */
export const mtuFixes: readonly Fix[] = [
  fitMtu,
  advice(
    'infrastructure',
    'clamp the segment size on the way (iptables -j TCPMSS --clamp-mss-to-pmtu), or let hosts find it (net.ipv4.tcp_mtu_probing=1)',
    'the nodes',
    'remove the rule again',
  ),
];
