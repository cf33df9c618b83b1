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
  .flatMap((truth) =>
    truth.captures.map(({ file, vantage }): [string, 'pod' | 'node', Truth] => [file, vantage, truth]),
  );

/** The client's stopwatch starts and stops some milliseconds off the wire, on a busy machine. */
const STOPWATCH_SECONDS = 0.006;
/** These do more than look up between start and stop: a channel to READY, a virtual machine's threads. */
const MORE_THAN_LOOKUP = /^(?:grpc|java|node|python)/;
const MORE_SECONDS = 0.025;
/** A timer fires late, and each of a lookup's timers adds its own lateness. */
const TIMER_SHARE = 0.002;
/** What a lookup may start before its caller's clock was read, by another clock. */
const CLOCK_SECONDS = 0.005;

interface Exception {
  /** So many of the capture's lookups at most. */
  most: number;
  because: string;
}

const SCHEDULED_LATE = 'the answer was on the wire in time, and the client ran again only 6 to 60 ms later';
const SPLIT = 'glibc goes on after two lost stages in a way that looks like another lookup of the same name';
/** Lookups whose duration the wire does not tell as the stopwatch does. */
const DURATIONS_NOT_TOLD: Record<string, Exception> = {
  'cares-1.34.5.healthy-channel.pcap': { most: 1, because: SCHEDULED_LATE },
  'cares-1.34.5.race.pcap': { most: 2, because: SCHEDULED_LATE },
  'glibc.family-lost.pcap': { most: 1, because: SCHEDULED_LATE },
  'glibc.healthy-threads.pcap': { most: 3, because: SCHEDULED_LATE },
  'grpc-1.51.1.race-walk.pcap': { most: 1, because: SCHEDULED_LATE },
  'musl-1.2.3.race-walk.pcap': { most: 1, because: SCHEDULED_LATE },
  'pycares-1.34.5.race.pcap': { most: 7, because: SCHEDULED_LATE },
  'cares-1.34.5.slow-channel.pcap': { most: 6, because: "c-ares's timer follows the delays that the channel has seen" },
  'glibc.slow-late.pcap': { most: 1, because: 'a late answer came when glibc had given that query up already' },
  'go.slow-late.pcap': { most: 1, because: 'a late answer came when Go had closed that socket already' },
  'grpc-1.85.3.dead.pcap': { most: 4, because: 'gRPC resolved twice, 30 s apart; the stopwatch spans both' },
  'grpc-native-1.51.1.loss.pcap': { most: 1, because: SPLIT },
  'node-lookup.loss.pcap': { most: 2, because: SPLIT },
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
    for (const rule of truth.notExpected) expect(loud.map((finding) => finding.rule)).not.toContain(rule);
    if (vantage === 'node' && truth.rule === 'dns-race') {
      expect(loud.find((finding) => finding.rule === 'dns-race')?.confidence).toBe('certain');
    }
    expect(rows.filter((row) => row.resolver !== 'unknown' && row.resolver !== truth.resolver)).toEqual([]);

    const matched = matches(truth.lookups, rows, firstPacketEpoch(diagnosis));
    const told = matched.filter((one): one is Match => 'row' in one);
    expect(told).toHaveLength(matched.length);
    const least = MORE_THAN_LOOKUP.test(file) ? MORE_SECONDS : STOPWATCH_SECONDS;
    const isOff = ({ row, over, truth: { seconds } }: Match): boolean => {
      const tolerance = Math.max(least, TIMER_SHARE * seconds);
      return over > tolerance || (!row.durationIsLowerBound && over < -tolerance);
    };
    const off = told.filter(isOff).map(({ truth: { name, seconds }, over }) => ({ name, seconds, over }));
    const exception = DURATIONS_NOT_TOLD[file];
    if (exception === undefined) expect(off).toEqual([]);
    else expect(off.length, exception.because).toBeLessThanOrEqual(exception.most);
  });
});
