import { formatDuration } from '../../../base/text.ts';
import type { Duration } from '../../../base/time.ts';
import type { Fix, Setting } from '../../../model/finding.ts';
import { advice } from '../fixes.ts';
import { wireSetting } from '../settings.ts';

/** Who tries the addresses of one IP family, and of the other one when those do not answer (Happy Eyeballs). */
export const familySettings = (server: string, wait: Duration): Setting[] => [
  wireSetting(server, 'answer to SYN', 'none'),
  wireSetting(
    'client',
    'wait before the other family is tried',
    `${formatDuration(wait)} (curl 200 ms, Node.js 250, Go 300)`,
    'the packets; RFC 8305 section 5',
  ),
];

export const letFamilyIn = (server: string): Fix =>
  advice(
    'infrastructure',
    'let that family reach the server (routes, firewall, network policy, the program’s own listen address), or take its address out of DNS (of a Service: ipFamilies)',
    server,
    'undo the change that was made',
  );
