import { IP_PROTOCOL, type Layers } from '../model/packet.ts';

// RFC 792 and RFC 1191; RFC 4443.
const ICMP = { unreachable: 3, fragmentationNeeded: 4 } as const;
const ICMPV6 = { unreachable: 1, packetTooBig: 2 } as const;

/** A packet did not fit the next link and may not be cut. */
export function isTooBig({ protocol, icmpType, icmpCode }: Layers): boolean {
  if (protocol === IP_PROTOCOL.icmpv6) return icmpType === ICMPV6.packetTooBig;
  return icmpType === ICMP.unreachable && icmpCode === ICMP.fragmentationNeeded;
}

/** Nobody takes it: host, port or protocol, or it is forbidden. */
export const isUnreachable = ({ protocol, icmpType }: Layers): boolean =>
  icmpType === (protocol === IP_PROTOCOL.icmpv6 ? ICMPV6.unreachable : ICMP.unreachable);
