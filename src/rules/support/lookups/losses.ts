import { OTHERS } from '../../../base/group-by.ts';
import { at, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Subject } from '../../../model/finding.ts';
import { lacksPackets, type Input } from '../../../model/input.ts';
import { RR_TYPE, type Attempt, type Lookup } from '../../../model/lookup.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { addLossCounts, countAnswered, createLossCounts, type LossCounts } from './loss-counts.ts';
import {
  addLookup,
  countBackend,
  countHeard,
  countLost,
  createLossGroup,
  createServerRecord,
  settlePairs,
  slowestOf,
  usualDelay,
  type LossGroup,
  type ServerRecord,
} from './loss-groups.ts';
import type { FamilyFault } from './family-fault.ts';
import { analyseLosses, type LossAnalysis } from './loss-shape.ts';
import { countHalf, type Halves } from './halves.ts';
import { judgeLosses } from './judge-losses.ts';
import type { Verdict } from './loss-verdict.ts';
import type { FamilyName } from './missing-family-verdict.ts';
import { countSilence, createSilence, isMissed, type Silence } from './silence.ts';
import { PendingLookups } from './pending-lookups.ts';
import { createPeers } from './peers.ts';
import { isAnswer, isError, isPlain, type Send } from './sends.ts';

// More servers than any resolv.conf holds, on a node with pods of many kinds; later ones share one place.
const MAX_SERVERS = 256;
// One for each client, server and shape; a cluster's worth of clients shares the rest.
const MAX_GROUPS = 512;
const MAX_CLIENTS = 4096;
// Names whose one family was missed at least once.
const MAX_FAMILY_NAMES = 1024;
const UNKNOWN = Number.NaN as Timestamp;
const UNWATCHED = { startsAt: UNKNOWN, endsAt: UNKNOWN };
const NEVER = Number.NEGATIVE_INFINITY as Timestamp;

/** What is known of one client. */
interface ClientRecord extends Silence, Halves {
  readonly client: string;
  /** When the last lookup began that lost nothing. */
  fineAt: Timestamp;
  lookups: number;
  ordinary: number;
  /** Some answer to it is in the capture. */
  heard: boolean;
}

export interface Losses extends Observer {
  input(input: Input): void;
  unusual(lookup: Lookup): void;
  ordinary(lookup: Lookup): void;
  connection(connection: Connection): void;
  readonly lookups: number;
  /** When the first of them began. */
  readonly startsAt: Timestamp;
  /** All lookups of the subject's client, at its server or, for other subjects, of the input. */
  lookupsOf(input: number, subject: Subject): number;
  /** Takes a kept lookup apart once more. */
  analyse(lookup: Lookup): LossAnalysis;
  servers(): ServerRecord[];
  /** When the client's last lookup began that lost nothing. */
  fineAt(group: Pick<LossGroup, 'input' | 'client'>): Timestamp;
  /** How clients asked for the two families. */
  families(): readonly (Halves & { readonly client: string })[];
  /** What happened to all queries. */
  counts(): LossCounts;
  /** How long answers of this server usually take: their median, 0 where none was seen. */
  usual(input: number, server: string): Duration;
  /** Of the unusual lookup in hand: it taken apart; null where it is plain. */
  readonly current: LossAnalysis | null;
  /** Ordinary lookups of these groups' clients, who may have several; of all clients where none are given. */
  ordinaryOf(groups?: readonly { readonly input: number; readonly client: string }[]): number;
  /** The slowest answer of the lookup in hand, where it is plain. */
  readonly slowest: Duration;
  /** The lookup in hand lost something, or misses a family: its waits are not the server's speed. */
  readonly disturbed: boolean;
  /** The lookup in hand failed because of unanswered queries: no other rule's error. */
  readonly explained: boolean;
  /** The cause of each group of lossy lookups, from all that was seen so far. */
  verdicts(): Verdict[];
}

/** What changes with each lookup. */
type InHand = {
  -readonly [Field in 'lookups' | 'startsAt' | 'current' | 'slowest' | 'disturbed' | 'explained']: Losses[Field];
};

/**
 * Why queries stay unanswered: one classification that five rules share, so that no lookup is
 * counted by two of them. Plain lookups only count; each other lookup is taken apart at once and
 * added to the group of its like, so memory is bounded and nothing is left out.
 */
export const losses = defineFact({
  id: 'losses',
  create(): Losses {
    // Read for each unusual lookup: fields, as V8 keeps a literal with a getter in it as a hash table.
    const hand: InHand = {
      lookups: 0,
      startsAt: at(0),
      current: null,
      slowest: nanoseconds(0),
      disturbed: false,
      explained: false,
    };
    /** Number of the lookup that is being counted: pending ones come after their time. */
    let counted = 0;
    const inputs = new Map<number, Input>();
    /** Inputs in which a connection shows both its sides, and those in which one goes on unanswered. */
    const twoSided = new Set<number>();
    const oneSided = new Set<number>();
    const servers = createPeers(MAX_SERVERS, createServerRecord);
    const clients = createPeers(MAX_CLIENTS, (_, client): ClientRecord => ({
      client,
      fineAt: NEVER,
      halves: 0,
      pairs: 0,
      lookups: 0,
      ordinary: 0,
      heard: false,
      ...createSilence(),
    }));
    const groups = new Map<string, LossGroup>();
    const familyNames = new Map<string, FamilyName>();
    let ordinaryLookups = 0;

    function count(lookup: Lookup): ClientRecord {
      if (++hand.lookups === 1) hand.startsAt = lookup.startedAt;
      const client = clients.of(lookup.input, lookup.client);
      client.lookups++;
      return client;
    }

    /** The server's record, with the lookup in hand counted. */
    function asked(input: number, address: string): ServerRecord {
      const server = servers.of(input, address);
      if (server.countedAt !== counted) {
        server.countedAt = counted;
        server.lookups++;
      }
      return server;
    }

    function allServers(): ServerRecord[] {
      const all = servers.all();
      for (const server of all) settlePairs(server);
      return all;
    }

    function heard(server: ServerRecord, delay: number): void {
      server.delays.add(delay);
      if (delay > hand.slowest) hand.slowest = nanoseconds(delay);
    }

    /** Nearly all lookups: only counted, and so in the server's record that {@link settlePairs} brings up to date. */
    function ordinaryPair({ input, attempts }: Lookup): void {
      const [first, second] = attempts as [Attempt, Attempt];
      counted++;
      const server = servers.of(input, first.server);
      server.plainPairs++;
      countHeard(server, first.clientPort, first.sentAt);
      server.delays.add(first.repliedAt - first.sentAt);
      server.delays.add(second.repliedAt - second.sentAt);
      wasFine(server);
    }

    function plain(lookup: Lookup): void {
      counted++;
      wasFine(eachAnswered(lookup));
    }

    /** A plain lookup of any other form. @returns the record of the server first asked */
    function eachAnswered({ input, server: firstServer, attempts, resolver }: Lookup): ServerRecord {
      let server: ServerRecord | null = null;
      for (let index = 0; index < attempts.length; index++) {
        const attempt = attempts[index] as Attempt;
        if (server === null || server.server !== attempt.server) server = asked(input, attempt.server);
        server.queries++;
        server.answered++;
        countHeard(server, attempt.clientPort, attempt.sentAt);
        if (attempt.type === RR_TYPE.A) server.answeredA++;
        else if (attempt.type === RR_TYPE.AAAA) server.answeredAaaa++;
        heard(server, attempt.repliedAt - attempt.sentAt);
        countAnswered(server.counts, attempts, index, resolver);
        if (attempt.backend !== null) countBackend(server, attempt.backend, true);
        const missed = familyNames.size > 0 ? familyNames.get(attempt.name) : undefined;
        if (missed !== undefined && missed.type === attempt.type) missed.answered++;
      }
      return server !== null && server.server === firstServer ? server : servers.of(input, firstServer);
    }

    const isTwoSided = (input: number): boolean => twoSided.has(input);

    const isOneSided = (input: number): boolean => oneSided.has(input) && !twoSided.has(input);

    /** Of a client beyond the bound nothing is known. */
    const isUnheard = ({ input, client }: LossGroup): boolean => {
      const record = clients.get(input, client);
      return record !== undefined && !record.heard && !isMissed(record);
    };

    const endOfInput = (input: number): Timestamp => inputs.get(input)?.endsAt ?? UNKNOWN;

    /** Of an outage, no answer comes since; of what the capture lacks, most do. */
    function mayBeLacking({ input, client, startedAt }: Lookup): boolean {
      const known = inputs.get(input);
      if (known === undefined || !lacksPackets(known)) return false;
      return (clients.get(input, client)?.fineAt ?? NEVER) > startedAt;
    }

    const takeApart = (lookup: Lookup, watchedUntil = endOfInput(lookup.input)): LossAnalysis =>
      analyseLosses(lookup, {
        usual: (server) => servers.of(lookup.input, server).delays.quantile(0.9),
        slowest: (server) => slowestOf(servers.of(lookup.input, server)),
        watchedUntil,
        mayBeLacking: mayBeLacking(lookup),
        // Each family from a port of its own is Go's way, and no ordinary lookup.
        asksFromOnePort: lookup.resolver !== 'go' && (clients.get(lookup.input, lookup.client)?.ordinary ?? 0) > 0,
      });

    const pending = new PendingLookups({ takeApart, endOfInput, settle: lossy });

    const usualOf = (lookup: Lookup): Duration => usualDelay(servers.of(lookup.input, lookup.server));

    function lossy(lookup: Lookup, analysis: LossAnalysis, usual: Duration): void {
      counted++;
      const client = clients.of(lookup.input, lookup.client);
      const watched = inputs.get(lookup.input) ?? UNWATCHED;
      for (const send of analysis.sends) {
        countSilence(client, send, watched);
        const { attempt } = send;
        const server = asked(lookup.input, attempt.server);
        const isHeard = isAnswer(send);
        server.queries++;
        if (isHeard) countHeard(server, attempt.clientPort, send.at);
        else if (send.fate === 'lost') countLost(server, attempt.clientPort, send.at);
        countSilence(server, send, watched);
        if (isHeard || send.fate === 'unreachable') client.heard = true;
        if (attempt.backend !== null && (isHeard || send.behindDnat === 'both')) {
          countBackend(server, attempt.backend, isHeard);
        }
        if (isHeard) {
          server.answered++;
          if (send.fate !== 'late') server.delays.add(send.answeredAt - send.at);
          else server.slowestLate = Math.max(server.slowestLate, send.answeredAt - send.at);
          if (isError(attempt.rcode)) continue;
          if (attempt.type === RR_TYPE.A) server.answeredA++;
          else if (attempt.type === RR_TYPE.AAAA) server.answeredAaaa++;
        } else if (send.fate === 'unreachable') server.unreachable++;
      }
      const server = servers.of(lookup.input, lookup.server);
      const wasLossy = isLossy(analysis);
      // What nobody ended is heard last, whenever it was lost: no turn that the losses took.
      if (wasLossy !== server.lastWasLossy && lookup.endBecause !== 'captureEnd') {
        server.lastWasLossy = wasLossy;
        server.alternations++;
      }
      if (analysis.family !== null) countFamilyName(analysis.family, analysis.sends);
      addLookup(groupOf(lookup, analysis), lookup, analysis, usual);
    }

    function countFamilyName({ name, type }: FamilyFault, sends: readonly Send[]): void {
      const known = familyNames.get(name);
      if (known !== undefined && known.type !== type) {
        known.answered++;
        return;
      }
      if (known === undefined && familyNames.size >= MAX_FAMILY_NAMES) return;
      const missed = known ?? { type, lookups: 0, tries: 0, answered: 0 };
      missed.lookups++;
      missed.tries += sends.filter(({ attempt }) => attempt.type === type && attempt.name === name).length;
      familyNames.set(name, missed);
    }

    function groupOf(lookup: Lookup, analysis: LossAnalysis): LossGroup {
      const { shape, server, backend, family } = analysis;
      const kind = family === null ? '' : `${family.type} ${family.how} ${family.name}`;
      const keyOf = (client: string, name: string): string =>
        `${lookup.input}|${client}|${server}|${backend ?? ''}|${shape}|${name}`;
      const key = keyOf(lookup.client, kind);
      const known = groups.get(key);
      if (known !== undefined) return known;
      const full = groups.size >= MAX_GROUPS;
      const place = full ? keyOf(OTHERS, '') : key;
      const shared = groups.get(place);
      if (shared !== undefined) return shared;
      const group = createLossGroup(lookup, full ? OTHERS : lookup.client, analysis, full ? null : family);
      groups.set(place, group);
      return group;
    }

    return Object.assign(hand, {
      input(input) {
        inputs.set(input.input, input);
      },
      connection({ input, packets, bytes, retransmissions }) {
        if (packets.client > 0 && packets.server > 0) twoSided.add(input);
        // Who gets no acknowledgement sends again, and nothing else.
        else if (bytes.client > 0 && retransmissions.client === 0) oneSided.add(input);
      },
      ordinary(lookup) {
        const client = count(lookup);
        if (pending.count > 0) pending.settle(false);
        if (familyNames.size > 0) plain(lookup);
        else ordinaryPair(lookup);
        client.ordinary++;
        client.pairs++;
        client.fineAt = lookup.startedAt;
        client.heard = true;
        ordinaryLookups++;
      },
      unusual(lookup) {
        const client = count(lookup);
        hand.current = null;
        hand.disturbed = false;
        hand.explained = false;
        hand.slowest = nanoseconds(0);
        if (pending.count > 0) pending.settle(false);
        countHalf(client, lookup);
        if (isPlain(lookup)) {
          client.heard = true;
          client.fineAt = lookup.startedAt;
          plain(lookup);
          return;
        }
        const current = takeApart(lookup);
        hand.current = current;
        hand.disturbed = current.toldAt > NEVER || isLossy(current) || current.family !== null;
        hand.explained = current.failed;
        pending.take(lookup, current, usualOf(lookup));
      },
      ordinaryOf(of) {
        if (of === undefined) return ordinaryLookups;
        const own = new Set(of.map(({ input, client }) => clients.get(input, client)));
        return [...own].reduce((sum, client) => sum + (client?.ordinary ?? 0), 0);
      },
      lookupsOf(input, { kind, name }) {
        if (kind === 'client') return clients.get(input, name)?.lookups ?? hand.lookups;
        if (kind === 'server') {
          const server = servers.get(input, name);
          return server === undefined ? hand.lookups : Math.max(1, server.lookups + server.plainPairs);
        }
        return hand.lookups;
      },
      analyse: (lookup) => takeApart(lookup),
      usual: (input, server) => servers.get(input, server)?.delays.quantile(0.5) ?? nanoseconds(0),
      servers: allServers,
      fineAt: ({ input, client }) => clients.get(input, client)?.fineAt ?? NEVER,
      families: () => clients.all(),
      counts() {
        const sum = createLossCounts();
        for (const { counts } of [...allServers(), ...groups.values()]) addLossCounts(sum, counts);
        return sum;
      },
      finish: () => pending.settle(true),
      verdicts() {
        pending.settle(true);
        const blind = { isOneSided, isTwoSided, isUnheard };
        return judgeLosses([...groups.values()], allServers(), servers.of, familyNames, blind);
      },
    } satisfies Omit<Losses, keyof InHand>);
  },
});

/** The lookup in hand lost nothing at this server. */
function wasFine(server: ServerRecord): void {
  if (!server.lastWasLossy) return;
  server.lastWasLossy = false;
  server.alternations++;
}

/** It waited for an answer that did not come in time. */
const isLossy = ({ shape }: LossAnalysis): boolean => shape !== 'answered' && shape !== 'unheard';
