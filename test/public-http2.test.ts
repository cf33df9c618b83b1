import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../src/model/exchange.ts';
import { redactPath } from '../src/protocols/redact.ts';
import { filesBelow, PUBLIC } from './public/folder.ts';
import { readSuricataTest, type Check } from './public/suricata-checks.ts';
import { fulfilsHttp, redacted } from './public/suricata-http.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * HTTP/2 and gRPC in captures that others made, against what their own tools say of it.
 */

const isHttp2 = ({ protocol }: Exchange): boolean => protocol === 'http/2' || protocol === 'grpc';
const folder = (path: string): string => join(PUBLIC, path);

/** What we keep of a request and its answer. */
const KEPT = ['http.url', 'http.status', 'http.http_method', 'http.hostname'];

/** Checks of streams, not of a connection's settings (stream 0). */
const isOfStreams = ({ match }: Check): boolean =>
  match['event_type'] === 'http' &&
  match['http.http2.stream_id'] !== '0' &&
  // The answer to the upgrade itself is no stream.
  match['http.status'] !== '101' &&
  KEPT.some((key) => key in match);

/** What deepflow prints of one frame. */
const DEEPFLOW =
  /msg_type: (\w+), stream_id: Some\((\d+)\).*?path: "([^"]*)", host: "([^"]*)".*?status_code: (?:Some\((\d+)\)|None).*?grpc_status_code: (?:Some\((\d+)\)|None)/;

describe.skipIf(!existsSync(PUBLIC))('HTTP/2 in public captures', () => {
  it('is what Suricata counts', { timeout: 120_000 }, async () => {
    const tests = folder('suricata-verify/tests');
    const differences: Record<string, Check[]> = {};
    let equal = 0;
    for (const file of filesBelow(tests).filter((name) => /http2.*test\.yaml$/.test(name))) {
      const { capture, checks } = readSuricataTest(readFileSync(join(tests, file), 'utf8'));
      const ofStreams = redacted(checks.filter(isOfStreams));
      const name = dirname(file);
      const own = filesBelow(join(tests, name)).find((path) => /\.pcap(ng)?$/.test(path));
      const path = capture === null ? own && join(tests, name, own) : join(tests, name, capture);
      if (ofStreams.length === 0 || path === undefined || !existsSync(path)) continue;
      // oxlint-disable-next-line no-await-in-loop -- one file after another
      const exchanges = (await readExchanges(path)).exchanges.filter(isHttp2);
      const unequal = ofStreams.filter(
        (check) => exchanges.filter((exchange) => fulfilsHttp(exchange, check)).length !== check.count,
      );
      equal += ofStreams.length - unequal.length;
      if (unequal.length > 0) differences[name] = unequal;
    }
    expect(differences).toEqual({});
    // Of most tests the capture is not in the collection, or only headers are asked for.
    expect(equal).toBe(3);
  });

  it.each([
    'grpc-segmented',
    'grpc-server-stream',
    'grpc-service-name',
    'grpc-unary',
    'grpc-unknown',
    'h2c_ascii',
    'http2-multi',
    'httpv2-stream-id',
  ])('is what deepflow prints of %s', async (name) => {
    const path = folder(`deepflow/agent/resources/test/flow_generator/http/${name}`);
    const theirs = new Map<string, { path: string; host: string; status: number; grpcStatus: number }>();
    for (const line of readFileSync(`${path}.result`, 'utf8').split('\n')) {
      const [, , id, target = '', host = '', status, grpcStatus] = DEEPFLOW.exec(line) ?? [];
      if (id === undefined) continue;
      const stream = theirs.get(id) ?? { path: '', host: '', status: -1, grpcStatus: -1 };
      theirs.set(id, stream);
      if (target !== '') stream.path = redactPath(target);
      if (host !== '') stream.host = host;
      if (status !== undefined) stream.status = Number(status);
      if (grpcStatus !== undefined) stream.grpcStatus = Number(grpcStatus);
    }
    const { exchanges } = await readExchanges(`${path}.pcap`);
    expect(
      exchanges
        .filter(isHttp2)
        .map(({ path: target, host, status, grpcStatus }) => ({ path: target, host, status, grpcStatus })),
    ).toEqual([...theirs.values()]);
  });
});
