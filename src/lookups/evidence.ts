import type { Confidence, ResolverName } from '../model/lookup.ts';

/** How A and AAAA of one name left: both from one port, each from its own, or only one of them. */
export type PortUse = 'single' | 'same' | 'different';

/** What a resolver's habits left on the wire, added up over lookups of one client and one kind. */
export interface Evidence {
  lookups: number;
  ports: PortUse;
  /** UDP size of the OPT record, -1 for none. */
  ednsSize: number;
  aaaaFirst: boolean;
  pairs: number;
  /** AAAA's id follows A's by less than 1,024: musl derives both from the clock. */
  muslIds: number;
  /**
   * The ids' low octets differ in the lowest three bits only: glibc takes both from the clock
   * (include/random-bits.h: that octet counts 256 ns), and a warm process needs about 1 µs.
   */
  glibcIds: number;
  /** They differ in the lowest five bits: a cold process needs some µs more. */
  nearIds: number;
  bothIds: number;
  /** musl to 1.2.3 now and then gives both ids the same high octet, later ones never. */
  sameHighOctet: number;
  /** The second query left only after the first one's reply. */
  sequential: number;
  /** Queries of AAAA before A, where order is a race (different ports). */
  aaaaBeforeA: number;
  /**
   * Ports of the lookups before, of each process of a pod one perhaps, and how many lookups began from one of them: a
   * resolver that keeps its socket. Counted where the EDNS size may be Netty's.
   */
  recentPorts: number[];
  portKept: number;
  walksOnOnePort: number;
  walksOnNewPorts: number;
  cookies: number;
  /** Delays of first queries that were answered at once, added up, and how many. */
  delays: number;
  delayed: number;
  authenticData: number;
  /** First resends from the same port with the same id, by their wait. */
  resentAfter: {
    quarter: number;
    twoPointFive: number;
    two: number;
    /** Soon after 2 s: a timer of 2 s on a busy machine, or a clock that is looked at once a second. */
    twoLate: number;
    /** After 2 to 3 s, but neither soon after 2 s nor at another timer: such a clock. */
    polled: number;
    three: number;
    five: number;
    six: number;
    other: number;
  };
  /** Asked again from the same port after a silence: Node opens a new socket for that. */
  samePortAgain: number;
  /** Waits that match a known timer: how many, and their lengths against it, added up. */
  timed: number;
  timedLate: number;
  /** The same id again from a new port, without a resend from the old one before. */
  sameIdNewPort: number;
  /** The wait grew to about twice the first one: c-ares. */
  doubledWaits: number;
  /** The waits stayed the same although there was time to grow. */
  constantWaits: number;
  /** Another server was asked only later, not at the same time as the first (musl asks all at once). */
  serversInTurn: number;
  /** One family answered, the other one lost and never asked for again although there was time. */
  gaveUpMissing: number;
  /** After a loss: only the unanswered query again, or its answered twin with it (glibc). */
  onlyMissingAgain: number;
  twinAgain: number;
}

/** Which resolver sent a client's lookups, how surely, and what told it. */
export interface Verdict {
  resolver: ResolverName;
  detail: string | null;
  confidence: Confidence;
  because: string;
}
