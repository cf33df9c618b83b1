/**
 * Twists captures as people take them: a packet missing, packets twice, begun late, of one direction,
 * out of order, cut at 96 bytes. No cause may be told that is not true of the capture: by the truth
 * beside it, or where there is none by what is told of it whole. What leaves too little to tell apart causes of
 * one look, and is told as possible only, is counted as unsure.
 *
 *   tsx bench/twisted.ts [FOLDER…] [--seconds 60] [--seed 1] [--keep FOLDER]
 */
import { rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { analyze } from '../src/analyze.ts';
import { buildPcap } from '../src/capture/testing/build-pcap.ts';
import type { Finding } from '../src/model/diagnosis.ts';
import type { Packet } from '../src/model/packet.ts';
import { casesOf } from './accuracy/cases.ts';
import { readArguments } from './fuzz/arguments.ts';
import { readPackets, type Capture } from './fuzz/reading.ts';
import { TWISTS } from './fuzz/twists.ts';

const MAX_BYTES = 16 << 20;
const MAX_PACKETS = 60_000;

const { folders, files, seconds, keep, below, scratch } = readArguments(
  'twisted',
  join(import.meta.dirname, '../test/corpora/net'),
  MAX_BYTES,
);

/** Answers did not come, or not in time: one classification (src/rules/support/lookups/losses.ts), of which a few lost queries fit several. */
const ONE_LOOK: ReadonlySet<string> = new Set([
  'dns-race',
  'dns-loss',
  'dns-dead-server',
  'dns-slow-server',
  'dns-family-missing',
]);

interface Judged {
  capture: Capture;
  /** Rules that are true of it. */
  known: Set<string>;
}

const truths = new Map(
  folders.flatMap((folder) =>
    casesOf(folder).map(({ path, expected, alsoTrue }) => [
      path,
      [...expected.flatMap(({ rules }) => rules), ...alsoTrue],
    ]),
  ),
);

/** Findings above info of packets, each with what it absorbed. */
async function findingsOf(packets: readonly Packet[], linkType: number, path: string): Promise<Finding[]> {
  const origin = 1_700_000_000;
  const records = packets.map(({ time, bytes, start, end, wireLength }) => ({
    seconds: origin + Math.floor(time / 1e9),
    nanoseconds: ((time % 1e9) + 1e9) % 1e9,
    data: bytes.subarray(start, end),
    wireLength,
  }));
  writeFileSync(path, buildPcap(records, { linkType, nanoseconds: true }));
  const { diagnosis } = await analyze({ paths: [path], dnsPorts: [53], clients: [], names: [], slowerThan: null });
  return diagnosis.findings.filter(({ severity }) => severity !== 'info');
}

const rulesOf = ({ rule, absorbs }: Finding): string[] => [rule, ...absorbs.map((absorbed) => absorbed.rule)];

const isUnsure = ({ rule, confidence }: Finding, known: ReadonlySet<string>): boolean =>
  confidence === 'possible' && ONE_LOOK.has(rule) && [...known].some((other) => ONE_LOOK.has(other));

async function judge(path: string): Promise<Judged | null> {
  const capture = await readPackets(path, MAX_PACKETS).catch(() => null);
  if (capture === null || capture.packets.length === 0) return null;
  const linkTypes = new Set(capture.packets.map(({ linkType }) => linkType));
  if (linkTypes.size > 1) return null;
  const whole = await findingsOf(capture.packets, (capture.packets[0] as Packet).linkType, join(scratch, 'whole'));
  return { capture, known: new Set([...whole.flatMap(rulesOf), ...(truths.get(path) ?? [])]) };
}

const counted = new Map(TWISTS.map(({ name }) => [name, { runs: 0, unsure: 0, failures: 0 }]));
const judged = new Map<string, Judged | null>();
const until = Date.now() + seconds * 1000;
let failures = 0;
while (Date.now() < until && files.length > 0) {
  const path = files[below(files.length)] as string;
  if (!judged.has(path)) judged.set(path, await judge(path));
  const one = judged.get(path);
  if (one === null || one === undefined) continue;
  const { capture, known } = one;
  const twist = TWISTS[1 + below(TWISTS.length - 1)] as (typeof TWISTS)[number];
  const tally = counted.get(twist.name) as { runs: number; unsure: number; failures: number };
  const packets = twist.harm(capture.packets, below);
  if (packets.length === 0) continue;
  tally.runs++;
  const file = join(scratch, 'twisted');
  const findings = await findingsOf(packets, (capture.packets[0] as Packet).linkType, file);
  const untrue = findings.filter((finding) => !rulesOf(finding).some((rule) => known.has(rule)));
  const wrong = untrue.filter((finding) => !isUnsure(finding, known));
  if (wrong.length === 0) {
    if (untrue.length > 0) tally.unsure++;
    continue;
  }
  tally.failures++;
  failures++;
  const names = `${basename(dirname(path))}/${basename(path)}`;
  console.log(`${failures}. ${names}, ${twist.name} (${packets.length} of ${capture.packets.length} packets)`);
  for (const { rule, severity, says } of wrong) console.log(`     ${severity} ${rule}: ${says}`);
  if (keep !== undefined)
    await findingsOf(packets, (capture.packets[0] as Packet).linkType, join(keep, `${failures}.pcap`));
}
rmSync(scratch, { recursive: true });
for (const [name, { runs, unsure, failures: failed }] of counted) {
  if (runs === 0) continue;
  const figures = [
    [runs, 'runs'],
    [unsure, 'unsure'],
    [failed, 'wrong'],
  ] as const;
  console.log(name.padEnd(36) + figures.map(([count, what]) => `${String(count).padStart(6)} ${what}`).join(''));
}
console.log(`${judged.size} of ${files.length} files, ${failures} wrong`);
process.exitCode = failures > 0 ? 1 : 0;
