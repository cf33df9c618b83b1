import { milliseconds, seconds, type Duration } from '../base/time.ts';
import type { ResolverName } from '../model/lookup.ts';
import { valueOf } from './known.ts';

/** How long a resolver waits for an answer that does not come, when nobody configured it. */
export interface ResolverTimers {
  resolver: ResolverName;
  /** Which builds; matches the start of a lookup's `resolverDetail`, '' for all others. */
  detail: string;
  /** After the first query of a name. */
  firstWait: Duration;
  /**
   * How the waits go on. `jittered`: each doubles, then takes off up to half at random, so that
   * only a lower bound can be told.
   */
  growth: 'constant' | 'doubling' | 'jittered';
  /** How often a server is asked for one name and type. */
  tries: number;
  /** How often where the other family was answered; `tries` where that makes no difference. */
  triesOfMissingFamily: number;
  /** The whole call succeeds with the other family when one is given up. */
  succeedsWithOneFamily: boolean;
  /** ICMP port unreachable ends the wait at once. */
  heedsIcmp: boolean;
  /** The waits are shares of a total that runs from the first query on. */
  totalFromFirst: boolean;
  /** A reply with an error code other than NXDOMAIN counts as no reply at all. */
  waitsOutErrors: boolean;
  source: string;
}

/** The last release before 1.20 changed its timers. */
const OLD_C_ARES = '1.19.1';

export const RESOLVER_TIMERS: readonly ResolverTimers[] = [
  {
    resolver: 'glibc',
    detail: '',
    firstWait: seconds(valueOf('glibc', 'timeout')),
    growth: 'constant',
    tries: valueOf('glibc', 'attempts'),
    // 0, 5 s (both again), 10 s (new ports), then success with one family at 15 s.
    triesOfMissingFamily: valueOf('glibc', 'tries of one lost family'),
    succeedsWithOneFamily: true,
    heedsIcmp: true,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: 'glibc RES_TIMEOUT 5 s, RES_DFLRETRY 2 (resolv.conf(5)); measured with 2.36',
  },
  {
    resolver: 'musl',
    detail: '',
    firstWait: seconds(valueOf('musl', 'timeout') / valueOf('musl', 'attempts')),
    growth: 'constant',
    tries: valueOf('musl', 'attempts'),
    triesOfMissingFamily: valueOf('musl', 'attempts'),
    succeedsWithOneFamily: false,
    heedsIcmp: false,
    totalFromFirst: true,
    waitsOutErrors: true,
    source: 'musl: timeout 5 s in all, divided by 2 attempts (src/network/res_msend.c); measured with 1.2.5',
  },
  {
    resolver: 'go',
    detail: '',
    firstWait: seconds(valueOf('go-resolver', 'timeout')),
    growth: 'constant',
    tries: valueOf('go-resolver', 'attempts'),
    triesOfMissingFamily: valueOf('go-resolver', 'attempts'),
    succeedsWithOneFamily: true,
    heedsIcmp: true,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: 'Go net: timeout 5 s, 2 attempts (src/net/dnsconfig.go); measured with 1.19',
  },
  {
    resolver: 'c-ares',
    detail: 'gRPC',
    // 5 s, seen as 6 s: gRPC looks at its timers once a second.
    firstWait: seconds(valueOf('c-ares', 'timeout', OLD_C_ARES) + 1),
    growth: 'doubling',
    tries: valueOf('c-ares', 'tries', OLD_C_ARES),
    triesOfMissingFamily: valueOf('c-ares', 'tries of one lost family', OLD_C_ARES),
    succeedsWithOneFamily: true,
    heedsIcmp: true,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: 'c-ares to 1.19: 5 s × 4, doubling, polled each second by gRPC; measured with gRPC 1.51',
  },
  {
    resolver: 'c-ares',
    detail: '≥',
    firstWait: seconds(valueOf('c-ares', 'timeout')),
    growth: 'jittered',
    tries: valueOf('c-ares', 'tries'),
    // Measured with 1.34.5: an AAAA lost beside an answered A is not asked again.
    triesOfMissingFamily: valueOf('c-ares', 'tries of one lost family'),
    succeedsWithOneFamily: true,
    heedsIcmp: true,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: 'c-ares from 1.20: 2 s × 3, doubling with jitter (src/lib/ares_process.c); measured with 1.34.5',
  },
  {
    resolver: 'c-ares',
    detail: '',
    firstWait: seconds(valueOf('c-ares', 'timeout', OLD_C_ARES)),
    growth: 'doubling',
    tries: valueOf('c-ares', 'tries', OLD_C_ARES),
    triesOfMissingFamily: valueOf('c-ares', 'tries of one lost family', OLD_C_ARES),
    succeedsWithOneFamily: true,
    heedsIcmp: true,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: 'c-ares to 1.19: 5 s × 4, doubling (ares_private.h DEFAULT_TIMEOUT); measured with 1.18.1',
  },
  {
    resolver: 'node',
    detail: '',
    firstWait: seconds(valueOf('node-resolver', 'timeout')),
    growth: 'jittered',
    tries: valueOf('node-resolver', 'tries'),
    triesOfMissingFamily: valueOf('node-resolver', 'tries'),
    succeedsWithOneFamily: true,
    heedsIcmp: true,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: "Node's dns.resolve: c-ares, 4 tries, timers looked at once a second; measured with 20.20.2",
  },
  {
    resolver: 'systemd-resolved',
    detail: '',
    firstWait: seconds(valueOf('systemd-resolved', 'UDP timeout')),
    growth: 'constant',
    tries: valueOf('systemd-resolved', 'tries'),
    triesOfMissingFamily: valueOf('systemd-resolved', 'tries'),
    succeedsWithOneFamily: true,
    heedsIcmp: true,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: 'systemd: 120 s over 24 tries (src/resolve/resolved-dns-transaction.h)',
  },
  {
    resolver: 'netty',
    detail: '',
    firstWait: seconds(valueOf('netty-resolver', 'queryTimeoutMillis')),
    growth: 'constant',
    tries: 1,
    triesOfMissingFamily: 1,
    succeedsWithOneFamily: true,
    heedsIcmp: false,
    totalFromFirst: false,
    waitsOutErrors: false,
    source: 'Netty DnsNameResolverBuilder: queryTimeoutMillis from resolv.conf, 5 s',
  },
];

/** The entry for a resolver as it was recognised, null where its timers are not known. */
export function timersOf(resolver: ResolverName, detail: string | null): ResolverTimers | null {
  const text = detail ?? '';
  return RESOLVER_TIMERS.find((entry) => entry.resolver === resolver && text.startsWith(entry.detail)) ?? null;
}

// Timers are whole seconds in all resolvers without jitter, measured +0 … +20 ms. musl's is half of its five.
const TIMER_STEP = seconds(1);
export const TIMER_LATE = milliseconds(60);
// A timer fires late, never early; its clock and the capture's differ by less than this.
export const TIMER_EARLY = milliseconds(3);
const LEAST_TIMER = seconds(1);
export const MOST_TIMER = seconds(41);
const HALF_OF_FIVE = seconds(2.5);

/** Whether a resolver that waits for whole seconds may have waited so long. */
export function isTimer(waited: number, late: number = TIMER_LATE): boolean {
  if (waited < LEAST_TIMER - TIMER_EARLY || waited > MOST_TIMER) return false;
  const beyond = (waited + TIMER_EARLY) % TIMER_STEP;
  return beyond <= late + TIMER_EARLY;
}

/** The same, or musl's own 2.5 s. */
export const isFirstWait = (waited: number): boolean =>
  isTimer(waited) || (waited >= HALF_OF_FIVE - TIMER_EARLY && waited <= HALF_OF_FIVE + TIMER_LATE);
