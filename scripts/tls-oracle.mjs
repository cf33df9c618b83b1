// Writes test/corpora/oracles/tls.json.gz anew: what tshark says of each TLS connection, and of the
// HTTP in it where a key log stands beside the capture. tshark 4.0 must be installed.
//   node scripts/tls-oracle.mjs ../shared/captures          all
//   node scripts/tls-oracle.mjs ../shared/captures tls      our own captures only, the others as they were
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const CAPTURE = /\.p?cap(ng)?$/;
const OWN = fileURLToPath(new URL('../test/corpora/tls', import.meta.url));
// The same connections as on the pod side, each packet twice.
const NODE_SIDE = /\.node\.pcap$/;
// Hundreds of ways to garble one answer over HTTP, none of them over TLS.
const PLAIN = /http-evader/;
const HELLO = { client: 1, server: 2 };
const FINISHED = 20;
const RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
const PRESHARED_KEY = 41;
const FIELDS = [
  'frame.number',
  'frame.time_epoch',
  'tcp.stream',
  'tcp.srcport',
  'tls.handshake.type',
  'tls.handshake.version',
  'tls.handshake.extensions.supported_version',
  'tls.handshake.random',
  'tls.handshake.ciphersuite',
  'tls.handshake.extensions_server_name',
  'tls.handshake.extensions_alpn_str',
  'tls.handshake.extension.type',
  'tls.alert_message.desc',
  'http.request.method',
  'http.response.code',
  'http2.headers.method',
  'http2.headers.status',
];

const ORACLE = new URL('../test/corpora/oracles/tls.json.gz', import.meta.url);

const [root, only] = process.argv.slice(2);
const version = /\d+\.\d+\.\d+/.exec(run(['--version']))[0];
const captures = only === undefined ? {} : JSON.parse(gunzipSync(readFileSync(ORACLE)).toString()).captures;
for (const [folder, name] of [
  [OWN, 'tls'],
  [join(root, 'net'), 'net'],
  [join(root, 'public'), 'public'],
]) {
  if (only !== undefined && only !== name) continue;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !CAPTURE.test(entry.name) || NODE_SIDE.test(entry.name) || PLAIN.test(path)) continue;
    const connections = readConnections(path);
    if (connections.length > 0) captures[join(name, relative(folder, path))] = connections;
  }
}
const text = JSON.stringify({ tshark: version, captures });
writeFileSync(ORACLE, gzipSync(text, { level: 9 }));

function run(words) {
  return spawnSync('tshark', words, { encoding: 'utf8', maxBuffer: 1 << 30 }).stdout;
}

/** @returns connections as objects; see `corpora/oracles/tls.md` */
function readConnections(path) {
  const keys = path.replace(CAPTURE, '.keys');
  const words = existsSync(keys) ? ['-o', `tls.keylog_file:${keys}`] : [];
  const asked = ['-n', '-r', path, '-o', 'tcp.reassemble_out_of_order:TRUE', ...words, '-Y', 'tls && tcp'];
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const printed = run([...asked, '-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=;', ...fields]);
  const streams = new Map();
  for (const line of printed.split('\n').filter(Boolean)) take(streams, line.split('\t'));
  return [...streams.values()].filter(({ hello, answer, alerts }) => hello || answer || alerts.length > 0);
}

function take(streams, [frame, epoch, stream, port, ...values]) {
  const [
    types,
    versions,
    supported,
    randoms,
    suites,
    name,
    alpn,
    extensions,
    alerts,
    methods,
    codes,
    methods2,
    codes2,
  ] = values.map((value) => (value === '' ? [] : value.split(';')));
  const known = streams.get(stream) ?? { client: null, alerts: [], requests: [], responses: [] };
  streams.set(stream, known);
  const at = nanoseconds(epoch);
  const numbers = types.map(Number);
  if (numbers.includes(HELLO.client) && known.hello === undefined) {
    Object.assign(known, { client: Number(port), hello: Number(frame), helloAt: at, offers: alpn });
    if (name.length > 0) known.serverName = name[0];
  }
  if (numbers.includes(HELLO.server)) {
    if (known.answer === undefined) Object.assign(known, { answer: Number(frame), answerAt: at });
    if (randoms[0] === RETRY) known.retried = true;
    else {
      known.version = Number(supported[0] ?? versions[0]);
      known.suite = Number(suites[0]);
      known.resumed = extensions.map(Number).includes(PRESHARED_KEY);
      if (alpn.length > 0) known.alpn = alpn[0];
    }
  }
  // The client's in TLS 1.3, the later of both before: of the first handshake only.
  if (numbers.includes(FINISHED)) {
    known.finished ??= {};
    known.finished[Number(port) === known.client ? 'client' : 'server'] ??= at;
  }
  alerts.forEach((alert) => known.alerts.push([Number(port) === known.client ? 'client' : 'server', Number(alert)]));
  for (const method of [...methods, ...methods2]) known.requests.push([Number(frame), method]);
  for (const code of [...codes, ...codes2]) known.responses.push([Number(frame), Number(code)]);
}

/** Since 1970, as text: no number holds them. */
function nanoseconds(epoch) {
  const [whole, fraction = ''] = epoch.split('.');
  return `${whole}${fraction.padEnd(9, '0').slice(0, 9)}`;
}
