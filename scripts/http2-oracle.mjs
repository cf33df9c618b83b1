// Writes test/corpora/oracles/http2-streams.json.gz anew: what tshark says of each HTTP/2 stream in
// captures that others made. tshark 4.0 must be installed.
//   node scripts/http2-oracle.mjs ../shared/captures
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const FOLDERS = [
  'net',
  'public/grpc-go',
  'public/pcap_file_ex',
  'public/deepflow/agent/resources/test/flow_generator/http',
  'public/suricata-verify/tests',
];
const CAPTURE = /\.pcap(ng)?$/;
const SUBJECT = /grpc|http2|sample|h2c|chapter1/;
// The same connections as on the pod side, each packet twice.
const NODE_SIDE = /\.node\.pcap$/;
// tshark tells HTTP/2 by port where it does not see the preface.
// It stops in the midst of a segment where it fails to read a message.
const WITHOUT = ['--disable-protocol', 'grpc'];
const PORTS = [50051, 30035, 20035, 9001, 38888, 7000, 7070, 3550, 11800, 8080, 8443, 80, 443, 6233, 8888, 8097];
const [root] = process.argv.slice(2);
const version = /\d+\.\d+\.\d+/.exec(run(['--version']))[0];
const captures = {};
for (const folder of FOLDERS) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !CAPTURE.test(entry.name) || NODE_SIDE.test(entry.name)) continue;
    if (!SUBJECT.test(relative(root, path))) continue;
    const streams = readStreams(path);
    if (streams.length > 0) captures[relative(root, path)] = streams;
  }
}
const text = JSON.stringify({ tshark: version, captures });
writeFileSync(new URL('../test/corpora/oracles/http2-streams.json.gz', import.meta.url), gzipSync(text, { level: 9 }));

function run(words) {
  return spawnSync('tshark', words, { encoding: 'utf8', maxBuffer: 1 << 30 }).stdout;
}

/** @returns streams as objects; see `corpora/oracles/http2-streams.md` */
function readStreams(path) {
  const byPort = PORTS.flatMap((port) => ['-d', `tcp.port==${port},http2`]);
  // Told by port it takes an HTTP/1 upgrade for frames; where it finds as much by itself, that is better.
  const [own, told] = [streamsIn(path, []), streamsIn(path, byPort)];
  return told.length > own.length ? told : own;
}

function streamsIn(path, words) {
  const asked = ['-r', path, '-o', 'tcp.reassemble_out_of_order:TRUE', ...words, '-Y', 'http2', ...WITHOUT];
  const printed = run(['-n', ...asked, '-T', 'json', '--no-duplicate-keys', '-J', 'frame tcp http2']);
  const streams = new Map();
  for (const packet of printed.trim() === '' ? [] : JSON.parse(printed)) {
    const { frame, tcp, http2 } = packet['_source'].layers;
    if (http2 === undefined || tcp === undefined) continue;
    for (const layer of [http2].flat()) {
      for (const found of [layer['http2.stream'] ?? []].flat()) {
        if (typeof found === 'object') take(streams, frame, tcp, found);
      }
    }
  }
  return [...streams.values()];
}

function take(streams, frame, tcp, found) {
  const id = Number(found['http2.streamid']);
  if (id % 2 === 0) return;
  const key = `${tcp['tcp.stream']} ${id}`;
  const [type, flags] = [Number(found['http2.type']), Number(found['http2.flags'])];
  if (![0, 1, 3, 9].includes(type)) return;
  const number = Number(frame['frame.number']);
  const time = nanosecondsOf(frame['frame.time_epoch']);
  const fields = new Map();
  for (const field of [found['http2.header'] ?? []].flat()) {
    fields.set(field['http2.header.name'], field['http2.header.value']);
  }
  let stream = streams.get(key);
  if (stream === undefined) {
    // An HTTP/1 upgrade: the request was no stream, and the answer is the first frame.
    const isUpgraded = id === 1 && fields.has(':status');
    stream = { id, client: Number(tcp[isUpgraded ? 'tcp.dstport' : 'tcp.srcport']), first: number };
    if (isUpgraded) stream.upgraded = true;
    Object.defineProperty(stream, 'startedAt', { value: time });
    streams.set(key, stream);
  }
  const isResponse = Number(tcp['tcp.srcport']) !== stream.client;
  // What is still on its way when a stream is reset, nobody takes.
  if (stream.reset !== undefined) return;
  for (const [name, as] of [
    [':method', 'method'],
    [':path', 'path'],
    [':authority', 'host'],
    [':status', 'status'],
    ['grpc-status', 'grpcStatus'],
    ['grpc-timeout', 'timeout'],
  ]) {
    const value = fields.get(name);
    // Interim answers come before the one that counts.
    if (value !== undefined && value !== null) stream[as] = value;
  }
  if (type === 3) {
    stream.reset ??= Number(found['http2.rst_stream.error']);
    stream.resetBy ??= isResponse ? 'server' : 'client';
    stream.resetAfter ??= Number(time - stream.startedAt);
    return;
  }
  if (!isResponse) return;
  if (type === 1 && /^1\d\d$/.test(fields.get(':status') ?? '')) return;
  stream.firstByte ??= Number(time - stream.startedAt);
  if ((flags & 1) !== 0 && type !== 9) stream.lasts ??= Number(time - stream.startedAt);
}

function nanosecondsOf(epoch) {
  const [whole, fraction = ''] = epoch.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}
