import { milliseconds, seconds, type Duration } from '../base/time.ts';
import type { Touch } from './touching.ts';

/** Causes that explain occurrences which other rules count as well. */
export interface Absorption {
  causes: readonly string[];
  symptoms: readonly string[];
  /** How an occurrence of the cause and one of the symptom belong together: in any of these ways. */
  by: readonly Touch[];
  /** Only symptoms of which a typical one costs less: dearer ones are the first thing that a person must know. */
  below?: Duration;
  /** Only occurrences of which the cause's cost is most: what a request lost beside it has a name of its own. */
  isMost?: true;
  /** Only of one subject, and of one back end where both are known. */
  isAlike?: true;
  /** Only where the symptom names the cause's server. */
  isNamed?: true;
  /** Only where the cause says one of these. */
  saying?: readonly string[];
  /** Only symptoms that come in runs no longer than this: what goes on is none of a passing cause. */
  runsWithin?: Duration;
  /** What the symptom's occurrences cost would be gone with the cause, beside what the cause itself costs. */
  vanishes?: true;
}

// A lookup of a millisecond comes with its connection; one that anybody notices has its own name.
const CHEAP_LOOKUP = milliseconds(20);
// What is worth no word by itself (RULES: 5 ms) comes with it, however quick the connection is.
const UNNOTICED = milliseconds(5);

// From the moment a program stops listening until its pod's network is gone: what it closes down first, and the kubelet
// and the network plugin that take the sandbox away, within a few seconds (kubernetes.io, Pod Lifecycle).
const ENDS_WITHIN = seconds(5);

const WAITS_FOR_DNS = ['dns-race', 'dns-loss', 'dns-dead-server', 'dns-slow-server'];

/** RULES, "What absorbs what": what is listed in its cause is no finding of its own. */
export const ABSORPTIONS: readonly Absorption[] = [
  { causes: WAITS_FOR_DNS, symptoms: ['service-slow'], by: ['wait'] },
  // Who gives up does so while the lookup still lasts, or with what it left of the time.
  { causes: WAITS_FOR_DNS, symptoms: ['grpc-deadline', 'timeout-order'], by: ['covers', 'before'] },
  // Who asks a server that asks another one in turn waits for what is lost there.
  {
    causes: ['dns-race', 'dns-loss', 'dns-dead-server'],
    symptoms: ['dns-slow-server'],
    by: ['handedOn'],
    isNamed: true,
  },
  // What a lookup that is made again costs is its lost answer's, or its large one's, and a name that is kept would be looked
  // up now and then.
  {
    causes: ['dns-race', 'dns-loss', 'dns-dead-server', 'dns-family-missing', 'dns-truncation'],
    symptoms: ['dns-lookup-per-request'],
    by: ['same'],
    isMost: true,
  },
  {
    causes: [
      'credentials-refresh-storm',
      'metadata-per-request',
      'token-per-request',
      'http-detour',
      'sql-round-trips',
    ],
    symptoms: ['serial-calls', 'upstream-slow'],
    by: ['same', 'inside'],
    isMost: true,
  },
  // Each of these calls may come on a connection of its own, which goes with it.
  {
    causes: ['credentials-refresh-storm', 'metadata-per-request'],
    symptoms: ['connection-per-request'],
    by: ['names'],
    isMost: true,
  },
  // Who makes an SDK client for each request spends its own time on that, too: far more than the fetch, under load.
  { causes: ['credentials-refresh-storm'], symptoms: ['service-slow'], by: ['same'] },
  { causes: ['metadata-hop-limit'], symptoms: ['tcp-retransmission-stall'], by: ['same', 'peers'] },
  // The next request asks for a token again: that is none of the retries that a client decides on.
  { causes: ['metadata-hop-limit'], symptoms: ['http-retry'], by: ['same'] },
  {
    causes: ['metadata-hop-limit'],
    symptoms: ['service-slow', 'upstream-slow', 'process-pause'],
    by: ['wait', 'inside'],
  },
  // Requests that wait for a lock stand still together.
  { causes: ['credentials-refresh-storm'], symptoms: ['process-pause'], by: ['same', 'wait'] },
  // Who is refused rests before he tries again, and his requests wait for that.
  { causes: ['tcp-connect-refused'], symptoms: ['service-slow', 'process-pause'], by: ['during'] },
  // Of several that wait for SYNs at a time, which request asked for which connection may not be told: it waits for one.
  // The kernel may go on asking when its program has given up.
  { causes: ['tcp-connect-retry'], symptoms: ['service-slow'], by: ['behind'], isMost: true },
  // A pod that ends refuses while its network is still there, and answers nobody from then on.
  {
    causes: ['tcp-connect-retry'],
    saying: ['gone', 'goneAll', 'dead', 'ended'],
    symptoms: ['tcp-connect-refused'],
    by: ['ahead'],
    isAlike: true,
    runsWithin: ENDS_WITHIN,
  },
  // Requests that stand behind one another for a lock, a limit or a pool are answered one by one.
  {
    causes: [
      'credentials-refresh-storm',
      'metadata-per-request',
      'token-per-request',
      'dns-lookup-per-request',
      'cpu-throttling',
      'connection-pool-wait',
      'grpc-single-backend',
    ],
    symptoms: ['server-queue'],
    by: ['same'],
  },
  // What a service's callers wait for is what it does itself.
  { causes: ['service-slow'], symptoms: ['upstream-slow'], by: ['same'] },
  // Answers that take most of a round trip are on their way, and not in the server's program.
  { causes: ['network-latency'], symptoms: ['upstream-slow'], by: ['same'] },
  { causes: ['serial-calls'], symptoms: ['upstream-slow'], by: ['same', 'inside'], isMost: true },
  { causes: ['connection-per-request'], symptoms: ['tls-handshake-cost'], by: ['same'], vanishes: true },
  {
    causes: ['connection-per-request'],
    symptoms: ['dns-lookup-per-request'],
    by: ['after'],
    below: UNNOTICED,
    vanishes: true,
  },
  // Where the handshakes take nothing beside it, the lookup is what the time goes to.
  {
    causes: ['connection-per-request'],
    symptoms: ['dns-lookup-per-request'],
    by: ['after'],
    below: CHEAP_LOOKUP,
    isMost: true,
    vanishes: true,
  },
  { causes: ['tls-handshake-slow'], symptoms: ['tls-handshake-cost'], by: ['same'] },
  { causes: ['cpu-throttling', 'process-pause'], symptoms: ['service-slow', 'upstream-slow'], by: ['same', 'wait'] },
  // From the wire an answer later than the deadline can't be told from none: one finding for both.
  { causes: ['grpc-deadline'], symptoms: ['upstream-slow', 'service-slow'], by: ['same'] },
  // Callers of a service whose requests stand in line wait as long.
  { causes: ['connection-pool-wait'], symptoms: ['upstream-slow', 'process-pause'], by: ['same'] },
  // The wait until the 504, at the gateway's callers and at the gateway.
  { causes: ['timeout-order'], symptoms: ['upstream-slow', 'service-slow'], by: ['same', 'inside'] },
  // A body that is held back is nobody's slowness.
  {
    causes: ['http-continue-wait'],
    symptoms: ['upstream-slow', 'service-slow', 'process-pause'],
    by: ['same', 'inside', 'wait'],
  },
  // A request that waits for the next try waits for nobody that is seen.
  { causes: ['http-retry'], symptoms: ['service-slow'], by: ['wait'] },
  // Who gives up on one server and asks the next has waited for the first: the retry's cost holds it.
  { causes: ['http-retry'], symptoms: ['upstream-slow'], by: ['same'] },
  // Calls that wait their turn behind one connection are that connection's.
  { causes: ['grpc-single-backend'], symptoms: ['upstream-slow'], by: ['same'] },
  {
    causes: ['mtu-blackhole', 'tcp-idle-drop', 'tcp-zero-window'],
    symptoms: ['tcp-retransmission-stall'],
    by: ['same'],
  },
  // Connections that were open before the capture were idle, too.
  { causes: ['tcp-idle-drop'], symptoms: ['tcp-retransmission-stall'], by: ['peers'] },
  // A request that waited for a call that vanished, and a gateway that did until it said 504.
  {
    causes: ['mtu-blackhole', 'tcp-idle-drop'],
    symptoms: ['upstream-slow', 'service-slow', 'timeout-order'],
    by: ['behind'],
  },
  { causes: ['tcp-idle-reuse', 'tcp-idle-drop', 'tcp-connect-retry'], symptoms: ['http-retry'], by: ['same', 'peers'] },
];
