import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../src/model/user-error.ts';
import type { Protocol } from '../src/protocols/protocol.ts';
import { createProtocols } from '../src/protocols/registry.ts';
import { filesBelow, PUBLIC } from './public/folder.ts';
import { type Dialogue, readDialogues, replay } from './support/dialogues.ts';

/*
 * All against all: at each segment of each connection every protocol is asked, as at a
 * connection's start and as in its midst. None may take another's bytes for its own.
 */

const FOLDER = join(import.meta.dirname, 'corpora/upstream');
const OTHERS = ['net', 'tls'].map((name) => join(import.meta.dirname, 'corpora', name));
const PROTOCOLS = createProtocols();
const DATABASES: ReadonlySet<string> = new Set(['postgresql', 'mysql', 'redis', 'kafka', 'mongodb', 'memcached']);
const isDatabase = ({ id }: Protocol): boolean => DATABASES.has(id);

const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.pcap'));
const own = (name: string): string => name.split('.')[0] as string;

/** Who says yes to a segment, by its id, and how often. */
function claims({ said }: Dialogue, protocols: readonly Protocol[], fromStart: boolean): Map<string, number> {
  const found = new Map<string, number>();
  for (const { from, bytes } of said) {
    if (bytes === undefined || bytes.length === 0) continue;
    for (const { id, recognise } of protocols) {
      if (recognise(from, bytes, 0, bytes.length, fromStart) === 'yes') found.set(id, (found.get(id) ?? 0) + 1);
    }
  }
  return found;
}

describe('databases', () => {
  it.each(NAMES)('%s is claimed by its own protocol only', async (name) => {
    for (const dialogue of await readDialogues(join(FOLDER, name))) {
      for (const fromStart of [true, false]) {
        const found = [...claims(dialogue, PROTOCOLS, fromStart).keys()].filter((id) => id !== own(name));
        expect(found).toEqual(name.endsWith('.tls.pcap') ? ['tls'] : []);
      }
    }
  });

  it.each(NAMES)('%s is known by what either side says first', async (name) => {
    const protocol = PROTOCOLS.find(({ id }) => id === own(name)) as Protocol;
    for (const { said } of await readDialogues(join(FOLDER, name))) {
      const first = said.filter(({ bytes }) => bytes !== undefined).slice(0, 6);
      const answers = first.map(({ from, bytes = new Uint8Array() }) =>
        protocol.recognise(from, bytes, 0, bytes.length, true),
      );
      expect(answers).toContain('yes');
    }
  });
});

/** Begins with the segments that one side or the other says, and compares what follows. */
function fromTheMiddle(dialogue: Dialogue) {
  const whole = replay(dialogue, dialogue.said).exchanges;
  const counts = { asked: 0, wrong: 0, lost: 0 };
  const cut: Dialogue = { ...dialogue, connection: { ...dialogue.connection, syns: [], synAcks: [] } };
  for (let from = 1; from < dialogue.said.length; from++) {
    const rest = dialogue.said.slice(from);
    const begun = rest[0]?.arrival.time ?? 0;
    const found = replay(cut, rest).exchanges;
    for (const exchange of whole) {
      // What began before, or in the packet that is split, was not seen whole.
      if (exchange.startedAt <= begun || exchange.method === 'AUTHENTICATE') continue;
      counts.asked++;
      const same = found.find(
        (one) =>
          one.startedAt === exchange.startedAt &&
          one.packets[0] === exchange.packets[0] &&
          one.packets.at(-1) === exchange.packets.at(-1) &&
          one.responseBytes === exchange.responseBytes,
      );
      if (same === undefined) {
        const other = found.find(
          (one) => one.startedAt === exchange.startedAt && (one.outcome === 'ok' || one.outcome === 'error'),
        );
        if (
          other === undefined ||
          whole.some((one) => one.startedAt === other.startedAt && one.duration === other.duration)
        )
          counts.lost++;
        else counts.wrong++;
      } else if (
        same.outcome !== exchange.outcome ||
        same.duration !== exchange.duration ||
        same.error !== exchange.error
      )
        counts.wrong++;
    }
  }
  return counts;
}

/** What can't be helped. */
const LOST: Readonly<Record<string, { count: number; because: string }>> = {
  'mysql.connector.pcap': { count: 3, because: 'a statement that is run is told by the next command that is a text' },
  'redis.listeners.pcap': {
    count: 4,
    because: 'commands that are typed, and what pours out of a MONITOR, are like any line',
  },
};

describe('from the midst of a connection', () => {
  it.each(NAMES.filter((name) => !name.endsWith('.tls.pcap')))('%s is found again', async (name) => {
    const sum = { asked: 0, wrong: 0, lost: 0 };
    for (const dialogue of await readDialogues(join(FOLDER, name))) {
      const { asked, wrong, lost } = fromTheMiddle(dialogue);
      sum.asked += asked;
      sum.wrong += wrong;
      sum.lost += lost;
    }
    expect(sum).toMatchObject({ wrong: 0, lost: LOST[name]?.count ?? 0 });
    expect(sum.asked).toBeGreaterThan(0);
  });
});

/** Captures of public sets that do hold databases' connections. */
const HOLDS_DATABASES =
  /flow_generator\/(postgre|mysql|redis|kafka|mongo|memcached)\/|resp_\d|postgres\.pcapng|mysql\.pcapng|pcapng-example|insecure\.pcap|one_tcp_stream_fin_rst/;

describe('what others say', () => {
  const captures = OTHERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.pcap/.test(name) && !/sql/.test(name))
      .map((name) => join(folder, name)),
  );
  it('is no database: HTTP, gRPC, TLS', async () => {
    for (const path of captures) {
      // oxlint-disable-next-line no-await-in-loop -- one file at a time
      for (const dialogue of await readDialogues(path))
        expect([...claims(dialogue, PROTOCOLS.filter(isDatabase), false).keys()], path).toEqual([]);
    }
    expect(captures.length).toBeGreaterThan(50);
  }, 120_000);

  it.skipIf(!existsSync(PUBLIC))(
    'is no database: public captures of some fifty protocols',
    async () => {
      const wrong: string[] = [];
      let connections = 0;
      for (const name of filesBelow(PUBLIC)) {
        if (!/cap(\.gz)?$|pcapng/.test(name) || HOLDS_DATABASES.test(name)) continue;
        let dialogues: Dialogue[] = [];
        try {
          // oxlint-disable-next-line no-await-in-loop -- one file at a time
          dialogues = await readDialogues(join(PUBLIC, name));
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
        connections += dialogues.length;
        for (const dialogue of dialogues)
          for (const fromStart of [true, false])
            for (const [id, count] of claims(dialogue, PROTOCOLS.filter(isDatabase), fromStart))
              wrong.push(`${name} ${dialogue.connection.serverPort} ${fromStart} ${id} ×${count}`);
      }
      expect(wrong).toEqual([]);
      expect(connections).toBeGreaterThan(1000);
    },
    120_000,
  );
});
