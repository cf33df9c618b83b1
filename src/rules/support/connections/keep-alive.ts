import { formatDuration } from '../../../base/text.ts';
import type { Duration } from '../../../base/time.ts';
import type { Fix, Setting } from '../../../model/finding.ts';
import { advice } from '../fixes.ts';
import { wireSetting } from '../settings.ts';

/**
 * Who ends a connection with its first call: the server at once, or when it was idle for a while, or when it was and
 * its client did not take it though it opened others, the client by what it asks for, or the client by itself.
 */
export type Closer = 'server' | 'idle' | 'unused' | 'request' | 'client';

const VALUE: Record<Exclude<Closer, 'idle'>, string> = {
  server: 'off: it closes after each answer',
  request: 'off: its requests ask to close the connection (Connection: close, or HTTP/1.0)',
  unused: 'not used: it opens another while one is idle, until the server closes that',
  client: 'not used: the connection is closed after each answer',
};

/**
 * Why a connection serves one call.
 * @param kept for how long the server kept it open behind its call
 */
export const keepAliveSettings = (server: string, closer: Closer, kept: Duration): Setting[] =>
  closer === 'idle' ? tooShort(server, kept) : none(server, closer);

const tooShort = (server: string, kept: Duration): Setting[] => [
  wireSetting(
    server,
    'keep-alive timeout',
    `${formatDuration(kept)}: it closes a connection that is idle for so long`,
    'the packets: its FIN behind the answer',
  ),
  wireSetting('client', 'pause between its calls', 'longer than that'),
];

const none = (server: string, closer: Exclude<Closer, 'idle'>): Setting[] => [
  wireSetting(
    closer === 'server' ? server : 'client',
    'keep-alive',
    VALUE[closer],
    'who closes first, and what the headers say',
  ),
  wireSetting('client', 'connection pool', 'none that is used again'),
];

export function keepAliveFixes(server: string, closer: Closer): [Fix] {
  if (closer === 'idle') {
    return [
      advice(
        'environment',
        'let the server keep idle connections for longer than its clients rest between calls (by default 5 s in Node.js, Uvicorn and Apache httpd, 2 s in Gunicorn)',
        `the workload behind ${server}`,
        'set the former timeout again',
      ),
    ];
  }
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
