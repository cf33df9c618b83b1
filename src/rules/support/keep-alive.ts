import type { Fix, Setting } from '../../model/finding.ts';
import { advice } from './fixes.ts';

/** Who ends a connection with its first call: the server, the client by what it asks for, or the client by itself. */
export type Closer = 'server' | 'request' | 'client';

const VALUE: Record<Closer, string> = {
  server: 'off: it closes after each answer',
  request: 'off: its requests ask to close the connection (Connection: close, or HTTP/1.0)',
  client: 'not used: the connection is closed after each answer',
};

/** Why a connection serves one call. */
export const keepAliveSettings = (server: string, closer: Closer): Setting[] => [
  {
    component: closer === 'server' ? server : 'client',
    setting: 'keep-alive',
    value: VALUE[closer],
    origin: 'wire',
    source: 'who closes first, and what the headers say',
  },
  {
    component: 'client',
    setting: 'connection pool',
    value: 'none that is used again',
    origin: 'wire',
    source: 'the packets',
  },
];

export function keepAliveFixes(server: string, closer: Closer): [Fix] {
  if (closer === 'server') {
    return [
      advice(
        'code',
        'let the server keep connections open (HTTP/1.1 keep-alive)',
        `the workload behind ${server}`,
        'turn keep-alive off again',
      ),
    ];
  }
  const what =
    closer === 'request'
      ? 'let the client keep connections open: NGINX with keepalive in the upstream block, proxy_http_version 1.1 and an empty Connection header; an agent with keepAlive in Node.js; in Go no DisableKeepAlives'
      : 'use one client for all calls and read each answer to its end: requests.Session, one http.Client or Transport, an agent with keepAlive';
  return [advice('code', what, `the client of ${server}`, 'open a connection for each call again')];
}
