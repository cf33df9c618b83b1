import { addressOf } from '../base/addresses.ts';
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
  if (ours.includes(client)) return 'outbound';
  const isOurs = ours.includes(server) || (backend !== null && ours.includes(addressOf(backend)));
  return isOurs ? 'inbound' : 'through';
}

/** Where an exchange ends up: behind a DNAT, where one was seen. */
export const receiverOf = ({ backend, server }: { backend: string | null; server: string }): string =>
  backend === null ? server : addressOf(backend);
