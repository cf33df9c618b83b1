// Writes test/corpora/oracles/dns-messages.json.gz anew: what tshark says of each DNS message in
// captures that others made. Takes minutes; tshark 4.0 must be installed.
//   node scripts/dns-oracle.mjs ../shared/captures public resolvers net cluster
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const NO_CAPTURE = /\.(out|yaml|result|json|gold2?|txt|expected|dns|resolv|log|md|gitignore)$|^(LICENSE|TESTLIST)/;
const ARGUMENTS = [
  '-n',
  '-o',
  'tcp.reassemble_out_of_order:TRUE',
  '-Y',
  'dns && (udp.port == 53 || tcp.port == 53)',
  '-T',
  'pdml',
  '-J',
  'frame icmp icmpv6 dns',
];

const [root, ...folders] = process.argv.slice(2);
const captures = {};
for (const folder of folders) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || NO_CAPTURE.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const messages = readMessages(path);
    if (messages.length > 0) captures[relative(root, path)] = steps(messages);
  }
}
const version = /\d+\.\d+\.\d+/.exec(run(['--version']))[0];
const text = JSON.stringify({ tshark: version, captures });
writeFileSync(new URL('../test/corpora/oracles/dns-messages.json.gz', import.meta.url), gzipSync(text, { level: 9 }));

/** Packets' numbers as steps from one message to the next and back to the query: half as long when packed. */
function steps(messages) {
  let last = 0;
  return messages.map(([frame, id, response, name, type, code, query, delay]) => {
    const step = frame - last;
    last = frame;
    return [step, id, response, name, type, code, query === 0 ? 0 : frame - query, delay];
  });
}

function run(words) {
  return spawnSync('tshark', words, { encoding: 'latin1', maxBuffer: 1 << 30 }).stdout;
}

/** @returns for each message: packet, id, response (1) or query (0), name, type, code, the query's packet and the delay in nanoseconds (0 where tshark knows none) */
function readMessages(path) {
  const messages = [];
  let frame = 0;
  let message = null;
  let quoted = false;
  for (const line of run(['-r', path, ...ARGUMENTS]).split('\n')) {
    if (line.startsWith('<packet>')) {
      message = null;
      quoted = false;
      continue;
    }
    const protocol = /^ *<proto name="([^"]+)"/.exec(line)?.[1];
    if (protocol !== undefined) {
      // What an ICMP error quotes was not sent again.
      if (protocol.startsWith('icmp')) quoted = true;
      if (protocol === 'dns' && !quoted) {
        message = [frame, 0, 0, '', 0, 0, 0, 0];
        messages.push(message);
      }
      continue;
    }
    const [, name, show, value] = /<field name="([^"]*)".*? show="([^"]*)"(?: value="([^"]*)")?/.exec(line) ?? [];
    if (name === 'frame.number') frame = Number(show);
    else if (message === null) continue;
    else if (name === 'dns.id') message[1] ||= Number(show);
    else if (name === 'dns.flags.response') message[2] = show === '1' || show === 'True' ? 1 : 0;
    else if (name === 'dns.qry.name') message[3] ||= nameOf(show, value);
    else if (name === 'dns.qry.type') message[4] ||= Number(show);
    else if (name === 'dns.flags.rcode') message[5] = Number(show);
    else if (name === 'dns.response_to') message[6] = Number(show);
    else if (name === 'dns.time') message[7] = Math.round(Number(show) * 1e9);
  }
  return messages;
}

/** From the bytes where the name stands as it is, else as tshark prints it; written as rows write names. */
function nameOf(show, hex) {
  const bytes = Buffer.from(hex ?? '', 'hex');
  const labels = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at];
    if (length === 0) return labels.join('.') || '.';
    if (length > 63) break;
    labels.push([...bytes.subarray(at + 1, at + 1 + length)].map(characterOf).join(''));
    at += 1 + length;
  }
  return show.toLowerCase();
}

function characterOf(octet) {
  const plain = octet > 32 && octet < 127 && octet !== 0x2e && octet !== 0x5c;
  return plain ? String.fromCharCode(octet).toLowerCase() : `\\${String(octet).padStart(3, '0')}`;
}
