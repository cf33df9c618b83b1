// Writes test/corpora/oracles/tcp-connections.json.gz anew: what tshark says of each TCP connection
// in captures that others made and in our own. Takes minutes; tshark 4.0 must be installed.
//   node scripts/tcp-oracle.mjs ../shared/captures public net
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const NO_CAPTURE = /\.(out|yaml|result|json|gold2?|txt|expected|dns|resolv|log|md|gitignore)$|^(LICENSE|TESTLIST)/;
// On a node each packet is seen several times, and tshark takes copies for resends.
const COPIES = /\.node\.pcap$/;
const FIELDS = [
  'frame.number',
  'tcp.stream',
  'ip.src',
  'ipv6.src',
  'tcp.srcport',
  'tcp.len',
  'tcp.flags',
  'tcp.analysis.retransmission',
  'tcp.analysis.fast_retransmission',
  'tcp.analysis.spurious_retransmission',
  'tcp.analysis.out_of_order',
  'tcp.analysis.keep_alive',
  'tcp.analysis.zero_window',
  'tcp.analysis.ack_rtt',
  'tcp.analysis.acks_frame',
];
const SYN = 2;
const SYN_AND_ACK = 0x12;

const [root, ...folders] = process.argv.slice(2);
const captures = {};
for (const folder of folders) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || NO_CAPTURE.test(entry.name) || COPIES.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const connections = readConnections(path);
    if (connections.length > 0) captures[relative(root, path)] = connections;
  }
}
const version = /\d+\.\d+\.\d+/.exec(run(['--version']))[0];
const text = JSON.stringify({ tshark: version, captures });
writeFileSync(
  new URL('../test/corpora/oracles/tcp-connections.json.gz', import.meta.url),
  gzipSync(text, { level: 9 }),
);

function run(words) {
  return spawnSync('tshark', words, { encoding: 'latin1', maxBuffer: 1 << 30 }).stdout;
}

/**
 * @returns for each connection: its first packet, its packets, the nanoseconds from SYN to SYN-ACK (0: unknown),
 * then for the side that sent the first packet and for the other: segments with data sent again (of any kind), out
 * of order, keepalives, packets with a window of nothing, the shortest nanoseconds from its SYN or data to their
 * acknowledgment (0: unknown)
 */
function readConnections(path) {
  const streams = new Map();
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const words = ['-n', '-r', path, '-Y', 'tcp && !icmp && !icmpv6', '-T', 'fields', '-E', 'occurrence=l', ...fields];
  for (const line of run(words).split('\n')) {
    const [frame, stream, v4, v6, port, length, flags, again, fast, spurious, early, alive, zero, rtt, acks] =
      line.split('\t');
    if (!stream) continue;
    const source = `${v4 || v6}:${port}`;
    if (!streams.has(stream)) {
      streams.set(stream, {
        first: Number(frame),
        packets: 0,
        handshake: 0,
        source,
        sides: [side(), side()],
        carriers: new Set(),
      });
    }
    const known = streams.get(stream);
    const isFirst = source === known.source;
    const own = known.sides[isFirst ? 0 : 1];
    const other = known.sides[isFirst ? 1 : 0];
    known.packets++;
    if (Number(length) > 0 && (again || fast || spurious)) own[0]++;
    if (early) own[1]++;
    if (alive) own[2]++;
    if (zero) own[3]++;
    if (Number(length) > 0 || (Number(flags) & SYN) !== 0) known.carriers.add(frame);
    if (!rtt || !known.carriers.has(acks)) continue;
    const time = Math.round(Number(rtt) * 1e9);
    other[4] = Math.min(other[4] || Infinity, time);
    if ((Number(flags) & SYN_AND_ACK) === SYN_AND_ACK) known.handshake ||= time;
  }
  return [...streams.values()].map(({ first, packets, handshake, sides }) => [first, packets, handshake, ...sides]);
}

function side() {
  return [0, 0, 0, 0, 0];
}
