import connectionPerRequest from './connection-per-request.ts';
import connectionPoolWait from './connection-pool-wait.ts';
import bandwidthLimit from './bandwidth-limit.ts';
import refreshStorm from './credentials-refresh-storm.ts';
import cpuThrottling from './cpu-throttling.ts';
import deadServer from './dns-dead-server.ts';
import error from './dns-error.ts';
import familyMissing from './dns-family-missing.ts';
import lookupPerRequest from './dns-lookup-per-request.ts';
import loss from './dns-loss.ts';
import race from './dns-race.ts';
import searchWalk from './dns-search-walk.ts';
import sequentialPair from './dns-sequential-pair.ts';
import settingIgnored from './dns-setting-ignored.ts';
import slowServer from './dns-slow-server.ts';
import truncation from './dns-truncation.ts';
import connectionChurn from './grpc-connection-churn.ts';
import deadline from './grpc-deadline.ts';
import singleBackend from './grpc-single-backend.ts';
import tooManyPings from './grpc-too-many-pings.ts';
import continueWait from './http-continue-wait.ts';
import detour from './http-detour.ts';
import httpError from './http-error.ts';
import retry from './http-retry.ts';
import hopLimit from './metadata-hop-limit.ts';
import metadataPerRequest from './metadata-per-request.ts';
import mtuBlackhole from './mtu-blackhole.ts';
import networkLatency from './network-latency.ts';
import processPause from './process-pause.ts';
import serialCalls from './serial-calls.ts';
import serverQueue from './server-queue.ts';
import serviceSlow from './service-slow.ts';
import connectRefused from './tcp-connect-refused.ts';
import connectRetry from './tcp-connect-retry.ts';
import delayedAck from './tcp-delayed-ack.ts';
import idleDrop from './tcp-idle-drop.ts';
import idleReuse from './tcp-idle-reuse.ts';
import retransmissionStall from './tcp-retransmission-stall.ts';
import http2WindowLimit from './http2-window-limit.ts';
import windowLimit from './tcp-window-limit.ts';
import zeroWindow from './tcp-zero-window.ts';
import tokenPerRequest from './token-per-request.ts';
import timeoutOrder from './timeout-order.ts';
import tlsHandshakeCost from './tls-handshake-cost.ts';
import tlsHandshakeSlow from './tls-handshake-slow.ts';
import sqlRoundTrips from './sql-round-trips.ts';
import upstreamSlow from './upstream-slow.ts';
import type { Rule } from './support/define-rule.ts';

/** Every rule, in the order in which a person would rule causes out. */
export const RULES: readonly Rule[] = [
  race,
  deadServer,
  loss,
  familyMissing,
  slowServer,
  error,
  searchWalk,
  truncation,
  sequentialPair,
  settingIgnored,
  lookupPerRequest,
  connectRetry,
  connectRefused,
  idleDrop,
  idleReuse,
  mtuBlackhole,
  retransmissionStall,
  delayedAck,
  zeroWindow,
  windowLimit,
  http2WindowLimit,
  refreshStorm,
  hopLimit,
  metadataPerRequest,
  tokenPerRequest,
  connectionPerRequest,
  tlsHandshakeSlow,
  tlsHandshakeCost,
  bandwidthLimit,
  networkLatency,
  tooManyPings,
  connectionChurn,
  singleBackend,
  deadline,
  continueWait,
  detour,
  retry,
  timeoutOrder,
  httpError,
  cpuThrottling,
  processPause,
  connectionPoolWait,
  serverQueue,
  sqlRoundTrips,
  serialCalls,
  upstreamSlow,
  serviceSlow,
];
