import { milliseconds, nanoseconds, type Duration } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';

// An RSA signature takes a few milliseconds on a small CPU; what takes fifty waits for something.
export const LEAST_BEYOND = milliseconds(50);
// A full handshake takes one round trip with TLS 1.3, two before, one more for a HelloRetryRequest.
const ROUND_TRIPS = 2;

/** What a handshake took beyond its round trips, and beyond what was lost meanwhile; 0 where nothing tells how long these are. */
export function beyondRoundTrips(connection: Connection): Duration {
  const { tls, stalls } = connection;
  if (tls === null) return nanoseconds(0);
  const end = tls.startedAt + tls.handshakeDuration;
  const lost = stalls.reduce((sum, stall) => {
    const overlap = Math.min(end, stall.startedAt + stall.duration) - Math.max(tls.startedAt, stall.startedAt);
    return stall.reason === 'loss' && overlap > 0 ? sum + overlap : sum;
  }, 0);
  const trips = ROUND_TRIPS + (tls.retried ? 1 : 0);
  return nanoseconds(Math.max(0, tls.handshakeDuration - lost - trips * roundTripOf(connection)) || 0);
}

/** NaN where no handshake and no acknowledgment was seen; 0 where which of several SYNs was answered can't be told. */
export function roundTripOf(connection: Connection | undefined): Duration {
  if (connection === undefined) return nanoseconds(Number.NaN);
  const { minRoundTrip, connectDuration, syns } = connection;
  if (minRoundTrip >= 0 || syns.length === 0) return minRoundTrip;
  return syns.length === 1 ? connectDuration : nanoseconds(0);
}

/** What the TLS handshake takes where neither side holds it up; 0 where there is none. */
export function tlsCost(connection: Connection): Duration {
  const { tls } = connection;
  if (tls === null || !(tls.handshakeDuration > 0)) return nanoseconds(0);
  const beyond = beyondRoundTrips(connection);
  return nanoseconds(beyond < LEAST_BEYOND ? tls.handshakeDuration : tls.handshakeDuration - beyond);
}
