import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../src/model/connection.ts';
import { packetNumber } from '../src/model/packet.ts';
import { UserError } from '../src/model/user-error.ts';
import { PUBLIC } from './public/folder.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * Connection by connection beside tshark: handshakes, round trips, segments sent again, keepalives,
 * closed windows. `node scripts/tcp-oracle.mjs` writes tshark's part anew.
 */

const OWN = join(import.meta.dirname, 'corpora');
const ORACLE = new URL('corpora/oracles/tcp-connections.json.gz', import.meta.url);

type SideRow = [again: number, outOfOrder: number, keepalives: number, zeroWindows: number, roundTrip: number];
type Row = [first: number, packets: number, handshake: number, first: SideRow, other: SideRow];

const { captures } = JSON.parse(gunzipSync(readFileSync(ORACLE)).toString()) as { captures: Record<string, Row[]> };

type Kind = 'missing' | 'resends' | 'keepalives' | 'windows' | 'handshake' | 'roundTrip';
type Differences = Partial<Record<Kind, number>>;

function differencesOf(rows: readonly Row[], connections: readonly Connection[]): Differences {
  const byFirst = new Map(connections.map((connection) => [packetNumber(connection.firstPacket), connection]));
  const found: Differences = {};
  for (const [first, packets, handshake, one, other] of rows) {
    const ours = byFirst.get(first);
    // Lone resets, scans and spoilt headers open nothing.
    if (ours === undefined && packets <= 2) continue;
    const kinds = ours === undefined ? (['missing'] as const) : fewest(ours, handshake, one, other);
    for (const kind of kinds) found[kind] = (found[kind] ?? 0) + 1;
  }
  return found;
}

/** Where no SYN was seen, the first packet may be of either side. */
function fewest(ours: Connection, handshake: number, one: SideRow, other: SideRow): readonly Kind[] {
  const asClients = kindsOf(ours, handshake, one, other);
  if (asClients.length === 0 || ours.syns[0]?.packet === ours.firstPacket) return asClients;
  const asServers = kindsOf(ours, handshake, other, one);
  return asServers.length < asClients.length ? asServers : asClients;
}

function kindsOf(ours: Connection, handshake: number, client: SideRow, server: SideRow): Kind[] {
  const { retransmissions, keepalives, zeroWindows, syns, stalls, minRoundTrip, connectDuration } = ours;
  const probes = stalls.filter(({ reason }) => reason === 'zero-window').reduce((sum, { resends }) => sum + resends, 0);
  const kinds: Kind[] = [];
  if (retransmissions.client !== client[0] || retransmissions.server !== server[0]) kinds.push('resends');
  if (keepalives.client + keepalives.server + probes !== client[2] + server[2]) kinds.push('keepalives');
  if (zeroWindows.client > 0 !== client[3] > 0 || zeroWindows.server > 0 !== server[3] > 0) kinds.push('windows');
  if (handshake > 0 && syns.length === 1 && isOther(connectDuration, handshake, ours)) kinds.push('handshake');
  // Which sending is acknowledged can't be told of one that was sent again; a refusal acknowledges nothing.
  const isMeasured = client[4] > 0 && client[0] === 0 && syns.length < 2 && ours.ending !== 'refused';
  if (isMeasured && isTold(minRoundTrip) && isOther(minRoundTrip, client[4], ours)) kinds.push('roundTrip');
  return kinds;
}

/** How many round trips that tshark has are told. Where only data acknowledges, the other side's program may be in it. */
const roundTrips = { told: 0, untold: 0 };

function isTold(roundTrip: number): boolean {
  const isKnown = !Number.isNaN(roundTrip);
  roundTrips[isKnown ? 'told' : 'untold']++;
  return isKnown;
}

/** To the nanosecond, up to 104 days after the capture's first packet; merged captures may span years. */
const isOther = (ours: number, theirs: number, { startedAt, duration }: Connection): boolean =>
  !(Math.abs(ours - theirs) <= Math.max(1, (startedAt + duration) * 2 ** -51));

async function compare(path: string, name: string): Promise<Differences | null> {
  try {
    return differencesOf(captures[name] as Row[], (await readExchanges(path)).connections);
  } catch (error) {
    // What is no capture for us is the business of other tests.
    if (error instanceof UserError) return null;
    throw error;
  }
}

const LATE =
  'tshark takes what fills a hole within the first round trip for out of order; it left after what follows it';
const COPY = 'the same packet twice within milliseconds, identification and all: a copy that the capture made';
const PROBE =
  'the first packet of the capture is a keepalive, which its answer tells; tshark compares with the one before';
const LINK_TYPE = 'a link type that is not read, which the result says';
const SPOILT = 'a file of packets that never were one connection: spoilt by hand, or put together';

interface Explained {
  differences: Differences;
  because: string;
}

const one = (kind: Kind, because: string): Explained => ({ differences: { [kind]: 1 }, because });

const OWN_EXPLAINED: Readonly<Record<string, Explained>> = {
  'net/idle-silent-drop.pcap': {
    differences: { keepalives: 2 },
    because:
      "an answer that conntrack forgot to translate: for tshark another connection's first packet, for us a keepalive",
  },
  'net/tcp-rto-stall.near-fast-retransmit.pcap': one('resends', LATE),
  'net/tcp-rto-stall.pcap': one(
    'resends',
    'a lost answer that only the identifications tell of: the truth has it, too',
  ),
};

const EXPLAINED: Readonly<Record<string, Explained>> = {
  'public/deepflow/agent/resources/test/common/decapsulate_erspan1.pcap': {
    differences: { roundTrip: 1 },
    because: 'a segment came before the one before it: what is acknowledged behind a hole is no sample',
  },
  'public/deepflow/agent/resources/test/flow_generator/handshake-error.pcap': one(
    'handshake',
    'the client acknowledges the SYN-ACK before the capture shows it',
  ),
  'public/deepflow/agent/resources/test/flow_generator/mysql/mysql-statement.pcap': {
    differences: { keepalives: 11 },
    because: PROBE,
  },
  'public/deepflow/server/libs/datatype/decapsulate_erspan1.pcap': {
    differences: { roundTrip: 1 },
    because: 'a segment came before the one before it: what is acknowledged behind a hole is no sample',
  },
  'public/pcapplusplus/Tests/ExamplesTest/expected_output/ipfragutil_bpf_filter.pcap': one(
    'missing',
    'fragments, of which tshark shows each first one before the others came',
  ),
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/Bgp_open_malformed.pcap': one('resends', SPOILT),
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/Smtp.pcap': one('resends', SPOILT),
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/doipPackets.pcapng': one('resends', COPY),
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/ldap.pcapng': one('resends', COPY),
  'public/pcapplusplus/Tests/Pcap++Test/PcapExamples/file_heuristics/pcapng-example.pcapng.zst': {
    differences: { roundTrip: 4 },
    because: 'times 584,000 years after the first packet, exact to microseconds only',
  },
  'public/pcapplusplus/Tests/Pcap++Test/PcapExamples/pcapng-example.pcapng': {
    differences: { roundTrip: 4 },
    because: 'times 584,000 years after the first packet, exact to microseconds only',
  },
  'public/suricata-verify/tests/eve-payload-06-tcp-data-leading-gap/tcp-leading-gap.pcap': one(
    'roundTrip',
    'what is acknowledged behind a hole is no sample',
  ),
  'public/suricata-verify/tests/http-pipeline-files-with-gap/input.pcap': one('resends', LATE),
  'public/suricata-verify/tests/http-post-data-decompression/input.pcap': one(
    'roundTrip',
    'an acknowledgment within the same microsecond, which tshark does not tell from none',
  ),
  'public/suricata-verify/tests/http-post-file/input.pcap': { differences: { keepalives: 2 }, because: PROBE },
  'public/suricata-verify/tests/http2-compression-bug/input.pcap': one(
    'keepalives',
    'the last acknowledgement is stamped 6 µs before what it acknowledges, and read first',
  ),
  'public/suricata-verify/tests/tcp-protodetect-bailout/input.pcap': one(
    'resends',
    'packets of two queues: the data that tshark takes for sent again has the earlier time, and comes once',
  ),
  'public/suricata-verify/tests/tcp-split-handshake-01-4whs/split-handshake-4whs.pcap': one(
    'handshake',
    'both sides sent a SYN: the client waited since its own',
  ),
  ...Object.fromEntries(
    ['eve-overlap-payload-01', 'eve-overlap-payload-02-policy-oldlinux', 'eve-overlap-payload-03-ips']
      .concat('eve-payload-01-tcp-exact-overlap', 'eve-payload-02-tcp-exact-overlap-policy-oldlinux')
      .concat('eve-payload-03-tcp-exact-overlap-ips')
      .map((name) => [`public/suricata-verify/tests/${name}/tcp-overlap.pcap`, one('resends', COPY)]),
  ),
  ...Object.fromEntries(
    [
      '09/TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49230',
      '10/TLPW1-tcp-174.56.47.59-10.3.11.101-tcp-80-49309',
      '12/TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49254',
    ].map((name) => [`public/suricata-verify/tests/tcp-rst-unacked-stream-${name}.pcap`, one('resends', LATE)]),
  ),
  ...Object.fromEntries(
    ['arcnet-rfc1051-arp-icmp-http', 'arcnet-rfc1201-arp-icmp-http', 'ipoib'].map((name) => [
      `public/tcpdump/tests/${name}.pcap`,
      one('missing', LINK_TYPE),
    ]),
  ),
  ...Object.fromEntries(
    ['kday4', 'kday7'].map((name) => [
      `public/tcpdump/tests/${name}.pcap`,
      { differences: { resends: 1, missing: 1 }, because: SPOILT },
    ]),
  ),
  'public/tcpdump/tests/bgp-as-path-oobr.pcap': one('resends', SPOILT),
  'public/tcpdump/tests/bgp-shutdown-communication.pcapng': one('resends', COPY),
  'public/tcpdump/tests/bgp-shutdown-msg-variations.pcap': one('resends', SPOILT),
  'public/tcpdump/tests/pptp.pcap': one('resends', COPY),
};

function noted(found: ReadonlyMap<string, Differences | null>): Record<string, Differences> {
  const entries = [...found].filter(([, differences]) => differences !== null && Object.keys(differences).length > 0);
  return Object.fromEntries(entries) as Record<string, Differences>;
}

const expectedOf = (explained: Readonly<Record<string, Explained>>): Record<string, Differences> =>
  Object.fromEntries(Object.entries(explained).map(([name, { differences }]) => [name, differences]));

async function compareAll(folder: string, pathOf: (name: string) => string): Promise<Map<string, Differences | null>> {
  const found = new Map<string, Differences | null>();
  for (const name of Object.keys(captures)) {
    // oxlint-disable-next-line no-await-in-loop -- one capture after another
    if (name.startsWith(folder)) found.set(name, await compare(pathOf(name), name));
  }
  return found;
}

it('our own captures of connections are as tshark has them', async () => {
  const found = await compareAll('net/', (name) => join(OWN, `${name}.gz`));
  expect(noted(found)).toEqual(expectedOf(OWN_EXPLAINED));
  expect(found.size).toBeGreaterThan(80);
});

describe.skipIf(!existsSync(PUBLIC))("others' captures (../shared/captures/public)", () => {
  it('are as tshark has them', async () => {
    const found = await compareAll('public/', (name) => join(PUBLIC, '..', name));
    expect(noted(found)).toEqual(expectedOf(EXPLAINED));
    expect(found.size).toBeGreaterThan(1000);
    expect(Object.values(captures).flat().length).toBeGreaterThan(3400);
    // Connections of a few packets, in which nobody acknowledges anything alone.
    expect(roundTrips.untold).toBeLessThan(roundTrips.told / 8);
  }, 120_000);
});
