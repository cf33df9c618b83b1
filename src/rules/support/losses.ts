import { nanoseconds, type Duration } from '../../base/time.ts';
import type { Subject } from '../../model/finding.ts';
import { RR_TYPE, type Attempt, type Lookup } from '../../model/lookup.ts';
import type { Observer } from '../../model/observer.ts';
import { defineFact } from './define-rule.ts';
import { addLossCounts, createLossCounts, type LossCounts } from './loss-counts.ts';
import { addLookup, createServerRecord, OTHERS, usualDelay, type LossGroup, type ServerRecord } from './loss-groups.ts';
import { analyseLosses, isError, type FamilyFault, type LossAnalysis } from './loss-shape.ts';
import { judgeLosses, type Verdict } from './loss-verdict.ts';
import { isPair, type PairContext } from './pair.ts';
import { isPlain } from './sends.ts';
import { Tally } from './tally.ts';

// More servers than any resolv.conf holds, on a node with pods of many kinds; later ones share one place.
const MAX_SERVERS = 256;
// One for each client, server and shape; a cluster's worth of clients shares the rest.
const MAX_GROUPS = 512;
const MAX_CLIENTS = 4096;
// Names whose one family was missed at least once.
const MAX_FAMILY_NAMES = 1024;

interface ClientRecord {
  readonly input: number;
  readonly name: string;
  lookups: number;
  /** One of its lookups lost something. */
  lost: boolean;
}

export interface Losses extends Observer {
  lookup(lookup: Lookup): void;
  readonly lookups: number;
  /** All lookups of the subject's client, at its server or, for other subjects, of the input. */
  lookupsOf(input: number, subject: Subject): number;
  /** Takes a kept lookup apart once more. */
  analyse(lookup: Lookup): LossAnalysis;
  servers(): ServerRecord[];
  /** What happened to all queries. */
  counts(): LossCounts;
  /** How long answers of this server usually take: their median, 0 where none was seen. */
  usual(input: number, server: string): Duration;
  /** The lookup in hand lost something, or misses a family: its waits are not the server's speed. */
  disturbs(lookup: Lookup): boolean;
  /** The lookup in hand failed because of unanswered queries: no other rule's error. */
  explains(lookup: Lookup): boolean;
  /** The cause of each group of lossy lookups, from all that was seen so far. */
  verdicts(): Verdict[];
}

/**
 * Why queries stay unanswered: one classification that five rules share, so that no lookup is
 * counted by two of them. Plain lookups only count; each other lookup is taken apart at once and
 * added to the group of its like, so memory is bounded and nothing is left out.
 */
export const losses = defineFact({
  id: 'losses',
  create(): Losses {
    let lookups = 0;
    const servers = new Map<number, Map<string, ServerRecord>>();
    const groups = new Map<string, LossGroup>();
    const clients = new Map<number, Map<string, ClientRecord>>();
    /** Of the lookup in hand. */
    const context: PairContext = { resolver: 'unknown', lostBefore: false };
    const familyNames = new Map<string, { type: number; lookups: number; answered: number }>();
    let last: ServerRecord | null = null;
    let failedId = '';
    let disturbedId = '';
    let serverCount = 0;
    let clientCount = 0;
    let lastClient: ClientRecord = { input: -1, name: '', lookups: 0, lost: false };

    function record(input: number, server: string): ServerRecord {
      if (last !== null && last.server === server && last.input === input) return last;
      let ofInput = servers.get(input);
      if (ofInput === undefined) servers.set(input, (ofInput = new Map()));
      let known = ofInput.get(server);
      if (known === undefined) {
        const name = serverCount < MAX_SERVERS ? server : OTHERS;
        known = ofInput.get(name);
        if (known === undefined) {
          known = createServerRecord(input, name);
          ofInput.set(name, known);
          serverCount++;
        }
      }
      last = known;
      return known;
    }

    /** The server's record, with the lookup in hand counted. */
    function asked(input: number, server: string): ServerRecord {
      const known = record(input, server);
      if (known.countedAt !== lookups) {
        known.countedAt = lookups;
        known.lookups++;
      }
      return known;
    }

    const allServers = (): ServerRecord[] => [...servers.values()].flatMap((ofInput) => [...ofInput.values()]);

    function clientOf(input: number, client: string): ClientRecord {
      if (lastClient.name === client && lastClient.input === input) return lastClient;
      let ofInput = clients.get(input);
      if (ofInput === undefined) clients.set(input, (ofInput = new Map()));
      let known = ofInput.get(client);
      if (known === undefined) {
        known = { input, name: client, lookups: 0, lost: false };
        if (clientCount >= MAX_CLIENTS) return known;
        clientCount++;
        ofInput.set(client, known);
      }
      lastClient = known;
      return known;
    }

    function plain(lookup: Lookup): void {
      const { attempts } = lookup;
      let server: ServerRecord | null = null;
      let port = -1;
      for (let index = 0; index < attempts.length; index++) {
        const attempt = attempts[index] as Attempt;
        if (server === null || server.server !== attempt.server) {
          server = asked(lookup.input, attempt.server);
          port = -1;
        }
        const { counts } = server;
        server.queries++;
        server.answered++;
        if (attempt.type === RR_TYPE.A) server.answeredA++;
        else if (attempt.type === RR_TYPE.AAAA) server.answeredAaaa++;
        server.delays.add(attempt.repliedAt - attempt.sentAt);
        if (attempt.transport !== 'udp') continue;
        if (attempt.clientPort === port) {
          counts.followingSent++;
          continue;
        }
        port = attempt.clientPort;
        counts.freshSent++;
        const next = attempts[index + 1];
        if (next === undefined || next.clientPort !== port) continue;
        context.resolver = lookup.resolver;
        if (isPair(attempt, next, context)) counts.pairsFine++;
      }
      if (familyNames.size > 0) {
        for (const attempt of attempts) {
          const missed = familyNames.get(attempt.name);
          if (missed !== undefined && missed.type === attempt.type) missed.answered++;
        }
      }
      const own = record(lookup.input, lookup.server);
      if (own.lastWasLossy) {
        own.lastWasLossy = false;
        own.alternations++;
      }
    }

    const slowestUsual = (input: number) => (server: string) => record(input, server).delays.quantile(0.9);

    /** Whether it lost something. */
    function lossy(lookup: Lookup): boolean {
      const analysis = analyseLosses(lookup, slowestUsual(lookup.input), context.lostBefore);
      for (const send of analysis.sends) {
        const server = asked(lookup.input, send.attempt.server);
        server.queries++;
        if (send.fate === 'answered' || send.fate === 'late') {
          server.answered++;
          if (send.fate === 'answered') server.delays.add(send.answeredAt - send.at);
          if (isError(send.attempt.rcode)) continue;
          if (send.attempt.type === RR_TYPE.A) server.answeredA++;
          else if (send.attempt.type === RR_TYPE.AAAA) server.answeredAaaa++;
        } else if (send.fate === 'unreachable') server.unreachable++;
        else if (send.fate === 'lost' && send.waitedUntil < lookup.startedAt + lookup.duration) server.askedAgain++;
      }
      const server = record(lookup.input, lookup.server);
      const wasLossy = analysis.shape !== 'answered';
      if (wasLossy !== server.lastWasLossy) {
        server.lastWasLossy = wasLossy;
        server.alternations++;
      }
      const { family } = analysis;
      if (analysis.failed) failedId = lookup.id;
      if (wasLossy || family !== null) disturbedId = lookup.id;
      if (family !== null) countFamilyName(family);
      addLookup(groupOf(lookup, analysis), lookup, analysis, usualDelay(server));
      return wasLossy;
    }

    function countFamilyName(family: FamilyFault): void {
      const known = familyNames.get(family.name);
      if (known === undefined) {
        if (familyNames.size < MAX_FAMILY_NAMES) {
          familyNames.set(family.name, { type: family.type, lookups: 1, answered: 0 });
        }
      } else if (known.type === family.type) known.lookups++;
      else known.answered++;
    }

    function groupOf(lookup: Lookup, analysis: LossAnalysis): LossGroup {
      const { shape, server, family } = analysis;
      const kind = family === null ? '' : `${family.type} ${family.how} ${family.name}`;
      const keyOf = (client: string, name: string): string => `${lookup.input}|${client}|${server}|${shape}|${name}`;
      const key = keyOf(lookup.client, kind);
      const known = groups.get(key);
      if (known !== undefined) return known;
      if (groups.size < MAX_GROUPS) return begin(key, lookup, lookup.client, analysis, family);
      const rest = keyOf(OTHERS, '');
      return groups.get(rest) ?? begin(rest, lookup, OTHERS, analysis, null);
    }

    function begin(
      key: string,
      lookup: Lookup,
      client: string,
      { server, shape }: LossAnalysis,
      family: FamilyFault | null,
    ): LossGroup {
      const group: LossGroup = {
        input: lookup.input,
        client,
        server,
        shape,
        family,
        counts: createLossCounts(),
        tally: new Tally(),
        errors: 0,
        lostBeforeDnat: 0,
        resolvers: new Map(),
      };
      groups.set(key, group);
      return group;
    }

    return {
      lookup(lookup) {
        lookups++;
        const client = clientOf(lookup.input, lookup.client);
        client.lookups++;
        context.lostBefore = client.lost;
        if (isPlain(lookup)) plain(lookup);
        else if (lossy(lookup)) client.lost = true;
      },
      get lookups() {
        return lookups;
      },
      lookupsOf(input, { kind, name }) {
        if (kind === 'client') return clients.get(input)?.get(name)?.lookups ?? lookups;
        if (kind === 'server') return Math.max(1, servers.get(input)?.get(name)?.lookups ?? lookups);
        return lookups;
      },
      analyse: (lookup) => analyseLosses(lookup, slowestUsual(lookup.input), false),
      usual: (input, server) => servers.get(input)?.get(server)?.delays.quantile(0.5) ?? nanoseconds(0),
      disturbs: (lookup) => lookup.id === disturbedId,
      explains: (lookup) => lookup.id === failedId,
      servers: allServers,
      counts() {
        const sum = createLossCounts();
        for (const { counts } of [...allServers(), ...groups.values()]) addLossCounts(sum, counts);
        return sum;
      },
      verdicts: () => judgeLosses([...groups.values()], allServers(), record, familyNames),
    };
  },
});
