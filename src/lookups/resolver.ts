import { EDNS_SIZE_UNKNOWN } from '../model/dns-message.ts';
import type { Confidence, ResolverName } from '../model/lookup.ts';
import type { Evidence, Verdict } from './evidence.ts';

type Candidate = 'glibc' | 'musl' | 'c-ares' | 'node';
const CANDIDATES: readonly Candidate[] = ['glibc', 'musl', 'c-ares', 'node'];

/**
 * How often each resolver leaves each trace, measured on some hundred lookups each (glibc 2.36,
 * musl 1.1.24 to 1.2.5, c-ares 1.18.1, Node 20), and never 0: another version may differ. The
 * ids of c-ares are random, so its shares follow from the definition of the trace.
 */
const LIKELIHOOD = {
  // glibc is in most images, musl in Alpine's; Node's dns.resolve is called by few programs.
  prior: { glibc: 0.6, musl: 0.22, 'c-ares': 0.09, node: 0.09 },
  muslIds: { glibc: 0.004, musl: 0.992, 'c-ares': 0.0152, node: 0.0152 },
  // 0.94 in a loop; of 1,300 pairs of short processes on a busy machine 0.5, 0.36 near, and 0.13 neither (three runs).
  glibcIds: { glibc: 0.6, musl: 0.001, 'c-ares': 0.031, node: 0.031 },
  nearIds: { glibc: 0.29, musl: 0.001, 'c-ares': 0.093, node: 0.093 },
  bothIds: { glibc: 0.006, musl: 0.12, 'c-ares': 0.002, node: 0.002 },
  noIds: { glibc: 0.1, musl: 0.001, 'c-ares': 0.859, node: 0.859 },
  // The next suffix from the same socket.
  onePort: { glibc: 0.002, musl: 0.002, 'c-ares': 0.97, node: 0.001 },
  newPorts: { glibc: 0.98, musl: 0.98, 'c-ares': 0.03, node: 0.001 },
  five: { glibc: 0.9, musl: 0.01, 'c-ares': 0.4, node: 0.01 },
  twoPointFive: { glibc: 0.01, musl: 0.9, 'c-ares': 0.01, node: 0.01 },
  // Node's 2 s end when it next looks at its timers, once a second: at 2 s where that began with the query
  // (of 8 first waits each of three runs of as many processes 8, 2 and none), else within the second after.
  two: { glibc: 0.02, musl: 0.02, 'c-ares': 0.4, node: 0.3 },
  // A quarter of Node's, spread evenly; of c-ares's those that a busy machine holds up.
  twoLate: { glibc: 0.01, musl: 0.01, 'c-ares': 0.05, node: 0.1 },
  polled: { glibc: 0.02, musl: 0.02, 'c-ares': 0.01, node: 0.3 },
  // Node looks at c-ares's timers once a second; glibc waits 3 s for the second of three servers.
  three: { glibc: 0.03, musl: 0.01, 'c-ares': 0.01, node: 0.4 },
  six: { glibc: 0.005, musl: 0.001, 'c-ares': 0.1, node: 0.05 },
  otherWait: { glibc: 0.05, musl: 0.05, 'c-ares': 0.1, node: 0.05 },
  // glibc changes the port, too, but after a resend from the old one, which is not counted here.
  sameIdNewPort: { glibc: 0.01, musl: 0.001, 'c-ares': 0.05, node: 0.9 },
  // Node's c-ares opens a new socket from 1.34.6 on; Node 18 has 1.29.
  samePortAgain: { glibc: 0.9, musl: 0.95, 'c-ares': 0.85, node: 0.3 },
  doubled: { glibc: 0.002, musl: 0.001, 'c-ares': 0.6, node: 0.2 },
  constant: { glibc: 0.9, musl: 0.5, 'c-ares': 0.02, node: 0.1 },
  serversInTurn: { glibc: 0.9, musl: 0.002, 'c-ares': 0.9, node: 0.9 },
  // res_send.c asks again for both families, also for the one it has.
  twinAgain: { glibc: 0.97, musl: 0.003, 'c-ares': 0.01, node: 0.01 },
  onlyMissingAgain: { glibc: 0.01, musl: 0.97, 'c-ares': 0.97, node: 0.9 },
  // glibc, musl and c-ares to 1.19 ask again, Node from a new port.
  gaveUpMissing: { glibc: 0.01, musl: 0.01, 'c-ares': 0.5, node: 0.02 },
} satisfies Record<string, Record<Candidate, number>>;

const CERTAIN = 0.999;
const LIKELY = 0.96;
const POSSIBLE = 0.85;
// One pair's ids may be chance (1 in 32 for glibc's trace, 1 in 64 for musl's).
const PAIRS_FOR_CERTAIN = 4;
/**
 * How much likelier (the logarithm) pairs' ids may be with shares of their own than with those of one resolver, before
 * they are of more than one. Of 357 recorded captures of c-ares, Node or musl alone 6.7 at the most, of three with
 * several resolvers in one pod 53 at the least.
 */
const MOST_DEVIATION = 15;
// Beyond this many traces of a kind the verdict can't change but for a mixture of processes.
const MOST_COUNTED = 30;
// What a resolver does once it does always: three times exclude a coincidence.
const HABIT_COUNTED = 3;

/** Go's EDNS size since 1.19, and c-ares's since 1.22 (facts, section 1). */
const EDNS_GO_CARES = 1232;
/** c-ares 1.22 to 1.2x said 1280 (EDNSPACKETSZ). */
const EDNS_CARES_OLDER = 1280;
/** glibc with `options edns0` (RESOLV_EDNS_BUFFER_SIZE). */
const EDNS_GLIBC = 1200;
export const EDNS_NETTY = 4096;
/** What fits into 1500 bytes of IPv4: systemd-resolved says what its link carries; measured with 252. */
const EDNS_RESOLVED = 1472;
// Who asks now and then (dig, ldns) takes a new port each time; two alike may be chance.
const KEPT_FOR_NETTY = 3;
const IN_TURN = 0.9;
// One beside so many may be what a capture lacks a packet of.
const MANY = 3;
// Measured: Go 69 to 81 %, hickory 0.25 6 to 8 %, dnspython 100 %; where answers are faster than
// the second goroutine, only the order tells a race.
const LEAST_AAAA_FIRST = 0.25;
const MOST_AAAA_FIRST = 0.95;
const PAIRS_OF_BOTH_ORDERS = 8;

/** @param ofClient all that its client's lookups left, this among them */
export function judgeResolver(evidence: Evidence, ofClient: readonly Evidence[]): Verdict {
  if (evidence.ednsSize === EDNS_SIZE_UNKNOWN) return judgeWithUnknownSize(evidence, sizesOf(ofClient));
  if (evidence.ednsSize >= 0) return judgeWithEdns(evidence, evidence.ednsSize);
  if (evidence.ports === 'different') return judgeOtherPorts(evidence);
  if (evidence.ports === 'same' && evidence.aaaaFirst) {
    if (lacksItsA(evidence, ofClient)) {
      return unknown('AAAA before A, beside many lookups with A first: the capture may lack its A');
    }
    if (evidence.sequential > evidence.pairs * IN_TURN) {
      return told('c-ares', '≤1.21', 'possible', 'AAAA, its answer, then A from one port, no EDNS: ares_gethostbyname');
    }
    return told(
      'c-ares',
      'gRPC',
      evidence.pairs >= 2 || evidence.resentAfter.six > 0 || evidence.walksOnOnePort > 0 ? 'likely' : 'possible',
      `AAAA before A from one port, no EDNS: gRPC's c-ares${evidence.resentAfter.six > 0 ? ', and its 6 s until it asks again' : ''}`,
    );
  }
  return judgeByTraces(evidence);
}

/** What is cut in front of its EDNS size, as long names are by a short snap length, has the size of the others. */
const sizesOf = (ofClient: readonly Evidence[]): number[] => [
  ...new Set(ofClient.map(({ ednsSize }) => ednsSize).filter((size) => size > EDNS_SIZE_UNKNOWN)),
];

/** The capture's first packet may be the second of a pair. */
const lacksItsA = ({ lookups }: Evidence, ofClient: readonly Evidence[]): boolean =>
  ofClient.some(
    (other) => other.ports === 'same' && !other.aaaaFirst && other.ednsSize < 0 && other.lookups >= lookups * MANY,
  );

function judgeWithEdns(evidence: Evidence, size: number): Verdict {
  const { ports } = evidence;
  if (size === EDNS_GLIBC && ports !== 'different') {
    return told('glibc', 'edns0', 'likely', `EDNS size ${size}, which glibc sends with options edns0`);
  }
  if (ports === 'different') {
    const sure = evidence.pairs >= 2 ? 'certain' : 'likely';
    if (size === EDNS_GO_CARES) {
      return told('go', null, sure, `A and AAAA from two ports, EDNS size ${size} without options`);
    }
    if (size === EDNS_RESOLVED) {
      return told(
        'systemd-resolved',
        null,
        'likely',
        `A and AAAA from two ports, EDNS size ${size}: its link's 1500 bytes`,
      );
    }
    return unknown(
      `A and AAAA from two ports with EDNS size ${size}: neither glibc nor musl, nor a Go of its defaults`,
    );
  }
  if (size === EDNS_NETTY && keepsPort(evidence)) {
    return told('netty', null, 'likely', `lookup after lookup from one port with EDNS size ${size}`);
  }
  if (size === EDNS_NETTY && ports === 'same') {
    return told('netty', null, 'possible', `A and AAAA from one port with EDNS size ${size}`);
  }
  if (size !== EDNS_GO_CARES && size !== EDNS_CARES_OLDER) {
    return unknown(`EDNS size ${size}: musl and Node's dns.resolve send none, others another size`);
  }
  const grpc = ports === 'same' && evidence.aaaaFirst ? ', gRPC' : '';
  if (evidence.cookies > 0 && evidence.authenticData === 0) {
    return told('c-ares', `≥1.33${grpc}`, 'certain', `EDNS size ${size} with a DNS cookie`);
  }
  if (ports === 'same') {
    const sure = evidence.pairs >= 2 ? 'certain' : 'likely';
    return told('c-ares', `≥1.22${grpc}`, sure, `A and AAAA from one port, EDNS size ${size} (Go uses two ports)`);
  }
  return unknown(`only one family asked, EDNS size ${size}: Go or c-ares from 1.22`);
}

const keepsPort = ({ portKept, lookups }: Evidence): boolean => portKept > lookups / 2 && portKept >= KEPT_FOR_NETTY;

/** tcpdump's text without -vv, or packets that are cut: that there is an OPT record, but not its size. */
function judgeWithUnknownSize(evidence: Evidence, [size, ...others]: readonly number[]): Verdict {
  if (others.length > 0) return unknown('with EDNS, whose size is cut off, beside queries with several sizes');
  if (size !== undefined) return judgeWithEdns(evidence, size);
  if (evidence.ports === 'different') {
    // glibc asks so, too, in a thread that lost an answer, and its size would tell.
    if (evidence.sequential > evidence.pairs / 2) {
      return unknown('A, its answer, then AAAA from another port, with EDNS: glibc (edns0) or Go');
    }
    return told('go', null, evidence.pairs >= 2 ? 'likely' : 'possible', 'A and AAAA from two ports, with EDNS');
  }
  if (evidence.ports === 'single') return unknown('only one family asked, with EDNS: Go or c-ares from 1.22');
  const byIds = judgeByTraces(evidence);
  if (byIds.resolver === 'glibc') return { ...byIds, detail: 'edns0' };
  if (keepsPort(evidence)) return unknown('lookup after lookup from one port, with EDNS: Netty or a channel of c-ares');
  const grpc = evidence.aaaaFirst ? ', gRPC' : '';
  return told('c-ares', `≥1.22${grpc}`, 'possible', 'A and AAAA from one port, with EDNS');
}

function judgeOtherPorts(evidence: Evidence): Verdict {
  const { pairs, sequential, aaaaBeforeA } = evidence;
  // Loads and copies may make an answer look later than the twin: nearly all is enough.
  const inTurn = pairs > 0 && sequential >= pairs * IN_TURN && aaaaBeforeA <= pairs * (1 - IN_TURN);
  if (inTurn) {
    const sure = pairs >= 2 ? 'likely' : 'possible';
    return told('glibc', 'single-request-reopen', sure, 'A, its answer, then AAAA from another port; no EDNS');
  }
  if (evidence.sameIdNewPort > 0 && sequential > pairs / 2) {
    return told(
      'glibc',
      'single-request-reopen',
      'possible',
      'A, its answer, then AAAA; the same ids again from new ports',
    );
  }
  // One lookup alone may have begun before the capture.
  if (evidence.sameIdNewPort > 1) {
    const sure = evidence.sameIdNewPort > 2 ? 'certain' : 'likely';
    return told('node', null, sure, 'no EDNS, and the same id again from a new port (Go takes a new id)');
  }
  // Go's order is a race between two goroutines: AAAA first in about three of four. hickory asks
  // for A first in nine of ten, dnspython for AAAA always, and only then for A.
  const isRace = pairs >= PAIRS_OF_BOTH_ORDERS && aaaaBeforeA < pairs * MOST_AAAA_FIRST;
  if (aaaaBeforeA > pairs * LEAST_AAAA_FIRST && (isRace || pairs - sequential > pairs / 2)) {
    const sure = pairs >= 3 ? 'likely' : 'possible';
    return told('go', 'no EDNS', sure, 'A and AAAA at once from two ports, no EDNS (Go before 1.19, or netedns0=0)');
  }
  return unknown('A and AAAA from two ports, no EDNS: Go without EDNS, or glibc with single-request-reopen');
}

function judgeByTraces(evidence: Evidence): Verdict {
  const none = Math.max(0, evidence.pairs - evidence.muslIds - evidence.glibcIds - evidence.nearIds - evidence.bothIds);
  // Each pair's ids are an experiment of their own; habits are one, however often they show.
  const perPair = Math.min(1, MOST_COUNTED / Math.max(1, evidence.pairs));

  const { resentAfter } = evidence;
  const traces: [keyof typeof LIKELIHOOD, number][] = [
    ['prior', 1],
    ['muslIds', evidence.muslIds * perPair],
    ['glibcIds', evidence.glibcIds * perPair],
    ['nearIds', evidence.nearIds * perPair],
    ['bothIds', evidence.bothIds * perPair],
    ['noIds', none * perPair],
    ['onePort', habit(evidence.walksOnOnePort)],
    ['newPorts', habit(evidence.walksOnNewPorts)],
    ['five', habit(resentAfter.five)],
    ['twoPointFive', habit(resentAfter.twoPointFive)],
    ['two', habit(resentAfter.two)],
    ['twoLate', habit(resentAfter.twoLate)],
    ['polled', habit(resentAfter.polled)],
    ['three', habit(resentAfter.three)],
    ['six', habit(resentAfter.six)],
    ['otherWait', habit(resentAfter.other)],
    ['samePortAgain', habit(evidence.samePortAgain)],
    ['sameIdNewPort', habit(evidence.sameIdNewPort)],
    ['doubled', habit(evidence.doubledWaits)],
    ['constant', habit(evidence.constantWaits)],
    ['serversInTurn', habit(evidence.serversInTurn)],
    ['twinAgain', habit(evidence.twinAgain)],
    ['onlyMissingAgain', habit(evidence.onlyMissingAgain)],
    ['gaveUpMissing', habit(evidence.gaveUpMissing)],
  ];
  const logs = CANDIDATES.map((candidate) =>
    traces.reduce(
      (sum, [trace, count]) =>
        sum + Math.log(LIKELIHOOD[trace][candidate]) * (isSetting(trace, candidate) ? Math.min(1, count) : count),
      0,
    ),
  );
  const highest = Math.max(...logs);
  const shares = logs.map((log) => Math.exp(log - highest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const best = shares.indexOf(Math.max(...shares));
  const posterior = (shares[best] as number) / total;
  const traced = evidence.pairs + evidence.walksOnOnePort + evidence.sameIdNewPort + resends(evidence);
  if (traced === 0 || posterior < POSSIBLE) return undecided(evidence, shares, total);
  if (idDeviation(evidence, none, CANDIDATES[best] as Candidate) * perPair > MOST_DEVIATION) {
    return unknown(`${evidence.pairs} pairs from one port, no EDNS, with ids of more than one resolver`);
  }
  const decisive = evidence.pairs >= PAIRS_FOR_CERTAIN || evidence.walksOnOnePort >= 3 || evidence.sameIdNewPort > 1;
  const confidence: Confidence =
    posterior >= CERTAIN && decisive ? 'certain' : posterior >= LIKELY ? 'likely' : 'possible';
  const resolver = CANDIDATES[best] as Candidate;
  return told(resolver, detailOf(resolver, evidence), confidence, becauseOf(resolver, evidence));
}

/** `timeout:` of resolv.conf(5) is set once for all lookups: the second wait of that length is no surprise. */
const isSetting = (trace: keyof typeof LIKELIHOOD, candidate: Candidate): boolean =>
  (candidate === 'glibc' || candidate === 'musl') && SET_BY_TIMEOUT.has(trace);

const SET_BY_TIMEOUT: ReadonlySet<keyof typeof LIKELIHOOD> = new Set(['two', 'twoLate', 'three', 'otherWait'] as const);

/** Of the pairs' ids from a resolver's. How near glibc's are is a matter of the machine's load: they may be any. */
function idDeviation(evidence: Evidence, none: number, candidate: Candidate): number {
  if (candidate === 'glibc') return 0;
  const { pairs, muslIds, glibcIds, nearIds, bothIds } = evidence;
  const counts = { muslIds, glibcIds, nearIds, bothIds, noIds: none };
  let sum = 0;
  for (const trace of ['muslIds', 'glibcIds', 'nearIds', 'bothIds', 'noIds'] as const) {
    if (counts[trace] > 0) sum += counts[trace] * Math.log(counts[trace] / pairs / LIKELIHOOD[trace][candidate]);
  }
  return sum;
}

const resends = ({ resentAfter }: Evidence): number =>
  resentAfter.twoPointFive +
  resentAfter.two +
  resentAfter.twoLate +
  resentAfter.polled +
  resentAfter.five +
  resentAfter.six;

const habit = (count: number): number => Math.min(count, HABIT_COUNTED);

function detailOf(resolver: Candidate, evidence: Evidence): string | null {
  if (resolver === 'c-ares') return evidence.resentAfter.two + evidence.gaveUpMissing > 0 ? '≥1.20, ≤1.21' : '≤1.21';
  if (resolver === 'musl') {
    if (evidence.sameHighOctet > 0) return '≤1.2.3';
    return evidence.pairs >= 10 ? '≥1.2.4' : null;
  }
  if (resolver === 'glibc' && evidence.pairs >= 3 && evidence.sequential === evidence.pairs) return 'single-request';
  return null;
}

function becauseOf(resolver: Candidate, evidence: Evidence): string {
  const { pairs } = evidence;
  const because: string[] = [];
  const near = evidence.glibcIds + evidence.nearIds;
  if (resolver === 'glibc' && near > 0) because.push(`ids from one clock in ${near} of ${pairs} pairs`);
  const shortlyAfter = evidence.muslIds + evidence.bothIds;
  if (resolver === 'musl' && shortlyAfter > 0)
    because.push(`AAAA's id shortly after A's in ${shortlyAfter} of ${pairs} pairs`);
  if ((resolver === 'c-ares' || resolver === 'node') && pairs > 0)
    because.push(`random ids in ${pairs} pairs from one port, no EDNS`);
  if (resolver === 'c-ares' && evidence.walksOnOnePort > 0) because.push('all search suffixes from one port');
  if ((resolver === 'glibc' || resolver === 'musl') && evidence.walksOnNewPorts > 0)
    because.push('each search suffix from a new port');
  if (resolver === 'musl' && evidence.resentAfter.twoPointFive > 0) because.push('asks again after 2.5 s');
  if ((resolver === 'glibc' || resolver === 'c-ares') && evidence.resentAfter.five > 0)
    because.push('asks again after 5 s');
  if (resolver === 'c-ares' && evidence.doubledWaits > 0) because.push('waits twice as long each time');
  if (resolver === 'glibc' && evidence.twinAgain > 0) because.push('asks again for the answered family, too');
  if (resolver === 'c-ares' && evidence.gaveUpMissing > 0)
    because.push('leaves it at one family when the other is lost');
  if (resolver === 'c-ares' && evidence.resentAfter.two > 0) because.push('asks again after 2 s');
  if (resolver === 'node' && evidence.resentAfter.polled + evidence.resentAfter.twoLate > 0)
    because.push('asks again after 2 to 3 s, when it next looks at the clock');
  if (resolver === 'node' && evidence.sameIdNewPort > 0) because.push('asks again with the same id from a new port');
  return because.join(', ');
}

function undecided(evidence: Evidence, shares: readonly number[], total: number): Verdict {
  const left = CANDIDATES.filter((_, index) => (shares[index] as number) / total > 0.02);
  const excluded = CANDIDATES.filter((candidate) => !left.includes(candidate));
  const seen =
    evidence.ports === 'single'
      ? 'only one family asked, no EDNS'
      : `${evidence.pairs} ${evidence.pairs === 1 ? 'pair' : 'pairs'} from one port, no EDNS`;
  const rest = left.map((candidate) => (candidate === 'node' ? "Node's dns.resolve" : candidate)).join(', ');
  const without = excluded.length === 0 ? '' : `; not ${excluded.join(', ')}`;
  return unknown(`${seen}: may be ${rest}${without}; not Go, nor c-ares from 1.22, which send EDNS`);
}

const told = (resolver: ResolverName, detail: string | null, confidence: Confidence, because: string): Verdict => ({
  resolver,
  detail,
  confidence,
  because,
});

const unknown = (because: string): Verdict => told('unknown', null, 'possible', because);
