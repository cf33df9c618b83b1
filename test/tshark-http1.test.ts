import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UserError } from '../src/model/user-error.ts';
import type { Exchange } from '../src/model/exchange.ts';
import { redactHost, redactPath } from '../src/protocols/redact.ts';
import { readExchanges, type ReadRows } from './support/read-exchanges.ts';

/*
 * HTTP/1 message by message: when each was whole, with method, path, host and status, and which
 * request an answer belongs to and how long after it came (`http.time`), as tshark has them.
 */

/** See `corpora/oracles/http1-messages.md`. */
interface Message {
  stream: number;
  packet: number;
  at: number;
  client: number;
  method?: string;
  uri?: string;
  host?: string;
  status?: number;
  requestIn?: number;
  lasts?: number;
}

const ORACLE = new URL('corpora/oracles/http1-messages.json.gz', import.meta.url);
const SHARED = join(import.meta.dirname, '../../shared/captures');
// Copied from there, so that this part is tested wherever the project is.
const OWN = join(import.meta.dirname, 'corpora/net');
const { captures } = JSON.parse(gunzipSync(readFileSync(ORACLE)).toString()) as { captures: Record<string, Message[]> };

const PIPELINED = 'tshark takes the last request before an answer for the one that it answers; these are pipelined';
const GIVEN_UP = 'the client had closed before the answer came: what it waited for ended there';
const NO_END = 'a body that ends with the connection, which the capture does not show: tshark shows no such message';
const BEHIND_HOLE = 'tshark loses its place behind missing bytes';
const LINK_TYPE = 'a link type that is not read, which the result says';
const H2C = 'an upgrade to HTTP/2 is one exchange, of HTTP/2';
const URGENT = 'tshark leaves out the urgent byte, and then reads no request';
const CUT = 'the capture cuts packets after 96 bytes: tshark shows half a path, and takes the next answer it can read';

/** By capture: how many requests and answers only tshark has so, and how many only we. */
const EXPLAINED: Readonly<Record<string, { theirs: [number, number]; ours: [number, number]; because: string }>> = {
  'net/gateway-next-upstream.ingress.pcap': { theirs: [0, 5], ours: [0, 5], because: GIVEN_UP },
  'net/gateway-timeout.ingress.pcap': { theirs: [0, 4], ours: [0, 4], because: GIVEN_UP },
  'net/healthy-http-pipelined.pcap': { theirs: [0, 99], ours: [0, 99], because: PIPELINED },
  'credentials/near-metadata-per-request-c4/s96.pcap': { theirs: [60, 60], ours: [64, 240], because: CUT },
  'credentials/storm-v1-c1/s96.pcap': { theirs: [120, 61], ours: [121, 121], because: CUT },
  'public/tcpdump/tests/accecn_handshake.pcap': { theirs: [0, 0], ours: [0, 1], because: NO_END },
  'public/tcpdump/tests/arcnet-rfc1051-arp-icmp-http.pcap': { theirs: [1, 1], ours: [0, 0], because: LINK_TYPE },
  'public/tcpdump/tests/arcnet-rfc1201-arp-icmp-http.pcap': { theirs: [1, 1], ours: [0, 0], because: LINK_TYPE },
  'public/pcap2har-go/test/captures/insecure.pcap': {
    theirs: [0, 0],
    ours: [1, 1],
    because: 'tshark takes the port of one client for another protocol',
  },
  'public/pcap_file_ex/test/fixtures/corrupted.pcap': {
    theirs: [0, 0],
    ours: [2, 2],
    because: 'tshark stops where the capture is damaged',
  },
  'public/pcap_file_ex/test/fixtures/linux_new_test.pcap': { theirs: [0, 0], ours: [0, 1], because: NO_END },
  'public/pcap_file_ex/test/fixtures/linux_new_test.pcapng': { theirs: [0, 0], ours: [0, 1], because: NO_END },
  'public/suricata-verify/tests/http-body-inspect/http-aptget-ids-02-s2.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: NO_END,
  },
  'public/suricata-verify/tests/http-chunked/input.pcap': {
    theirs: [1, 0],
    ours: [1, 0],
    because: 'its body never begins: tshark takes the head for the whole request',
  },
  'public/suricata-verify/tests/http-close-headers/input.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: 'a head without an end: the server closed before',
  },
  'public/suricata-verify/tests/http-data-after-09/input.pcap': {
    theirs: [0, 1],
    ours: [0, 1],
    because: 'an answer without a request, and the client closes in its midst',
  },
  'public/suricata-verify/tests/http-gap-beyond-body/input.pcap': {
    theirs: [0, 0],
    ours: [0, 2],
    because: BEHIND_HOLE,
  },
  'public/suricata-verify/tests/http-gap-double/input.pcap': { theirs: [0, 0], ours: [0, 2], because: BEHIND_HOLE },
  'public/suricata-verify/tests/http-gap-simple/input.pcap': { theirs: [0, 0], ours: [0, 2], because: BEHIND_HOLE },
  'public/suricata-verify/tests/http-gap-whole-body/input.pcap': { theirs: [0, 0], ours: [0, 3], because: BEHIND_HOLE },
  'public/suricata-verify/tests/http-multiple-cl/input.pcap': {
    theirs: [1, 0],
    ours: [1, 0],
    because: 'a request with two lengths that differ, for which a server has but an error',
  },
  'public/suricata-verify/tests/http-pipeline-files-with-gap/input.pcap': {
    theirs: [0, 0],
    ours: [0, 2],
    because: BEHIND_HOLE,
  },
  'public/suricata-verify/tests/http-protocol-nodup/input.pcap': {
    theirs: [0, 39],
    ours: [0, 39],
    because: 'pipelined, and the answers were lost behind the capture: those that were sent again count',
  },
  'public/suricata-verify/tests/http-response-line/input.pcap': { theirs: [0, 0], ours: [0, 1], because: NO_END },
  'public/suricata-verify/tests/http-sha256-drop-02/input.pcap': {
    theirs: [0, 1],
    ours: [0, 1],
    because: 'the end of the answer was dropped behind the capture: the client never had it',
  },
  'public/suricata-verify/tests/http-sticky-start/input.pcap': { theirs: [0, 1], ours: [0, 1], because: GIVEN_UP },
  'public/suricata-verify/tests/http-uri-spaces/input.pcap': {
    theirs: [1, 0],
    ours: [1, 0],
    because: 'a target with spaces, of which tshark shows the first part',
  },
  'public/suricata-verify/tests/http2-deflate/http2_deflate.pcap': { theirs: [1, 1], ours: [0, 0], because: H2C },
  'public/suricata-verify/tests/http2-deflate-case/input.pcap': { theirs: [1, 1], ours: [0, 0], because: H2C },
  'public/suricata-verify/tests/http2-keywords2/input.pcap': { theirs: [1, 1], ours: [0, 0], because: H2C },
  'public/suricata-verify/tests/http2-range/http2-range.pcap': { theirs: [3, 3], ours: [0, 0], because: H2C },
  'public/suricata-verify/tests/tcp-rst-unacked-stream-09/TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49230.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: NO_END,
  },
  'public/suricata-verify/tests/tcp-rst-unacked-stream-10/TLPW1-tcp-174.56.47.59-10.3.11.101-tcp-80-49309.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: NO_END,
  },
  'public/suricata-verify/tests/tcp-rst-unacked-stream-11/TLPW1-tcp-47.32.209.86-10.11.23.101-tcp-80-49470.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: NO_END,
  },
  'public/suricata-verify/tests/tcp-urgp-01-oob/tcp-urgent1.pcap': { theirs: [0, 1], ours: [1, 1], because: URGENT },
  'public/suricata-verify/tests/tcp-urgp-02-drop-ips/tcp-urgent1.pcap': {
    theirs: [0, 1],
    ours: [1, 1],
    because: URGENT,
  },
  'public/suricata-verify/tests/tcp-urgp-03-inline/tcp-urgent1.pcap': { theirs: [0, 1], ours: [1, 1], because: URGENT },
  'public/suricata-verify/tests/tcp-urgp-04-2byte-XY/tcp-urgent-2byte-XY.pcap': {
    theirs: [0, 1],
    ours: [1, 1],
    because: URGENT,
  },
  'public/deepflow/server/libs/datatype/decapsulate_erspan1.pcap': {
    theirs: [0, 0],
    ours: [2, 4],
    because: 'messages that the capture cuts off: tshark shows whole ones only',
  },
  'public/pcapplusplus/Tests/Pcap++Test/PcapExamples/pcapng-example.pcapng': {
    theirs: [0, 1],
    ours: [0, 1],
    because: 'times after the year 2262, which tshark tells otherwise',
  },
  'public/pcapplusplus/Tests/Pcap++Test/PcapExamples/raw_ip.pcap': { theirs: [0, 0], ours: [0, 1], because: NO_END },
  'public/suricata-verify/tests/http-connect/http-connect-fragmented/input.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: 'what a tunnel through a proxy carries is told anew, and tshark does not pair it',
  },
  'public/suricata-verify/tests/http-connect/http-connect-simple/input.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: 'what a tunnel through a proxy carries is told anew, and tshark does not pair it',
  },
  'public/deepflow/agent/resources/test/common/decapsulate_erspan1.pcap': {
    theirs: [0, 0],
    ours: [2, 4],
    because: 'messages that the capture cuts off: tshark shows whole ones only',
  },
  'public/pcapplusplus/Tests/Fuzzers/RegressionTests/regression_samples/clusterfuzz-testcase-minimized-FuzzTarget-5755755617189888':
    { theirs: [1, 0], ours: [0, 0], because: 'a first line of a request with a method alone, made by a fuzzer' },
  'public/deepflow/agent/resources/test/flow_generator/http/istio-tcp-frag.pcap': {
    theirs: [0, 0],
    ours: [0, 1],
    because: NO_END,
  },
};

interface Said {
  requests: string[];
  answers: string[];
}

function saidByTshark(messages: readonly Message[]): Said {
  const requests = messages.filter(({ method }) => method !== undefined);
  const byPacket = new Map(requests.map((request) => [`${request.stream} ${request.packet}`, request]));
  const answers = messages.filter(({ status = 0 }) => status >= 200 || status === 101);
  return {
    requests: requests.map(({ client, at, method = '', uri = '', host = '' }) => {
      const path = method === 'CONNECT' ? '' : redactPath(uri);
      return `${client} ${at} ${method} ${path} ${redactHost(method === 'CONNECT' ? uri : host)}`;
    }),
    answers: answers.map(({ client, at, status, stream, requestIn }) => {
      const request = byPacket.get(`${stream} ${requestIn}`);
      return `${client} ${at} ${status}${request === undefined ? '' : ` after ${at - request.at}`}`;
    }),
  };
}

function saidByUs(exchanges: readonly Exchange[]): Said {
  const http1 = exchanges.filter(({ protocol }) => protocol === 'http/1.1' || protocol === 'http/1.0');
  return {
    requests: http1
      .filter(({ method }) => method !== '')
      .map(
        ({ clientPort, requestedAt, method, path, host }) => `${clientPort} ${requestedAt} ${method} ${path} ${host}`,
      ),
    answers: http1
      .filter(({ status }) => status > 0)
      .map(({ clientPort, startedAt, duration, requestedAt, status, outcome, method }) => {
        const end = startedAt + duration;
        const after = Number.isNaN(requestedAt) ? '' : ` after ${end - requestedAt}`;
        const isWhole = outcome === 'ok' || outcome === 'error' || method === '';
        return `${clientPort} ${end} ${status}${after}${isWhole ? '' : ` ${outcome}`}`;
      }),
  };
}

/** What is in the first and not in the second, as multisets. */
function without(these: readonly string[], those: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of those) counts.set(text, (counts.get(text) ?? 0) + 1);
  return these.filter((text) => {
    const left = counts.get(text) ?? 0;
    counts.set(text, left - 1);
    return left <= 0;
  });
}

async function readOrNull(path: string): Promise<ReadRows | null> {
  try {
    return await readExchanges(path);
  } catch (error) {
    // What is no capture is the business of other tests.
    if (error instanceof UserError) return null;
    throw error;
  }
}

function placeOf(capture: string): string | null {
  const own = join(OWN, `${basename(capture)}.gz`);
  if (capture.startsWith('net/') && existsSync(own)) return own;
  const shared = join(SHARED, capture);
  return existsSync(shared) ? shared : null;
}

/** Cases in which the answer's first line has no version of HTTP/1 (`HTTP/2.0`, `HTTP/1.10`) or no status (`20`, `2000`). */
const NO_STATUS_LINE = [
  48, 49, 51, 53, 365, 366, 367, 368, 370, 372, 391, 392, 393, 462, 467, 468, 471, 472, 474, 477, 478,
];

/** Malformed on purpose, each in its own way: where such a message ends is anybody's guess. */
const isEvader = ({ capture }: { capture: string }): boolean => capture.includes('/http-evader/');

describe('HTTP/1 messages as tshark sees them', () => {
  const cases = Object.entries(captures).map(([capture, messages]) => ({ capture, messages, path: placeOf(capture) }));
  // Without the captures beside the checkout there are still those of `corpora/`.
  const there = cases.filter(({ path }) => path !== null);

  it.each(there.filter((one) => !isEvader(one)))('$capture', async ({ capture, messages, path }) => {
    const rows = await readOrNull(path ?? '');
    const [theirs, ours] = [saidByTshark(messages), saidByUs(rows?.exchanges ?? [])];
    const difference = {
      theirs: [without(theirs.requests, ours.requests).length, without(theirs.answers, ours.answers).length],
      ours: [without(ours.requests, theirs.requests).length, without(ours.answers, theirs.answers).length],
    };
    const { theirs: onlyTheirs = [0, 0], ours: onlyOurs = [0, 0] } = EXPLAINED[capture] ?? {};
    expect(difference).toEqual({ theirs: onlyTheirs, ours: onlyOurs });
  });

  it.skipIf(!there.some(isEvader))('of evaders: the same requests and statuses', async () => {
    const unread: number[] = [];
    let equal = 0;
    let unshown = 0;
    for (const { capture, messages, path } of there.filter(isEvader)) {
      // oxlint-disable-next-line no-await-in-loop -- one file after another
      const { exchanges } = await readExchanges(path ?? '');
      const theirs = messages.filter(({ status = 200 }) => status < 100 || status >= 200);
      const texts = theirs.map(({ method, status }) => String(method ?? status));
      const ours = exchanges.flatMap(({ method, status }) => [method, ...(status < 0 ? [] : [String(status)])]);
      const onlyTheirs = without(texts, ours).length;
      const onlyOurs = without(ours, texts).length;
      if (onlyTheirs > 0) unread.push(Number(/http-evader-(\d+)/.exec(capture)?.[1]));
      else if (onlyOurs > 0) unshown++;
      else equal++;
    }
    expect(unread).toEqual(NO_STATUS_LINE);
    // tshark does not show an answer at all whose body it can't take apart.
    expect(unshown).toBe(32);
    expect(equal).toBeGreaterThan(400);
  });
});
