/**
 * The whole program over the recorded lab (corpora/dns-lab): real resolvers that met one known
 * cause each. The cause is found, nothing else is, who asked is told or left unknown, and each
 * lookup lasts as long as its caller's own stopwatch says.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { toSeconds } from '../src/base/time.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { copyLookup, type Lookup } from '../src/model/lookup.ts';

interface TrueLookup {
  name: string;
  startEpoch: number;
  seconds: number;
}

interface Truth {
  name: string;
  resolver: string;
  rule: string | null;
  alsoTrue: string[];
  notExpected: string[];
  captures: { file: string; vantage: 'pod' | 'node' }[];
  lookups: TrueLookup[];
}

const folder = fileURLToPath(new URL('./corpora/dns-lab/', import.meta.url));
const captures = readdirSync(folder)
  .filter((file) => file.endsWith('.truth.json'))
  .map((file) => JSON.parse(readFileSync(folder + file, 'utf8')) as Truth)
  .flatMap((truth) => truth.captures.map(({ file, vantage }): [string, 'pod' | 'node', Truth] => [file, vantage, truth]));

/** The client's stopwatch starts and stops some milliseconds off the wire, on a busy machine. */
const STOPWATCH_SECONDS = 0.006;
/** These do more than look up between start and stop: a channel to READY, a virtual machine's threads. */
const MORE_THAN_LOOKUP = /^(?:grpc|java|node|python)/;
const MORE_SECONDS = 0.025;
/** What a lookup may start before its caller's clock was read, by another clock. */
const CLOCK_SECONDS = 0.005;
/** A client that is only scheduled again after its answer: so many of its lookups may be longer. */
const LATE_WAKINGS = 0.1;
const MOST_LATE_SECONDS = 0.15;

/** Lookups whose stopwatch says more than the wire can. */
const DURATIONS_NOT_TOLD: Record<string, string> = {
};

async function read(file: string): Promise<{ rows: Lookup[]; diagnosis: Diagnosis }> {
  const rows: Lookup[] = [];
  const { diagnosis } = await analyze({
    paths: [folder + file],
    dnsPorts: [53],
    clients: [],
    names: [],
    slowerThan: null,
    observers: [{ lookup: (lookup) => void rows.push(copyLookup(lookup)) }],
  });
  return { rows, diagnosis };
}

/** Seconds since 1970 of the first packet: a double holds them to a microsecond. */
function firstPacketEpoch({ inputs }: Diagnosis): number {
  const first = inputs[0]?.firstPacket ?? '';
  return Date.parse(`${first.slice(0, 19)}Z`) / 1000 + Number(`0.${first.slice(20, 29)}`);
}

interface Match {
  truth: TrueLookup;
  row: Lookup;
  /** Seconds that the row is longer than the stopwatch. */
  over: number;
}

/** Each true lookup with the row of its name that began closest to it; null where there is none. */
function matches(truths: readonly TrueLookup[], rows: readonly Lookup[], epoch: number): (Match | TrueLookup)[] {
  const left = new Set(rows);
  return truths.map((truth) => {
    const name = truth.name.replace(/\.$/, '');
    const off = (row: Lookup): number => epoch + toSeconds(row.startedAt) - truth.startEpoch;
    const [row] = [...left]
      .filter((one) => one.name === name || one.name.startsWith(`${name}.`))
      .filter((one) => off(one) >= -CLOCK_SECONDS && off(one) <= truth.seconds + CLOCK_SECONDS)
      .toSorted((a, b) => Math.abs(off(a)) - Math.abs(off(b)));
    if (row === undefined) return truth;
    left.delete(row);
    return { truth, row, over: toSeconds(row.duration) - truth.seconds };
  });
}

describe('the dns-lab set', () => {
  it.each(captures)('%s', async (file, vantage, truth) => {
    const { rows, diagnosis } = await read(file);
    const found = diagnosis.findings.map((finding) => finding.rule);
    const loud = diagnosis.findings.filter((finding) => finding.severity !== 'info');
    if (truth.rule !== null) expect(found).toContain(truth.rule);
    const allowed = new Set([truth.rule, ...truth.alsoTrue]);
    expect(loud.map((finding) => finding.rule).filter((rule) => !allowed.has(rule))).toEqual([]);
    for (const rule of truth.notExpected) expect(found).not.toContain(rule);
    if (vantage === 'node' && truth.rule === 'dns-race') {
      expect(loud.find((finding) => finding.rule === 'dns-race')?.confidence).toBe('certain');
    }
    expect(rows.filter((row) => row.resolver !== 'unknown' && row.resolver !== truth.resolver)).toEqual([]);

    const matched = matches(truth.lookups, rows, firstPacketEpoch(diagnosis));
    const told = matched.filter((one): one is Match => 'row' in one);
    expect(told).toHaveLength(matched.length);
    const tolerance = MORE_THAN_LOOKUP.test(file) ? MORE_SECONDS : STOPWATCH_SECONDS;
    const isOff = ({ row, over }: Match): boolean =>
      over > tolerance || (!row.durationIsLowerBound && over < -tolerance);
    const off = told.filter(isOff).map(({ truth: { name, seconds }, over }) => ({ name, seconds, over }));
    if (DURATIONS_NOT_TOLD[file] === undefined) expect(off).toEqual([]);
    else expect(off).not.toEqual([]);
  });
});
