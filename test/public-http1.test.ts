import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { milliseconds, toSeconds } from '../src/base/time.ts';
import type { Exchange } from '../src/model/exchange.ts';
import { redactHost, redactPath } from '../src/protocols/redact.ts';
import { filesBelow, PUBLIC } from './public/folder.ts';
import { readSuricataTest } from './public/suricata-checks.ts';
import { fulfilsHttp, isOfHttp, redacted } from './public/suricata-http.ts';
import { readExchanges, type ReadRows } from './support/read-exchanges.ts';

/*
 * HTTP/1 in captures that others made, against what their own tools say of it. The tables hold
 * every difference, with the reason.
 */

const isHttp1 = ({ protocol }: Exchange): boolean => protocol === 'http/1.1' || protocol === 'http/1.0';
const folder = (path: string): string => join(PUBLIC, path);

const startOf = ({ base }: ReadRows, exchange: Exchange): number =>
  Number(base / 1000n) / 1e6 + toSeconds(exchange.startedAt);

/** By Suricata's test: how many of its checks on HTTP do not hold for us. */
const SURICATA: Readonly<Record<string, { unequal: number; because: string }>> = {
  'http-gap-beyond-body': { unequal: 2, because: 'three requests whose paths are alike to us, one without an answer' },
  'http-gap-simple-frames-ips': { unequal: 1, because: 'Suricata was told to drop what follows the gap' },
  'http-not09': { unequal: 1, because: 'a first line without a version, which no client sends since 1996' },
};

/** What pcap2har writes of one request. */
interface Entry {
  startedDateTime: string;
  /** Nanoseconds from the request's packet to the answer's last. */
  time: number;
  request: { method: string; url: string };
  response: { status: number };
}

/** What deepflow prints of each message: `Request` or `Response` with their fields. */
const DEEPFLOW =
  /msg_type: (Request|Response),.*?method: (\w+), path: "([^"]*)", host: "([^"]*)".*?status_code: (?:Some\((\d+)\)|None)/;

const key = ({ start, said }: { start: string; said: string }): string => `${start} ${said}`;

describe.skipIf(!existsSync(PUBLIC))('HTTP/1 in public captures', () => {
  it('is what Suricata counts', { timeout: 120_000 }, async () => {
    const tests = folder('suricata-verify/tests');
    const differences: Record<string, { unequal: number }> = {};
    let equal = 0;
    for (const file of filesBelow(tests).filter((name) => name.endsWith('test.yaml'))) {
      const { capture, checks } = readSuricataTest(readFileSync(join(tests, file), 'utf8'));
      const ofHttp = redacted(checks.filter(isOfHttp));
      const name = dirname(file);
      // HTTP/2 has its own tests.
      if (ofHttp.length === 0 || name.startsWith('http2')) continue;
      const own = filesBelow(join(tests, name)).find((path) => /\.pcap(ng)?$/.test(path));
      const path = capture === null ? own && join(tests, name, own) : join(tests, name, capture);
      if (path === undefined || !existsSync(path)) continue;
      // oxlint-disable-next-line no-await-in-loop -- one file after another
      const exchanges = (await readExchanges(path)).exchanges.filter(isHttp1);
      const unequal = ofHttp.filter(
        (check) => exchanges.filter((exchange) => fulfilsHttp(exchange, check)).length !== check.count,
      );
      equal += ofHttp.length - unequal.length;
      if (unequal.length > 0) differences[name] = { unequal: unequal.length };
    }
    const explained = Object.entries(SURICATA).map(([name, { unequal }]) => [name, { unequal }]);
    expect(differences).toEqual(Object.fromEntries(explained));
    expect(equal).toBe(40);
  });

  // `fastcgi.pcap` carries what a web server says to PHP, which is no HTTP.
  it('is what pcap2har makes of it', async () => {
    const path = folder('pcap2har-go/test/captures/insecure');
    const { log } = JSON.parse(readFileSync(`${path}.expected`, 'utf8')) as { log: { entries: Entry[] } };
    const rows = await readExchanges(`${path}.pcap`);
    const theirs = log.entries.map(({ request: { method, url }, response: { status }, startedDateTime, time }) => ({
      start: (Date.parse(startedDateTime) / 1000).toFixed(3),
      said: `${method} ${redactHost(new URL(url).host)} ${redactPath(url)} ${status}`,
      lasts: time,
    }));
    const ours = rows.exchanges.filter(isHttp1).map((exchange) => ({
      start: (Math.floor(startOf(rows, exchange) * 1000) / 1000).toFixed(3),
      said: `${exchange.method} ${exchange.host} ${exchange.path} ${exchange.status}`,
      lasts: exchange.duration,
    }));
    expect(ours.map(key).sort()).toEqual(theirs.map(key).sort());
    for (const one of ours) {
      const same = theirs.find((other) => key(other) === key(one));
      // Their answer is over with its last byte, ours where the server closes: nobody knows before.
      expect(one.lasts - (same?.lasts ?? 0), key(one)).toBeGreaterThanOrEqual(0);
      expect(one.lasts - (same?.lasts ?? 0), key(one)).toBeLessThan(milliseconds(1));
    }
  });

  it.each(['client-ip', 'httpv1', 'istio-tcp-frag', 'sw8'])('is what deepflow prints of %s', async (name) => {
    const path = folder(`deepflow/agent/resources/test/flow_generator/http/${name}`);
    const theirs: string[] = [];
    for (const line of readFileSync(`${path}.result`, 'utf8').split('\n')) {
      const [, kind, method = '', target = '', host = '', status] = DEEPFLOW.exec(line) ?? [];
      if (kind === 'Request') theirs.push(`${method.toUpperCase()} ${redactHost(host)} ${redactPath(target)}`);
      else if (kind === 'Response') theirs.push(String(status));
    }
    const { exchanges } = await readExchanges(`${path}.pcap`);
    const ours = exchanges
      .filter(isHttp1)
      .flatMap((exchange) => [
        ...(exchange.method === '' ? [] : [`${exchange.method} ${exchange.host} ${exchange.path}`]),
        ...(exchange.status < 0 ? [] : [String(exchange.status)]),
      ]);
    expect(ours).toEqual(theirs);
  });
});
