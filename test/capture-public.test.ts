import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AddressTable } from '../src/base/addresses.ts';
import { openInput } from '../src/capture/open.ts';
import type { OpenedInput } from '../src/model/source.ts';
import { UserError } from '../src/model/user-error.ts';

const FOLDER = join(import.meta.dirname, '../../shared/captures/public');
const ORACLE = join(import.meta.dirname, 'corpora/oracles/public-packet-counts.json');

/** Where another count than tshark's is right; tshark stops at the first record that cannot be one. */
const EXPLAINED: Readonly<Record<string, { packets: number; because: string }>> = {
  'pcap_file_ex/test/fixtures/corrupted.pcap': { packets: 48, because: 'the place is found again behind the damage' },
  igmplayer: { packets: 16, because: 'the place is found again behind the damage' },
  'crash-exception-cast-constructed-record': { packets: 2, because: 'the place is found again behind the damage' },
  'crash-8534c61cdf5987482365d7877ade12eef5aaf8b7': { packets: 1, because: 'a record of zeros is no packet' },
  'clusterfuzz-testcase-minimized-FuzzTarget-5717750942269440': {
    packets: 0,
    because: 'a record of zeros is no packet',
  },
  'tcpdump/tests/rx_serviceid_oobr.pcap': { packets: 1, because: 'a record of zeros is no packet' },
  'clusterfuzz-testcase-minimized-FuzzTarget-5766899836387328': {
    packets: 1,
    because: 'the length on the wire lies, the captured one does not',
  },
  'tcpdump/tests/bgp_vpn_rt-oobr.pcap': { packets: 1, because: 'as tcpdump reads it; tshark takes it for a variant' },
};

async function read(path: string): Promise<{ opened: OpenedInput; packets: number }> {
  const opened = await openInput(path, 0, { addresses: new AddressTable() });
  let packets = 0;
  if (opened.kind === 'rows') {
    for await (const line of opened.lines) packets += Math.sign(line.length);
    return { opened, packets };
  }
  const { source } = opened;
  for (;;) {
    const state = source.next();
    if (state === 'end') return { opened, packets };
    if (state === 'packet') packets++;
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    else await source.fill();
  }
}

/** Null where a UserError names the file; anything else comes through, and fails the test. */
async function readOrRefuse(path: string): Promise<Awaited<ReturnType<typeof read>> | null> {
  try {
    return await read(path);
  } catch (error) {
    if (error instanceof UserError && error.message.startsWith(path)) return null;
    throw error;
  }
}

describe.skipIf(!existsSync(FOLDER))("others' captures (../shared/captures/public)", () => {
  test('have as many packets as tshark says', async () => {
    const oracle = JSON.parse(readFileSync(ORACLE, 'utf8')) as Record<string, Record<string, number>>;
    const wrong: string[] = [];
    let files = 0;
    for (const [folder, counts] of Object.entries(oracle)) {
      for (const [name, count] of Object.entries(counts)) {
        const path = `${folder}/${name}`;
        const expected = (EXPLAINED[path] ?? EXPLAINED[name])?.packets ?? count;
        // oxlint-disable-next-line no-await-in-loop -- one file after another
        const { packets, opened } = await read(join(FOLDER, path));
        files++;
        if (opened.kind !== 'packets' || packets !== expected) wrong.push(`${path}: ${packets}, not ${expected}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(files).toBeGreaterThan(1900);
  });

  test('and what is none is refused by name, never with a crash', async () => {
    const kinds = new Map<string, number>();
    for (const entry of readdirSync(FOLDER, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      // oxlint-disable-next-line no-await-in-loop -- one file after another
      const result = await readOrRefuse(path);
      const kind = result === null ? 'refused' : result.opened.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(kinds.get('packets')).toBeGreaterThan(1900);
    expect(kinds.get('text')).toBeGreaterThan(600);
    expect(kinds.get('rows')).toBeGreaterThan(50);
  });

  test("tcpdump's own outputs have as many packets as their last line's number", async () => {
    const folder = join(FOLDER, 'tcpdump/tests');
    const wrong: string[] = [];
    let compared = 0;
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.out')) continue;
      const numbered = readFileSync(join(folder, name), 'latin1').match(
        /^ +\d+ {2}(?:caplen \d+ len \d+ )?[\d-]+ [\d:.]+ /gm,
      );
      if (numbered === null || /invalid/.test(name)) continue;
      // oxlint-disable-next-line no-await-in-loop -- one file after another
      const opened = (await readOrRefuse(join(folder, name)))?.opened;
      // Texts without a single IP packet are not told from other texts.
      if (opened?.kind !== 'text') continue;
      compared++;
      const { packets } = opened.source.input;
      if (packets !== numbered.length) wrong.push(`${name}: ${packets}, not ${numbered.length}`);
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(600);
  });
});

const HEADERLESS = join(import.meta.dirname, '../../shared/captures/cluster/extra/headerless.pcap');

describe.skipIf(!existsSync(HEADERLESS))('a capture attached too late (../shared/captures/cluster/extra)', () => {
  test('is read from its first record on', async () => {
    const { opened, packets } = await read(HEADERLESS);
    if (opened.kind !== 'packets') throw new Error(opened.kind);
    // As tshark counts once the header it lost is put before it.
    expect(packets).toBe(294);
    expect(opened.source.input).toMatchObject({
      format: 'pcap without its header',
      linkTypes: ['linux-sll2'],
      damage: { cut: 0, undecodable: 0 },
    });
  });
});
