import { milliseconds, nanoseconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Metadata } from '../../../model/metadata.ts';
import type { Request, Wait } from '../../../model/request.ts';
import { atMs, exchangeOf, requestOf, waitOf } from '../../../model/testing/rows.ts';

const POD = '10.0.3.7';

export const metadataOf = (parts: Partial<Metadata> = {}): Metadata => ({
  service: 'ec2',
  asks: 'credentials',
  software: 'aws-sdk-java/1.11.300',
  agent: 'kiam',
  // Of a capture that begins at 1,700,000,000: twelve of fifteen minutes are left.
  issuedAt: 1_699_999_820,
  expiresAt: 1_700_000_720,
  remaining: Number.NaN,
  session: 'a1',
  ...parts,
});

/** One call of the pod to its metadata service, times in milliseconds. */
export const asked = (
  number: number,
  start: number,
  takes: number,
  metadata: Partial<Metadata> = {},
  parts: Partial<Exchange> = {},
): Exchange =>
  exchangeOf({
    id: `0.e${number}`,
    client: POD,
    server: '169.254.169.254',
    serverPort: 80,
    connection: '0.c9',
    method: 'GET',
    path: '/latest/meta-data/iam/security-credentials/{role}',
    startedAt: atMs(start),
    duration: milliseconds(takes),
    firstByteAt: atMs(start + takes),
    packets: [number * 2, number * 2 + 1],
    metadata: metadataOf(metadata),
    ...parts,
  });

export const waitFor = (call: Exchange, parts: Partial<Wait> = {}): Wait =>
  waitOf({
    reason: 'metadata',
    to: '169.254.169.254:80',
    ref: call.id,
    what: `${call.method} ${call.path}`,
    startedAt: call.startedAt,
    duration: call.duration,
    critical: call.duration,
    ...parts,
  });

/** An inbound request of the pod from `start`, with these waits. */
export const served = (number: number, start: number, takes: number, waits: readonly Wait[]): Request =>
  requestOf({
    id: `0.r${number}`,
    exchange: `0.e${1000 + number}`,
    server: POD,
    startedAt: atMs(start),
    duration: nanoseconds(takes * 1e6),
    waits,
  });
