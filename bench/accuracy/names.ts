/**
 * What the truths of `net/` call a cause, in terms of our rules: several where the capture may
 * show it as either, by side where it shows differently. Their names are descriptions
 * (shared/captures/README.md maps them).
 */
export const RULES_OF: Readonly<Record<string, readonly string[]>> = {
  'server-slow': ['upstream-slow'],
  'server-slow-body': ['upstream-slow'],
  'server-no-answer': ['grpc-deadline'],
  'server-event-loop-blocked': ['process-pause'],
  'server-pause': ['process-pause'],
  'gateway-timeout': ['timeout-order'],
  'dns-lost-answer-retry': ['dns-race', 'dns-loss'],
  'http-rate-limited': ['http-retry'],
  'grpc-retry': ['http-retry'],
  'http2-pinned-backend': ['grpc-single-backend'],
  'idle-connection-reset': ['tcp-idle-reuse'],
  'idle-connection-dropped': ['tcp-idle-drop'],
  'no-connection-reuse': ['connection-per-request'],
  'tls-handshake-per-request': ['tls-handshake-cost'],
  'tls-without-resumption': ['tls-handshake-cost'],
  'tls-slow-handshake': ['tls-handshake-slow'],
  'nagle-delayed-ack': ['tcp-delayed-ack'],
  'tcp-rto-stall': ['tcp-retransmission-stall'],
  'tcp-syn-retry': ['tcp-connect-retry'],
  'accept-queue-overflow': ['tcp-connect-retry'],
  'dead-endpoint': ['tcp-connect-retry'],
  'connection-refused': ['tcp-connect-refused'],
  'client-pool-exhausted': ['connection-pool-wait'],
  'n-plus-one': ['serial-calls'],
  'serial-fan-out': ['serial-calls'],
  'dns-nxdomain': ['dns-error'],
  'dns-tcp-fallback': ['dns-truncation'],
  'zero-window': ['tcp-zero-window'],
  'bandwidth-limited': ['bandwidth-limit'],
  'http-errors': ['http-error'],
  'imdsv2-token-timeout': ['metadata-hop-limit'],
  'serial-upstream-calls': ['serial-calls'],
  'slow-service': ['service-slow'],
  'slow-upstream': ['upstream-slow'],
};

/** A gateway that asks its next upstream: seen as such only where both of its sides are. */
export const BY_SIDE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'gateway-retry-next-upstream': { ingress: ['http-retry'], pod: ['upstream-slow'] },
};

export interface NotShown {
  /** The truth's own name. */
  truth: string;
  /** The side; null for all. */
  side: string | null;
  because: string;
}

const STEADY =
  'each call waits alike, and from the client alone nothing says that it should not (RULES: how slow is slow)';

/** What a truth holds and its capture can't show, by case. It may be reported, and is not missed. */
export const NOT_SHOWN: Readonly<Record<string, readonly NotShown[]>> = {
  'nagle-delayed-ack.near-think-40ms': [{ truth: 'server-slow', side: null, because: STEADY }],
  'tls-slow-handshake.near-slow-server': [
    { truth: 'server-slow', side: null, because: `${STEADY}; and it is inside TLS` },
  ],
  'grpc-too-many-pings.near-permitted': [
    { truth: 'server-slow', side: null, because: 'the one call of its method: nothing to compare it with' },
  ],
  'gateway-no-upstream-keepalive': [
    { truth: 'no-connection-reuse', side: 'pod', because: 'it happens behind the gateway' },
  ],
  'client-pool-exhausted': [
    {
      truth: 'client-pool-exhausted',
      side: null,
      because: 'at a client alone a pool of two looks like two workers (RULES: from a client alone at most info)',
    },
  ],
  'http-retry.near-errors-not-retried': [
    { truth: 'http-errors', side: null, because: 'errors that cost no time are info' },
  ],
};

/** Beside what the truth lists: also right, by case. */
export const ALSO_RIGHT: Readonly<Record<string, readonly string[]>> = {
  // Each call there opens a connection, as the truths' notes say (`cured-*`: with keep-alive).
  'near-dns-per-request-c1': ['connection-per-request'],
  'near-dns-per-request-c4': ['connection-per-request'],
  'near-tls-per-request-c1': ['connection-per-request'],
  'near-tls-per-request-c4': ['connection-per-request'],
  // The server sits beyond a wire of 36 ms, and so does the upstream.
  'real-kiam-storm-v1-c1': ['network-latency'],
  'real-kiam-storm-v1-c4': ['network-latency'],
  // DEADLINE_EXCEEDED is what the caller got, whether or not the server would have answered later.
  'grpc-deadline-slow-server': ['grpc-deadline'],
  // As many connections as calls there, too, by the truths' own counts and the captures.
  'accept-queue-overflow.near-long-queue': ['connection-per-request', 'dns-lookup-per-request'],
  'gateway-next-upstream': ['connection-per-request'],
  'tls-slow-handshake': ['connection-per-request'],
  'tls-slow-handshake.near-slow-server': ['connection-per-request'],
  // The 504 comes after a wait for the upstream, whoever gave up first.
  'gateway-timeout': ['upstream-slow'],
};
