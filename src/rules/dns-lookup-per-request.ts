import { formatDuration } from '../base/text.ts';
import { at, nanoseconds, seconds, type Duration, type Timestamp } from '../base/time.ts';
import { isOpened } from '../model/connection.ts';
import type { Evidence } from '../model/finding.ts';
import { isDnsAlone } from '../model/input.ts';
import { copyLookup, GO_ON_WITHIN, type Lookup } from '../model/lookup.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, lookupPackets } from './support/evidence.ts';
import { advice, eitherOf, nodeLocalCache } from './support/fixes.ts';
import { losses } from './support/lookups/losses.ts';
import { nodeCache } from './support/lookups/node-cache.ts';
import { wireSetting } from './support/settings.ts';
import { isProbe } from '../model/probe.ts';
import { isHabit, type OccurrencesOf, parts, reportedLookups } from './support/subjects.ts';
import { lookupTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { walkOf } from './support/lookups/walk.ts';

// Whatever the answer says of its life: who asks again within a second could have kept it.
const LEAST_HELD = seconds(1);
// A connection that a lookup was for begins at once.
const CONNECTS_WITHIN = seconds(1);
// A few may be processes that start.
const LEAST_COUNT = 5;
// "Per request": nearly each call that was read, not each of a pool's connections.
const PER_CALL = 0.75;
// What one client asks for is a handful of names; beyond, nothing is said.
const MAX_NAMES = 256;
// Lookups and connections kept for each; a habit shows in the first few hundred.
const MAX_KEPT = 1024;
// Of all clients together: some 20 MB.
const MAX_KEPT_OF_ALL = 1 << 14;
// Beyond, clients are counted no more; names run out long before.
const MAX_CLIENTS_ASKING = 1 << 12;
const MAX_CLIENTS = 256;
// Connections whose first call was a health check and that have not ended yet.
const MAX_PROBES = 1 << 12;

interface Asked {
  readonly client: Client;
  readonly name: string;
  lookups: Lookup[];
}

interface Client {
  readonly input: number;
  readonly client: string;
  readonly names: Map<string, Asked>;
  /** By server. */
  readonly calls: Map<string, { count: number }>;
}

interface Opened {
  readonly server: string;
  readonly startedAt: Timestamp;
}

export default defineRule({
  id: 'dns-lookup-per-request',
  title: 'The same name is looked up again for each connection',
  category: 'dns',
  sees: ['dns', 'tcp'],
  messages: {
    repeated:
      '{count} of {total:lookup} asked for {name} again while its answer still held ({ttl:duration}), each before a new connection',
    uncached:
      '{count} of {total:lookup} asked for {name} again at once, each before a new connection: its answers may be kept for {ttl:duration} only',
    clear: 'no name is looked up again and again while its answer holds ({total:lookup})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    const cache = fact(nodeCache);
    const { routes } = fact(traffic);
    const clients = new Map<string, Client[]>();
    const opened = new Map<string, Opened[]>();
    let last: Client | null = null;
    const all: Asked[] = [];
    let clientCount = 0;
    let servers = 0;
    let kept = 0;
    const probes = new Set<string>();
    let total = 0;
    let connections = 0;

    function clientOf({ input, client }: Pick<Lookup, 'input' | 'client'>): Client | null {
      if (last !== null && last.client === client && last.input === input) return last;
      const ofAddress = clients.get(client) ?? [];
      last = ofAddress.find((one) => one.input === input) ?? null;
      if (last !== null || clientCount >= MAX_CLIENTS_ASKING) return last;
      clientCount++;
      last = { input, client, names: new Map(), calls: new Map() };
      ofAddress.push(last);
      clients.set(client, ofAddress);
      return last;
    }

    /** Calls of the client to a server: health checks are asked on connections of their own, as they are meant to. */
    function callsTo({ input, client, calls }: Client, server: string): number {
      const unusual = calls.get(server)?.count;
      if (unusual === undefined) return 0;
      return routes.all.reduce((sum, { peer, isProbe: isCheck, count }) => {
        const isOwn = peer.input === input && peer.client === client && peer.address === server && !isCheck;
        return isOwn ? sum + count : sum;
      }, unusual);
    }

    return {
      lookup(lookup) {
        total++;
        if (lookup.outcome !== 'ok' || kept >= MAX_KEPT_OF_ALL) return;
        if (isDnsAlone(total, inputs[lookup.input])) return;
        const client = clientOf(lookup);
        if (client === null) return;
        let asked = client.names.get(lookup.name);
        if (asked === undefined) {
          if (all.length >= MAX_NAMES) return;
          asked = { client, name: lookup.name, lookups: [] };
          client.names.set(lookup.name, asked);
          all.push(asked);
        }
        if (asked.lookups.length >= MAX_KEPT) return;
        kept++;
        asked.lookups.push(copyLookup(lookup));
      },
      unusualExchange(exchange) {
        if (isProbe(exchange)) {
          if (exchange.place === 0 && probes.size < MAX_PROBES) probes.add(exchange.connection);
          return;
        }
        const calls = clientOf(exchange)?.calls;
        const known = calls?.get(exchange.server);
        if (known !== undefined) known.count++;
        else if (servers < MAX_CLIENTS) {
          servers++;
          calls?.set(exchange.server, { count: 1 });
        }
      },
      connection(connection) {
        const isProbed = probes.delete(connection.id);
        if (!isOpened(connection)) return;
        connections++;
        // A health check asks and connects each time, as it is meant to.
        if (isProbed && connection.exchanges === 1) return;
        const key = `${connection.input}|${connection.client}`;
        const known = opened.get(key) ?? [];
        if (known.length >= MAX_KEPT || (known.length === 0 && opened.size >= MAX_CLIENTS)) return;
        known.push({ server: connection.server, startedAt: connection.startedAt });
        opened.set(key, known);
      },
      finish() {
        const groups: (OccurrencesOf<Lookup> & { asked: Asked; ttl: Duration })[] = [];
        for (const asked of all) {
          const { input, client } = asked.client;
          const { repeated, followed } = repeatedOf(asked, opened.get(`${input}|${client}`) ?? []);
          const [first] = repeated;
          if (first === undefined || repeated.length < LEAST_COUNT) continue;
          // A connection that serves many calls is looked up for once: that is no habit of the calls.
          const made = first.answers.reduce((sum, answer) => sum + callsTo(asked.client, answer), 0);
          if (followed < PER_CALL * made) continue;
          const tally = lookupTally();
          for (const lookup of repeated) tally.add(lookup, costOf(lookup), lookupPackets);
          groups.push({ input, client, server: asked.name, tally, asked, ttl: ttlOf(first) });
        }
        const found = parts(groups, ({ client }) => ({ kind: 'client', name: client }));
        for (const { groups: own, tally, subject, input } of found) {
          const { asked, ttl } = own.reduce((most, group) => (group.tally.count > most.tally.count ? group : most));
          const of = seen.lookupsOf(input, subject);
          const example = tally.dearest;
          report({
            message: ttl < LEAST_HELD ? 'uncached' : 'repeated',
            data: { count: tally.count, total: of, name: asked.name, ttl },
            ...reportedLookups({ input, subject, tally }, of),
            confidence: 'certain',
            confidenceBecause:
              ttl < LEAST_HELD
                ? 'each came within a second of the answer before, and a connection followed at once'
                : 'each came within the time-to-live of the answer before, and a connection followed at once',
            evidence: repeatEvidence(example),
            because: [
              wireSetting(
                'resolver',
                'cache in the client',
                'none, or emptied',
                `asked again within ${formatDuration(Math.max(ttl, LEAST_HELD))}`,
              ),
              wireSetting('client', 'connections', 'a new one for each call, which asks first'),
            ],
            fix: [
              advice(
                'code',
                'keep connections open and use them again: then nothing is looked up',
                `the workload of ${subject.name}`,
                'open a connection for each call again',
              ),
              ...nodeLocalCache(cache.isIn(input)),
            ],
            whatIf: { method: 'each affected lookup answered from a cache' },
            alone: eitherOf('connections that are kept', 'a cache in the client'),
            errors: 0,
            habit: isHabit(tally.count, of),
          });
        }
        if (found.length > 0) return;
        if (connections === 0) {
          return unobservable({
            why: 'no connection opens within the capture, so lookups can’t be put to any',
            capture: null,
          });
        }
        clear('clear', { total }, { count: total, unit: 'lookups' });
      },
    };
  },
});

interface Repeated {
  readonly repeated: Lookup[];
  /** Connections that began with their answers: several callers may wait for one lookup (single flight). */
  readonly followed: number;
}

/** Lookups whose answer the client had already, and that a connection of their own followed. */
function repeatedOf({ lookups }: Asked, opened: readonly Opened[]): Repeated {
  const repeated: Lookup[] = [];
  let followed = 0;
  // Connections come when they end; each is for one lookup, the first that it can be for.
  const free = opened.toSorted((a, b) => a.startedAt - b.startedAt);
  let held = at(-Infinity);
  for (const lookup of lookups) {
    const end = lookup.startedAt + lookup.duration;
    const isHeld = lookup.startedAt < held;
    const ttl = ttlOf(lookup);
    held = at(end + Math.max(ttl, LEAST_HELD));
    const own = free.findIndex((connection) => isFor(lookup, end, connection));
    if (own < 0) continue;
    const [first] = free.splice(own, 1) as [Opened];
    let count = 1;
    // Who waited with it goes on with it.
    while (own < free.length && isFor(lookup, end, free[own] as Opened) && isWith(first, free[own] as Opened)) {
      free.splice(own, 1);
      count++;
    }
    if (!isHeld) continue;
    repeated.push(lookup);
    followed += count;
  }
  return { repeated, followed };
}

const isWith = (first: Opened, { startedAt }: Opened): boolean => startedAt - first.startedAt <= GO_ON_WITHIN;

/** What its search for names that cannot exist takes has a cause of its own (`dns-search-walk`). */
const costOf = (lookup: Lookup): Duration => nanoseconds(lookup.duration - (walkOf(lookup)?.cost ?? 0));

const isFor = ({ answers }: Lookup, end: number, { server, startedAt }: Opened): boolean =>
  startedAt >= end && startedAt - end <= CONNECTS_WITHIN && answers.includes(server);

/** How long its answer holds: the least of what came. */
function ttlOf({ attempts }: Lookup): Duration {
  const known = attempts.filter(({ ttl, answerCount }) => ttl >= 0 && answerCount > 0).map(({ ttl }) => ttl);
  return nanoseconds(known.length === 0 ? 0 : seconds(Math.min(...known)));
}

function repeatEvidence(example: Lookup | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  return [
    {
      says: `${example.name} asked again, answered in ${formatDuration(example.duration)}`,
      packets: lookupPackets(example),
    },
  ];
}
