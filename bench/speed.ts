/**
 * Speed and memory beside tcpdump and tshark: `npm run bench`, after a build.
 *
 *   tsx bench/speed.ts [--packets 5000000] [--dns-packets 2000000] [--runs 5] [--tshark-packets 300000]
 *                      [--command 'node dist/cli/main.js explain --format json']
 *
 * Runs of the programs alternate, so that what else the machine does falls on all alike; medians
 * are printed, and ratios, which say more than times do. tshark is given the beginning of the same
 * capture only, its time scaled to the whole: it takes minutes for what the others do in seconds.
 */
import { existsSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { capture, type CaptureKind } from './generate.ts';
import { installed, measure, median, medianOf, type Measurement } from './measure.ts';

const SEED = 1;
/** kubelag ends with 1 where it finds something, and the generated captures hold something to find. */
const KUBELAG_STATUSES = [0, 1];
const SMALL_PACKETS = 400;
const SMALL_RUNS = 10;
const SMALL_LIMIT_SECONDS = 0.2;
/** Memory counts as flat when four times the capture adds less than this share. */
const FLAT_GROWTH = 0.25;
const MEMORY_LIMIT_BYTES = 256 << 20;
const MEBIBYTE = 1 << 20;
const TITLES: Record<CaptureKind, string> = {
  half: 'half DNS, half HTTP/1.1 and gRPC over TCP',
  dns: 'DNS only',
};

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '5000000' },
    'dns-packets': { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '5' },
    'tshark-packets': { type: 'string', default: '300000' },
    command: { type: 'string', default: 'node dist/cli/main.js explain --format json' },
  },
});
const runs = Number(values.runs);
const kubelag = values.command.split(' ');

const say = (line = ''): void => console.log(line);
const fixed = (value: number, digits = 2): string => (Number.isFinite(value) ? value.toFixed(digits) : '?');
const millions = (value: number): string => `${fixed(value / 1e6)} M`;

function row(name: string, packets: number, figures: Measurement): void {
  const columns = [
    name.padEnd(26),
    `${fixed(figures.wallSeconds)} s`.padStart(10),
    `${fixed(figures.cpuSeconds)} s`.padStart(10),
    millions(packets / figures.wallSeconds).padStart(10),
    millions(packets / figures.cpuSeconds).padStart(12),
    `${fixed(figures.peakBytes / MEBIBYTE, 0)} MiB`.padStart(10),
  ];
  say(`  ${columns.join(' ')}`);
}

/** What tshark is asked for: DNS times; with calls in it, their times and streams as well. */
const TSHARK: Record<CaptureKind, readonly string[]> = {
  dns: ['-T', 'fields', '-e', 'dns.time'],
  half: '-d tcp.port==50051,http2 -T fields -e dns.time -e http.time -e http2.streamid'.split(' '),
};
const tools = { tcpdump: installed('tcpdump'), tshark: installed('tshark'), taskset: installed('taskset') };
/** tcpdump works on one processor, so that is where its speed is compared: a second thread costs CPU time to save wall time. */
const ON_ONE_CORE = ['taskset', '-c', '0'];

function compare(kind: CaptureKind, packets: number): void {
  const file = capture({ kind, packets, seed: SEED });
  const prefixPackets = Math.min(Number(values['tshark-packets']), packets);
  const prefix = capture({ kind, packets: prefixPackets, seed: SEED });
  const size = (statSync(file).size / MEBIBYTE).toFixed(0);
  say(`${TITLES[kind]}: ${packets} packets, ${size} MiB, ${runs} runs each, medians`);
  say(
    `  ${''.padEnd(26)} ${'wall'.padStart(10)} ${'CPU'.padStart(10)} ${'packets/s'.padStart(10)} ${'packets/CPU-s'.padStart(12)} ${'peak RSS'.padStart(10)}`,
  );
  const ours: Measurement[] = [];
  const onOneCore: Measurement[] = [];
  const tcpdump: Measurement[] = [];
  const tshark: Measurement[] = [];
  for (let run = 0; run < runs; run++) {
    ours.push(measure([...kubelag, file], KUBELAG_STATUSES));
    if (tools.taskset) onOneCore.push(measure([...ON_ONE_CORE, ...kubelag, file], KUBELAG_STATUSES));
    if (tools.tcpdump) tcpdump.push(measure(['tcpdump', '-r', file, '-w', '/dev/null']));
    if (tools.tshark) tshark.push(measure(['tshark', '-r', prefix, ...TSHARK[kind]]));
  }
  const own = medianOf(ours);
  row('kubelag explain', packets, own);
  // Without taskset (util-linux) all cores are all that can be said.
  const one = tools.taskset ? medianOf(onOneCore) : own;
  if (tools.taskset) row('  on one core', packets, one);
  if (tools.tcpdump) row('tcpdump -r F -w /dev/null', packets, medianOf(tcpdump));
  else say('  tcpdump is not installed: no comparison with it');
  if (tools.tshark) row(`tshark (${prefixPackets} packets)`, prefixPackets, medianOf(tshark));
  else say('  tshark is not installed: no comparison with it');
  say(`  packets per CPU-second: ${millions(packets / one.cpuSeconds)} (wanted: 2 M, or a quarter of tcpdump's)`);
  if (tools.tcpdump) {
    const other = medianOf(tcpdump);
    say(
      `  share of tcpdump's speed: ${fixed(other.wallSeconds / own.wallSeconds)} by wall, ${fixed(other.cpuSeconds / one.cpuSeconds)} by CPU`,
    );
  }
  if (tools.tshark) {
    const scaled = (medianOf(tshark).wallSeconds * packets) / prefixPackets;
    say(
      `  ${fixed(scaled / own.wallSeconds, 0)}x tshark by wall (wanted: 50; tshark's ${fixed(medianOf(tshark).wallSeconds)} s scaled to ${fixed(scaled, 0)} s)`,
    );
  }
  say();
}

function memory(packets: number): void {
  say('memory: peak resident set at one, two and four times the capture');
  const peaks = [1, 2, 4].map((times) => {
    const share = Math.floor((packets * times) / 4);
    const { peakBytes } = measure(
      [...kubelag, capture({ kind: 'half', packets: share, seed: SEED })],
      KUBELAG_STATUSES,
    );
    say(`  ${times}x ${String(share).padStart(9)} packets ${fixed(peakBytes / MEBIBYTE, 0).padStart(6)} MiB`);
    return peakBytes;
  });
  const [first = Number.NaN, , last = Number.NaN] = peaks;
  if (Number.isNaN(first)) say('  GNU time (/usr/bin/time) is missing: memory can not be measured');
  else {
    const flat = last / first < 1 + FLAT_GROWTH ? 'flat' : 'NOT flat';
    const within = last < MEMORY_LIMIT_BYTES ? 'under' : 'OVER';
    say(`  ${flat}: 4x needs ${fixed(last / first)} times 1x; ${within} ${MEMORY_LIMIT_BYTES / MEBIBYTE} MiB`);
  }
  say();
}

function start(): void {
  const bare = median(Array.from({ length: SMALL_RUNS }, () => measure(['node', '-e', '0']).wallSeconds));
  say(`start: ${SMALL_PACKETS} packets, medians of ${SMALL_RUNS} (node alone ${fixed(bare * 1000, 0)} ms)`);
  for (const kind of ['half', 'dns'] as const) {
    const file = capture({ kind, packets: SMALL_PACKETS, seed: SEED });
    const middle = median(
      Array.from({ length: SMALL_RUNS }, () => measure([...kubelag, file], KUBELAG_STATUSES).wallSeconds),
    );
    const verdict = middle < SMALL_LIMIT_SECONDS ? 'under' : 'OVER';
    say(`  ${TITLES[kind]}: ${fixed(middle * 1000, 0)} ms, ${verdict} ${SMALL_LIMIT_SECONDS * 1000} ms`);
  }
}

const script = kubelag[1];
if (kubelag[0] === 'node' && script !== undefined && !existsSync(script)) {
  console.error(`${script} is not there: run \`npm run build\` first`);
  process.exitCode = 2;
} else {
  say(`node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}`);
  say();
  compare('half', Number(values.packets));
  compare('dns', Number(values['dns-packets']));
  memory(Number(values.packets));
  start();
}
