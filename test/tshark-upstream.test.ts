import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Exchange, EXCHANGE_PROTOCOLS, isRead } from '../src/model/exchange.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * Databases' requests and answers as tshark has them: the packet of each, how long it took, what
 * kind it was, which error. See `corpora/oracles/upstream.md`.
 */

interface Pair {
  asked: number;
  answered: number | null;
  nanoseconds: number | null;
  kind: string | null;
  error: string | null;
}

interface Difference {
  /** What only tshark has. */
  theirs?: number;
  /** What only we have. */
  ours?: number;
  because: string;
}

const ORACLE = new URL('corpora/oracles/upstream.json.gz', import.meta.url);
const OWN = join(import.meta.dirname, 'corpora/upstream');
const SHARED = join(import.meta.dirname, '../../shared/captures');
const DEEPFLOW = 'public/deepflow/agent/resources/test/flow_generator';
const { captures } = JSON.parse(gunzipSync(readFileSync(ORACLE)).toString()) as { captures: Record<string, Pair[]> };
// tshark prints times that were subtracted as floating numbers of seconds.
const ROUNDING = 2;
const DATABASES: ReadonlySet<string> = new Set(EXCHANGE_PROTOCOLS.slice(4).filter(isRead));

const NEWER_KAFKA = 'versions of Kafka that tshark 4.0 does not read';
const PORTS = 'the capture begins in the midst, and the server has the higher port';
const FLUSH = 'prepared behind a Flush, which the oracle does not follow: only a Sync';

/** By capture. */
const EXPLAINED: Readonly<Record<string, Difference>> = {
  'own/kafka.python.pcap': { ours: 30, because: NEWER_KAFKA },
  'own/mysql.pymysql.pcap': { theirs: 2, ours: 1, because: 'tshark takes a file that the client sends for a command' },
  'own/postgresql.drivers.pcap': { ours: 3, because: FLUSH },
  'own/redis.listeners.pcap': {
    theirs: 2,
    ours: 1,
    because: 'messages to a subscriber, and the end of it, are one exchange',
  },
  'postgre/prepare_stat.pcap': { theirs: 1, ours: 1, because: 'the packets between are not there: this is no answer' },
  'mysql/partial-packet-compressed.pcap': { theirs: 1, because: PORTS },
  'redis/redis.pcap': { theirs: 1, ours: 1, because: "the value's last two octets are not in the capture" },
  'kafka/00-produce-v9.pcap': { ours: 1, because: NEWER_KAFKA },
  'kafka/01-fetch-v12-ok.pcap': { ours: 1, because: NEWER_KAFKA },
  'kafka/01-fetch-v12-perf.pcap': { ours: 1, because: NEWER_KAFKA },
  'kafka/01-fetch-v12-unknown.pcap': { ours: 1, because: NEWER_KAFKA },
  'kafka/11-join-group-v7.pcap': { theirs: 1, because: PORTS },
  'kafka/14-sync-group-v5.pcap': { theirs: 1, because: PORTS },
  'kafka/mixed-with-unsupported.pcap': { ours: 1, because: NEWER_KAFKA },
  'memcached/memcached.pcap': { theirs: 1, because: 'nothing answers a quit: it is no exchange' },
};
/** Not among the oracle's commands. */
const SIGNING_IN: readonly string[] = ['STARTTLS', 'AUTHENTICATE', 'CANCEL'];

/** SQL text, a command's number, or a name as tshark has it, as the beginning of ours. */
const COMMANDS: Readonly<Record<string, string>> = {
  2: 'USE',
  4: 'FIELD_LIST',
  14: 'PING',
  22: 'PREPARE',
  26: 'RESET',
};

const close = (one: number, other: number | null): boolean => other !== null && Math.abs(one - other) <= ROUNDING;

function agrees(exchange: Exchange, { asked, answered, nanoseconds, error }: Pair): boolean {
  const { packets, startedAt, duration, requestedAt } = exchange;
  if (answered === null) return packets.includes(asked) && Number.isNaN(exchange.firstByteAt);
  if (!packets.includes(asked) || packets.at(-1) !== answered) return false;
  if (error !== null && exchange.error !== error) return false;
  // What follows a COPY is of the request, too: tshark counts from its first packet.
  return close(startedAt + duration - requestedAt, nanoseconds) || close(duration, nanoseconds);
}

const KINDS: Readonly<Record<string, (kind: string) => RegExp | null>> = {
  mysql: (kind) => (COMMANDS[kind] === undefined ? null : new RegExp(`^${COMMANDS[kind]}$`)),
  redis: (kind) => (/^[A-Z]+$/i.test(kind) ? new RegExp(`^(${kind.toUpperCase()}|COMMAND)$`) : null),
  mongodb: (kind) => new RegExp(`^(${kind}|COMMAND)$`),
  memcached: (kind) => (kind === 'MEMCACHE' ? null : new RegExp(`^${kind.toLowerCase().slice(0, 3)}`)),
};

function compare(exchanges: readonly Exchange[], pairs: readonly Pair[]) {
  const left = new Set(exchanges);
  const theirs: Pair[] = [];
  for (const pair of pairs) {
    const found = exchanges.find((exchange) => left.has(exchange) && agrees(exchange, pair));
    if (found === undefined) {
      theirs.push(pair);
      continue;
    }
    left.delete(found);
    const kind = pair.kind === null ? null : KINDS[found.protocol]?.(pair.kind);
    if (kind instanceof RegExp) expect(found.method).toMatch(kind);
    // What was asked in the same packet, which is one turn to tshark.
    for (const exchange of left) if (isWithin(exchange, pair)) left.delete(exchange);
  }
  return { theirs, ours: [...left].filter(({ method }) => !SIGNING_IN.includes(method)) };
}

const isWithin = ({ packets, protocol }: Exchange, { asked, answered }: Pair): boolean =>
  (protocol === 'redis' || protocol === 'memcached') &&
  (packets[0] ?? 0) <= asked &&
  (packets.at(-1) ?? 0) <= (answered ?? 0) &&
  (packets.at(-1) ?? 0) > asked;

describe('tshark has the same exchanges and times', () => {
  for (const [name, pairs] of Object.entries(captures)) {
    const path = name.startsWith('own/') ? join(OWN, name.slice('own/'.length)) : join(SHARED, name);
    const explained = EXPLAINED[name.replace(`${DEEPFLOW}/`, '')];
    it.skipIf(!existsSync(path))(
      `${name.replace(`${DEEPFLOW}/`, '')}${explained ? `: ${explained.because}` : ''}`,
      async () => {
        const { exchanges } = await readExchanges(path);
        const { theirs, ours } = compare(
          exchanges.filter(({ protocol }) => DATABASES.has(protocol)),
          pairs,
        );
        const shown = {
          theirs: theirs.map(({ asked, answered, kind }) => `${asked} → ${answered} ${kind}`),
          ours: ours.map(({ packets, method }) => `${packets.join(',')} ${method}`),
        };
        expect({ theirs: theirs.length, ours: ours.length }, JSON.stringify(shown)).toEqual({
          theirs: explained?.theirs ?? 0,
          ours: explained?.ours ?? 0,
        });
      },
    );
  }
});
