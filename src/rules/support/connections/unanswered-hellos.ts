import { between, seconds } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Evidence, Fix, Setting } from '../../../model/finding.ts';
import { formatDuration } from '../../../base/text.ts';
import { evidenceOf, handshakePackets } from '../evidence.ts';
import { advice } from '../fixes.ts';
import { wireSetting } from '../settings.ts';

// A client that closes sooner may have changed its mind; timeouts are a second and more.
const LEAST_PATIENCE = seconds(1);

/** Its ClientHello arrived and nothing came back, not even an alert, until the client gave up. */
export function isHelloUnanswered({ tls, bytes, largestAcknowledged, endedBy, endedAt }: Connection): boolean {
  if (
    tls === null ||
    tls.version !== null ||
    bytes.server > 0 ||
    largestAcknowledged.client === 0 ||
    endedBy !== 'client'
  )
    return false;
  return between(tls.startedAt, endedAt) >= LEAST_PATIENCE;
}

export function helloEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined || example.tls === null) return evidenceOf([], example);
  const waited = formatDuration(between(example.tls.startedAt, example.endedAt));
  const packets = [...handshakePackets(example), example.endPacket];
  return [{ says: `ClientHello, acknowledged; nothing until the client closed ${waited} later`, packets }];
}

export const helloSettings = (server: string, waited: string): [Setting, Setting] => [
  wireSetting(server, 'answer to the ClientHello', 'none'),
  wireSetting('client', 'timeout', waited, 'when it closed the connection'),
];

export const helloFix = (server: string): Fix =>
  advice(
    'code',
    'see whether its program hangs: its kernel accepts and acknowledges, and nobody answers (all workers busy or stuck, a deadlock, a proxy without a backend)',
    `the workload behind ${server}`,
    'nothing is changed',
    'kubectl exec … -- ss -ltnp; kubectl logs …',
  );
