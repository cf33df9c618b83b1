import { formatDuration, plural } from '../../../base/text.ts';
import type { Duration } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Fix, Setting } from '../../../model/finding.ts';
import { advice } from '../fixes.ts';
import type { Explanation } from '../manifests/refusals.ts';
import { defaultSetting, wireSetting } from '../settings.ts';
import type { SilentBackend } from './silent-backends.ts';

/**
 * What did not answer.
 * @param isFull clients that had acknowledged its SYN-ACK, and sent data, were sent another
 * @param lossy connections to it that opened at once, whose server's data was lost
 */
export const noAnswer = (server: string, silent: SilentBackend | null, isFull: boolean, lossy = 0): Setting =>
  silent === null
    ? wireSetting(
        server,
        'answer to SYN',
        isFull
          ? 'none in time: its accept queue is full, and it sends SYN-ACKs again to clients that have acknowledged them and sent data'
          : lossy >= SEVERAL_LOSSY
            ? `none in time: lost on the way, most likely, as is its data on ${plural(lossy, 'connection')} that opened at once`
            : 'none in time: lost on the way, or dropped by a full accept queue',
      )
    : wireSetting(
        silent.backend,
        'answer to SYN',
        silent.isGone === null ? 'none' : silent.isGone ? 'not any more' : 'never',
      );

export const SYN_WAIT: Setting = defaultSetting(
  'kernel',
  'wait before a SYN is sent again',
  '1 s, then 1 s four more times from kernel 6.5, else doubling',
  'RFC 6298 section 2.1; net.ipv4.tcp_syn_linear_timeouts',
);

export const connectTimeout = (wait: Duration): Setting =>
  wireSetting('client', 'connect timeout', formatDuration(wait), 'when the requests that waited went on');

/** Of so many a way that loses packets is known; an accept queue takes none that is open. */
const SEVERAL_LOSSY = 3;

/** It opened at once, and its server's data was lost: no accept queue does that, as it does to a client's first data. */
export const losesData = ({ syns, stalls }: Connection): boolean =>
  syns.length === 1 &&
  stalls.some(({ reason, from, resends }) => reason === 'loss' && from === 'server' && resends > 0);

/** @param groups whether any of their SYNs was answered, and how many of their open connections lost data */
export const synFixes = (
  server: string,
  silent: SilentBackend | null,
  groups: readonly { readonly heard: number; readonly lossy: number }[],
  explained: Pick<Explanation, 'hasPreStop' | 'fix'> | null = null,
): Fix[] => {
  if (silent !== null) {
    // The manifest says it better.
    const ended = explained !== null && explained.fix.length > 0 ? [...explained.fix] : [withdrawn(server)];
    if (explained?.hasPreStop === true) return [removed(silent.backend)];
    return silent.isGone === true
      ? ended
      : silent.isGone === null
        ? [...ended, removed(silent.backend)]
        : [removed(silent.backend)];
  }
  const both = [acceptQueue(server), lostSyns(server)];
  const isLossy = groups.reduce((sum, { lossy }) => sum + lossy, 0) >= SEVERAL_LOSSY;
  // One that answers nobody is more likely gone than busy.
  return isLossy || groups.every(({ heard }) => heard === 0) ? both.toReversed() : both;
};

const acceptQueue = (server: string): Fix =>
  advice(
    'infrastructure',
    'look at the server’s accept queue: a bigger listen backlog (net.core.somaxconn and the program’s own), or more workers that accept',
    `the workload behind ${server}`,
    'set the former backlog again',
    'ss -ltn; nstat -az TcpExtListenOverflows TcpExtListenDrops',
  );

const lostSyns = (server: string): Fix =>
  advice(
    'infrastructure',
    'look for endpoints that are gone, and for lost SYNs: conntrack insert_failed and drops, SNAT ports, network policies',
    `the path to ${server}`,
    'nothing is changed',
    'kubectl get endpointslices -A -o wide; conntrack -S',
  );

/** A pod ended while the Service still led to it. */
export const withdrawn = (server: string): Fix =>
  advice(
    'manifest',
    'let pods end only when nobody is led to them any more: a preStop sleep of 5 to 15 s, and a terminationGracePeriodSeconds that is longer',
    `the workload behind ${server}`,
    'take the preStop hook out again',
    'kubectl get endpointslices -A -o wide',
  );

const removed = (dead: string): Fix =>
  advice(
    'manifest',
    'take the dead endpoint out of the Service: delete the pod, and give its workload a readinessProbe',
    dead,
    'let the pod come back',
    'kubectl get endpointslices -A -o wide',
  );
