// Writes test/corpora/oracles/upstream.json.gz anew: what tshark says of databases' requests and
// answers in our own captures and in those that others made. tshark 4.0 must be installed.
//   node scripts/upstream-oracle.mjs ../shared/captures
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const OWN = new URL('../test/corpora/upstream/', import.meta.url).pathname;
const DEEPFLOW = 'public/deepflow/agent/resources/test/flow_generator';
// By folder there, or by the beginning of the name here: tshark's protocol.
const PROTOCOLS = {
  postgre: 'pgsql',
  postgresql: 'pgsql',
  mysql: 'mysql',
  redis: 'resp',
  kafka: 'kafka',
  mongo: 'mongo',
  mongodb: 'mongo',
  memcached: 'memcache',
};
// Of the servers in what others made; ours are written beside the captures.
const SERVER_PORTS = [2883, 3306, 3717, 5432, 6033, 6379, 8000, 9092, 11_211, 20_130, 27_017, 30_130, 36_333];
const [root] = process.argv.slice(2);
const version = /\d+\.\d+\.\d+/.exec(tshark(['--version']))[0];
const captures = {};
for (const name of readdirSync(OWN)) {
  if (!name.endsWith('.pcap')) continue;
  const { port } = JSON.parse(readFileSync(join(OWN, name.replace(/pcap$/, 'truth.json')), 'utf8'));
  read(`own/${name}`, join(OWN, name), PROTOCOLS[name.split('.')[0]], [port]);
}
for (const folder of Object.keys(PROTOCOLS)) {
  const path = join(root, DEEPFLOW, folder);
  for (const name of folder === 'postgresql' || folder === 'mongodb' ? [] : readdirSync(path)) {
    if (name.endsWith('.pcap'))
      read(`${DEEPFLOW}/${folder}/${name}`, join(path, name), PROTOCOLS[folder], SERVER_PORTS);
  }
}
const text = JSON.stringify({ tshark: version, captures });
writeFileSync(new URL('../test/corpora/oracles/upstream.json.gz', import.meta.url), gzipSync(text, { level: 9 }));

function tshark(words) {
  return spawnSync('tshark', words, { encoding: 'utf8', maxBuffer: 1 << 30 }).stdout;
}

/** Frames of the protocol as objects, each field a list of its values. */
function framesOf({ path, ports }, protocol, fields) {
  const asked = ['frame.number', 'frame.time_relative', 'tcp.stream', 'tcp.dstport', ...fields];
  const told = ports.flatMap((port) => ['-d', `tcp.port==${port},${protocol}`]);
  const words = ['-r', path, ...told, '-Y', protocol, '-T', 'fields', '-E', 'aggregator=\u0001'];
  const printed = tshark([...words, ...asked.flatMap((field) => ['-e', field])]);
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      const frame = asked.map((field, at) => [field, values[at] === '' ? [] : values[at].split('\u0001')]);
      return { ...Object.fromEntries(frame), isAsking: ports.includes(Number(values[3])) };
    });
}

function read(key, path, protocol, ports) {
  const pairs = { pgsql, mysql, kafka, mongo, memcache, resp }[protocol]({ path, ports });
  captures[key] = pairs.map(({ ask, answer, kind, error }) => {
    const seconds = answer && Number(answer['frame.time_relative'][0]) - Number(ask['frame.time_relative'][0]);
    return {
      asked: Number(ask['frame.number'][0]),
      answered: answer ? Number(answer['frame.number'][0]) : null,
      nanoseconds: answer ? Math.round(seconds * 1e9) : null,
      kind,
      error: error ?? null,
    };
  });
}

/** A query, or a Sync, is answered by the next ReadyForQuery. */
function pgsql(capture) {
  const pairs = [];
  const waiting = new Map();
  const fields = ['pgsql.type', 'pgsql.query', 'pgsql.code', 'pgsql.frontend'];
  for (const frame of framesOf(capture, 'pgsql', fields)) {
    const stream = frame['tcp.stream'][0];
    const open = waiting.get(stream) ?? [];
    waiting.set(stream, open);
    for (const type of frame['pgsql.type']) {
      if (['Simple query', 'Sync', 'Startup message'].includes(type)) {
        const pair = { ask: frame, answer: null, kind: frame['pgsql.query'][0] ?? type, error: null };
        open.push(pair);
        pairs.push(pair);
      } else if (type === 'Error' && open.length > 0) {
        open[0].error = frame['pgsql.code'][0];
        open[0].answer = frame;
      } else if (type === 'Ready for query' && open.length > 0) {
        open.shift().answer = frame;
      }
    }
  }
  return pairs;
}

/** A command is answered by all that the server says until the next. */
function mysql(capture) {
  const pairs = [];
  const last = new Map();
  const silent = ['1', '24', '25'];
  for (const frame of framesOf(capture, 'mysql', ['mysql.command', 'mysql.error_code', 'mysql.response_code'])) {
    const stream = frame['tcp.stream'][0];
    const [command] = frame['mysql.command'];
    if (command !== undefined) {
      const pair = { ask: frame, answer: null, kind: command, error: null };
      if (!silent.includes(command)) pairs.push(pair);
      last.set(stream, silent.includes(command) ? undefined : pair);
    } else {
      const pair = last.get(stream);
      if (pair === undefined || frame.isAsking) continue;
      pair.answer = frame;
      pair.error ??= frame['mysql.error_code'][0] ?? null;
    }
  }
  return pairs;
}

function kafka(capture) {
  const fields = ['kafka.api_key', 'kafka.request_frame', 'kafka.error'];
  const frames = framesOf(capture, 'kafka', fields);
  const byNumber = new Map(frames.map((frame) => [frame['frame.number'][0], frame]));
  const pairs = frames.flatMap((answer) =>
    answer['kafka.request_frame'].map((number) => {
      const ask = byNumber.get(number);
      return { ask, answer, kind: ask['kafka.api_key'][0] };
    }),
  );
  return pairs.sort((one, other) => Number(one.ask['frame.number'][0]) - Number(other.ask['frame.number'][0]));
}

function mongo(capture) {
  const fields = ['mongo.request_id', 'mongo.response_to', 'mongo.opcode', 'mongo.element.name'];
  const frames = framesOf(capture, 'mongo', fields);
  const asks = new Map();
  const pairs = [];
  for (const frame of frames) {
    const [number] = frame['mongo.request_id'];
    const [answered] = frame['mongo.response_to'];
    const pair = asks.get(`${frame['tcp.stream'][0]} ${answered}`);
    if (!frame.isAsking) {
      if (pair !== undefined) pair.answer = frame;
    } else {
      const opened = { ask: frame, answer: null, kind: frame['mongo.element.name'][0]?.split(',')[0] };
      asks.set(`${frame['tcp.stream'][0]} ${number}`, opened);
      pairs.push(opened);
    }
  }
  return pairs;
}

/** By packets: a packet of requests, and the last of the server's before the client's next. */
function byTurns(capture, protocol, field) {
  const pairs = [];
  const last = new Map();
  for (const frame of framesOf(capture, protocol, [field, '_ws.col.Info'])) {
    const stream = frame['tcp.stream'][0];
    const pair = last.get(stream);
    if (!frame.isAsking) {
      if (pair !== undefined) pair.answer = frame;
    } else if (pair !== undefined && pair.answer === null) {
      pair.ask = frame;
      pair.kind = null;
    } else {
      const opened = {
        ask: frame,
        answer: null,
        kind: frame['_ws.col.Info'][0].replace(/^Request: /, '').split(' ')[0],
      };
      last.set(stream, opened);
      pairs.push(opened);
    }
  }
  return pairs;
}

function memcache(capture) {
  return byTurns(capture, 'memcache', 'memcache.command');
}

function resp(capture) {
  return byTurns(capture, 'resp', 'resp.string');
}
