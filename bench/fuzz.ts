/**
 * Harms captures at random and looks whether the program still stands: no crash, no hang, no row
 * that lasts less than nothing; and whether a packet that is missing takes only its own exchange along.
 *
 *   tsx bench/fuzz.ts [FOLDER…] [--seconds 60] [--seed 1] [--keep FOLDER]
 *
 * The same seed harms alike. What fails is kept as a file where --keep says so.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Packet } from '../src/model/packet.ts';
import { UserError } from '../src/model/user-error.ts';
import { OF_BYTES, OF_PACKETS, type Damage } from './fuzz/damage.ts';
import { lostOthers } from './fuzz/others.ts';
import { readArguments } from './fuzz/arguments.ts';
import { readPackets, rowsOf, rowsOfFile, type Capture, type Rows } from './fuzz/reading.ts';

// A capture of this size is read in well under a second.
const MAX_BYTES = 4 << 20;
const MAX_PACKETS = 20_000;
const HANGS_AFTER_MILLISECONDS = 20_000;

const { files, seconds, keep, below, scratch } = readArguments(
  'fuzz',
  join(import.meta.dirname, '../test/corpora'),
  MAX_BYTES,
);
const counted = new Map<string, { runs: number; failures: number; rows: number }>();
let failures = 0;

function fail(path: string, kind: string, says: string, bytes?: Uint8Array): void {
  failures++;
  (counted.get(kind) as { failures: number }).failures++;
  console.log(`${path}, ${kind}: ${says}`);
  if (bytes !== undefined && keep !== undefined) writeFileSync(join(keep, `${failures}.bin`), bytes);
}

/** Beyond 2^53 ns (104 days from the first packet, which a flipped bit makes) sums are no whole nanoseconds any more. */
const roundingAt = (time: number): number => Math.abs(time) * Number.EPSILON;

/** What is wrong with rows, in one line. */
function amiss({ lookups, connections, exchanges }: Rows): string | null {
  const short = [...lookups, ...connections, ...exchanges].find(({ duration }) => !(duration >= 0));
  if (short !== undefined) return `${short.id} lasts ${short.duration} ns`;
  // An answer may come after its client gave up: that is seen, and nobody reads it.
  const late = exchanges.find(
    ({ startedAt, duration, firstByteAt, outcome }) =>
      outcome === 'ok' &&
      firstByteAt - (startedAt + duration) > Math.max(roundingAt(startedAt), roundingAt(firstByteAt)),
  );
  return late === undefined ? null : `${late.id} ends before its first byte`;
}

async function attempt<Thing>(
  path: string,
  damage: Damage<Thing>,
  thing: Thing,
  read: (harmed: Thing) => Rows | Promise<Rows>,
): Promise<void> {
  const kind = counted.get(damage.name) ?? { runs: 0, failures: 0, rows: 0 };
  counted.set(damage.name, kind);
  kind.runs++;
  const harmed = damage.harm(thing, below);
  const bytes = harmed instanceof Uint8Array ? harmed : undefined;
  const begun = performance.now();
  try {
    const rows = await read(harmed);
    kind.rows += rows.lookups.length + rows.connections.length + rows.exchanges.length;
    const says = amiss(rows);
    if (says !== null) fail(path, damage.name, says, bytes);
  } catch (error) {
    if (!(error instanceof UserError) || error.message.includes('\n')) {
      fail(path, damage.name, error instanceof Error ? (error.stack ?? error.message) : String(error), bytes);
    }
  }
  const took = performance.now() - begun;
  if (took > HANGS_AFTER_MILLISECONDS) fail(path, damage.name, `took ${Math.round(took)} ms`, bytes);
}

/** One packet that the capture missed. */
function missingOne(capture: Capture, whole: Rows): void {
  const kind = counted.get('one packet missing') ?? { runs: 0, failures: 0, rows: 0 };
  counted.set('one packet missing', kind);
  kind.runs++;
  const at = below(capture.packets.length);
  const { number, time } = capture.packets[at] as Packet;
  const left = rowsOf({ input: capture.input, packets: capture.packets.toSpliced(at, 1) });
  kind.rows += left.exchanges.length;
  const lost = lostOthers(whole, left, time);
  if (lost.length > 0) {
    const ids = lost.slice(0, 3).map(({ id, packets }) => `${id} (packets ${packets.join(' ')})`);
    fail(
      capture.path,
      'one packet missing',
      `without packet ${number}, ${lost.length} others are gone: ${ids.join(', ')}`,
    );
  }
}

const until = Date.now() + seconds * 1000;
const captures = new Map<string, { bytes: Uint8Array; capture: Capture | null; whole: Rows | null }>();
while (Date.now() < until) {
  const path = files[below(files.length)] as string;
  let known = captures.get(path);
  if (known === undefined) {
    const capture = await readPackets(path, MAX_PACKETS).catch(() => null);
    const usable = capture !== null && capture.packets.length > 0;
    known = { bytes: readFileSync(path), capture: usable ? capture : null, whole: usable ? rowsOf(capture) : null };
    captures.set(path, known);
  }
  const { bytes, capture, whole } = known;
  for (const damage of bytes.length > 0 ? OF_BYTES : []) {
    await attempt(path, damage, bytes, (harmed) => {
      const file = join(scratch, 'capture');
      writeFileSync(file, harmed);
      return rowsOfFile(file);
    });
  }
  if (capture === null || whole === null) continue;
  for (const damage of OF_PACKETS) {
    await attempt(path, damage, capture.packets, (packets) => rowsOf({ input: capture.input, packets }));
  }
  if (whole.exchanges.length > 0) missingOne(capture, whole);
}
rmSync(scratch, { recursive: true });
for (const [name, { runs, failures: failed, rows }] of counted) {
  console.log(
    `${name.padEnd(26)} ${String(runs).padStart(7)} runs ${String(rows).padStart(9)} rows ${String(failed).padStart(5)} failed`,
  );
}
console.log(`${captures.size} of ${files.length} files, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
