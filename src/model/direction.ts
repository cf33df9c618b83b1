import { addressOf, isLoopback } from '../base/addresses.ts';
import type { ExchangeDirection } from './exchange.ts';
import type { Vantage } from './input.ts';

/** Where something between client and server goes, as seen from where the capture was taken. */
export function directionOf(
  vantage: Pick<Vantage, 'kind' | 'addresses'>,
  client: string,
  server: string,
  backend: string | null,
): ExchangeDirection {
  if (vantage.kind === 'unknown') return 'unknown';
  if (vantage.kind !== 'pod') return 'through';
  const ours = vantage.addresses;
  // What a proxy hands on to its own pod came from elsewhere.
  if (ours.includes(client) && client !== server) return 'outbound';
  const isOurs = ours.includes(server) || (backend !== null && ours.includes(addressOf(backend)));
  return isOurs ? 'inbound' : 'through';
}

/** Where an exchange ends up: behind a DNAT, where one was seen. */
export const receiverOf = ({ backend, server }: { backend: string | null; server: string }): string =>
  backend === null ? server : addressOf(backend);

type Ends = Parameters<typeof receiverOf>[0] & { client: string };

/** Whether iptables turned it to a program on the client's own host: that one gets it, and answers in the server's name. */
export const isRedirected = (ends: Ends): boolean => !isLoopback(ends.server) && isLoopback(receiverOf(ends));

/**
 * Whether both ends are in one pod: what is redirected arrives at a loopback address, Envoy hands calls on from 127.0.0.6
 * (Istio's InboundPassthroughBindIpv4), linkerd-proxy from the pod's own address.
 */
export const isWithinPod = (ends: Ends): boolean =>
  ends.client === ends.server || isLoopback(ends.client) || isLoopback(receiverOf(ends));

/** Whether it goes through a proxy in the pod that whoever it is between need not know of. */
export const isThroughSidecar = (ends: Ends): boolean => isWithinPod(ends) && !isLoopback(ends.server);
