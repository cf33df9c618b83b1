import type { Exchange } from './exchange.ts';

// What kubelet and load balancers ask, a connection each time, as they are meant to.
const PROBE =
  /^\/(?:-\/|actuator\/)?(?:health|healthz|healthcheck|ready|readyz|readiness|live|livez|liveness|ping|status)(?:\/|$)/i;

// Most paths are none by their first letter: the expression is asked about few.
const INITIALS = '-aAhHrRlLpPsS';

// The GRPC Health Checking Protocol's, which kubelet's gRPC probes ask.
const GRPC_CHECK = '/grpc.health.v1.Health/Check';

/** A health check by its path. */
export const isProbe = ({ path, method }: Pick<Exchange, 'path' | 'method'>): boolean =>
  path === GRPC_CHECK ||
  (path.length > 1 && INITIALS.includes(path.charAt(1)) && (method === 'GET' || method === 'HEAD') && PROBE.test(path));
