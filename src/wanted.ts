import { nameMatcher } from './base/glob.ts';
import type { Duration } from './base/time.ts';
import { openingDuration, type Connection } from './model/connection.ts';
import type { Exchange } from './model/exchange.ts';
import type { Lookup } from './model/lookup.ts';

export interface WantedOptions {
  /** Only what these clients did; empty for all. */
  clients: readonly string[];
  /** Only of these names; `*` stands for anything. Empty for all. */
  names: readonly string[];
}

// Connections that may be open while exchanges of them were wanted; with more, the oldest are forgotten.
const MAX_CONNECTIONS = 1 << 16;

/** What was asked for, as it is written on the command line; null for all. */
export function filtersOf({ clients, names }: WantedOptions): string | null {
  const filters = [
    ...(clients.length === 0 ? [] : [`--client ${clients.join(',')}`]),
    ...(names.length === 0 ? [] : [`--name ${names.join(',')}`]),
  ];
  return filters.length === 0 ? null : filters.join(' and ');
}

/**
 * Which rows the user asked for. A lookup has the name that was looked up, an exchange the host
 * that it asks, a connection the server name of its TLS handshake or the hosts of its exchanges,
 * which come before it.
 */
export function createWanted({ clients, names }: WantedOptions) {
  const wantedClients = new Set(clients);
  const isName = nameMatcher(names);
  const isClient = (client: string): boolean => wantedClients.size === 0 || wantedClients.has(client);
  const connections = new Set<string>();

  function exchange(done: Exchange): boolean {
    if (!isClient(done.client)) return false;
    if (names.length === 0) return true;
    if (done.host === '' || !isName(hostName(done.host))) return false;
    if (connections.size >= MAX_CONNECTIONS) for (const oldest of connections) if (connections.delete(oldest)) break;
    connections.add(done.connection);
    return true;
  }

  function connection({ id, client, tls }: Connection): boolean {
    if (!isClient(client)) return false;
    if (names.length === 0 || connections.delete(id)) return true;
    const serverName = tls?.serverName ?? null;
    return serverName !== null && isName(hostName(serverName));
  }

  return {
    lookup: ({ client, name }: Lookup): boolean => isClient(client) && isName(name),
    exchange,
    connection,
  };
}

/** `Orders:8080` is the host `orders`. */
const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** It took at least so long. A connection takes what it is waited for: until it is open, or while it stalls. */
export const isSlow = {
  lookup: ({ duration }: Lookup, least: Duration): boolean => duration >= least,
  exchange: ({ duration }: Exchange, least: Duration): boolean => duration >= least,
  connection: (connection: Connection, least: Duration): boolean =>
    openingDuration(connection) >= least || connection.stallTime >= least,
};
