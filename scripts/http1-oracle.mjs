// Writes test/corpora/oracles/http1-messages.json.gz anew: what tshark says of each HTTP/1 message
// in captures that others made. tshark 4.0 must be installed.
//   node scripts/http1-oracle.mjs ../shared/captures
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const FOLDERS = ['net', 'cluster', 'credentials', 'public'];
// The same connections as on the pod side, each packet twice.
const NODE_SIDE = /(^|[./])node\.pcap$/;
// Fifty cases of the same two programs: some are enough.
const LEFT_OUT = /^credentials\/(?!storm-v1-c1\/|near-metadata-per-request-c4\/|real-kiam-storm-v1-c4\/)/;
const NO_CAPTURE = /\.(out|yaml|yml|result|json|gold2?|txt|expected|dns|resolv|log|md|rules|lua|sh|py|keys|tests)$/;
const [root] = process.argv.slice(2);
const version = /\d+\.\d+\.\d+/.exec(run(['--version']))[0];
const captures = {};
for (const folder of FOLDERS) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || NO_CAPTURE.test(entry.name)) continue;
    if (NODE_SIDE.test(path) || LEFT_OUT.test(relative(root, path))) continue;
    // Nearly all others are of other protocols, and tshark takes a second to start.
    if (!readFileSync(path).includes('HTTP/1.')) continue;
    const messages = messagesIn(path);
    if (messages.length > 0) captures[relative(root, path)] = messages;
  }
}
const text = JSON.stringify({ tshark: version, captures });
writeFileSync(new URL('../test/corpora/oracles/http1-messages.json.gz', import.meta.url), gzipSync(text, { level: 9 }));

function run(words) {
  return spawnSync('tshark', words, { encoding: 'utf8', maxBuffer: 1 << 30 }).stdout;
}

/** @returns messages as objects; see `corpora/oracles/http1-messages.md` */
function messagesIn(path) {
  const words = ['-n', '-r', path, '-o', 'tcp.reassemble_out_of_order:TRUE', '-Y', 'http.request || http.response'];
  const printed = run([...words, '-T', 'json', '--no-duplicate-keys', '-J', 'frame tcp http']);
  const messages = [];
  for (const packet of printed.trim() === '' ? [] : JSON.parse(printed)) {
    const { frame, tcp, http } = packet['_source'].layers;
    // A datagram of SSDP is no exchange; neither is what an ICMP error quotes.
    if (http === undefined || tcp === undefined || Array.isArray(tcp)) continue;
    for (const layer of [http].flat()) {
      if (typeof layer !== 'object') continue;
      const line = Object.values(layer).find(
        (value) => value?.['http.request.method'] ?? value?.['http.response.code'],
      );
      if (line === undefined) continue;
      const message = {
        stream: Number(tcp['tcp.stream']),
        packet: Number(frame['frame.number']),
        at: nanoseconds(frame['frame.time_relative']),
      };
      if (line['http.request.method'] !== undefined) {
        message.client = Number(tcp['tcp.srcport']);
        message.method = line['http.request.method'];
        message.uri = String(line['http.request.uri'] ?? '').replace(/[?#].*/s, '');
        if (layer['http.host'] !== undefined) message.host = [layer['http.host']].flat()[0];
      } else {
        message.client = Number(tcp['tcp.dstport']);
        message.status = Number(line['http.response.code']);
        if (layer['http.request_in'] !== undefined) message.requestIn = Number(layer['http.request_in']);
        if (layer['http.time'] !== undefined) message.lasts = nanoseconds(layer['http.time']);
      }
      messages.push(message);
    }
  }
  return messages;
}

function nanoseconds(seconds) {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(seconds);
  return Number(sign + (BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))));
}
