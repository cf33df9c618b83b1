import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture } from '../bench/generate.ts';
import { analyze } from '../src/analyze.ts';
import { seconds } from '../src/base/time.ts';
import { createDiagnosis } from '../src/diagnosis/diagnose.ts';
import { copyConnection } from '../src/model/connection.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { copyExchange, type Exchange } from '../src/model/exchange.ts';
import type { Input } from '../src/model/input.ts';
import { copyLookup } from '../src/model/lookup.ts';
import type { FullObserver, Observer } from '../src/model/observer.ts';
import { copyRequest } from '../src/model/request.ts';
import { inputOf } from '../src/model/testing/rows.ts';
import { RULES } from '../src/rules/registry.ts';
import { isOrdinaryExchange } from '../src/rules/support/exchanges/ordinary-exchanges.ts';
import { handOn } from '../src/rules/support/testing/run-rule.ts';
import { joined, Traffic } from '../src/rules/support/testing/traffic.ts';

/** Ordinary exchanges take a quicker way to the rules: it must say what the general one says. */

type Told = (observer: FullObserver) => void;

function diagnosed(inputs: readonly Input[], rows: Told, quick: (exchange: Exchange) => boolean): Diagnosis {
  const run = createDiagnosis({ rules: RULES, inputs, version: '0', isOrdinaryExchange: quick });
  for (const input of inputs) run.observer.input(input);
  rows(run.observer);
  run.observer.finish();
  return run.result();
}

async function analyzed(path: string, observers: readonly Observer[]): Promise<readonly Input[]> {
  const all = { dnsPorts: [53], clients: [], names: [], slowerThan: null };
  return (await analyze({ ...all, paths: [path], observers })).inputs;
}

/** The rows of a capture, in the order in which they come. */
async function rowsOf(path: string): Promise<{ inputs: readonly Input[]; rows: Told }> {
  const tell: Told[] = [];
  const kept = <Row>(copy: (row: Row) => Row, hear: (observer: FullObserver, row: Row) => void) => {
    return (row: Row): void => {
      const own = copy(row);
      tell.push((observer) => hear(observer, own));
    };
  };
  const inputs = await analyzed(path, [
    {
      lookup: kept(copyLookup, (observer, row) => observer.lookup(row)),
      connection: kept(copyConnection, (observer, row) => observer.connection(row)),
      exchange: kept(copyExchange, (observer, row) => observer.exchange(row)),
      request: kept(copyRequest, (observer, row) => observer.request(row)),
    },
  ]);
  return {
    inputs,
    rows: (observer) => {
      for (const one of tell) one(observer);
    },
  };
}

const captures = ['net', 'credentials', 'tracing', 'upstream'].flatMap((folder) =>
  readdirSync(join('test/corpora', folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes('.pcap'))
    .map((file) => join('test/corpora', folder, file)),
);

describe('the quick way and the general one give one answer', () => {
  it.each([...captures, 'generated'])('%s', async (name) => {
    const path = name === 'generated' ? capture({ kind: 'half', packets: 20_000, seed: 1 }) : name;
    const { inputs, rows } = await rowsOf(path);
    expect(diagnosed(inputs, rows, isOrdinaryExchange)).toEqual(diagnosed(inputs, rows, () => false));
  });

  it('of any exchanges', () => {
    const server = fc.constantFrom('10.96.0.1', '10.96.0.2');
    const client = fc.constantFrom('10.0.3.7', '10.0.3.8');
    const parts = fc.constantFrom<Partial<Exchange>>(
      {},
      {},
      { path: '/other' },
      { path: '/healthz' },
      { method: 'POST', host: 'b' },
      { protocol: 'grpc', method: 'POST', path: '/a.B/C', grpcStatus: 0, deadline: seconds(1) },
      { protocol: 'grpc', method: 'POST', path: '/a.B/C', grpcStatus: 4, outcome: 'error' },
      { protocol: 'postgresql', method: 'SELECT', path: '', status: -1 },
      { status: 503, outcome: 'error' },
      { status: 504, outcome: 'error' },
      { status: 429, retryAfter: seconds(0.01) },
      { outcome: 'reset', endedBy: 'server', status: -1, firstByteAt: Number.NaN as Exchange['firstByteAt'] },
      { outcome: 'cancelled', endedBy: 'client', status: -1, firstByteAt: Number.NaN as Exchange['firstByteAt'] },
      { responseBytes: 400_000 },
      { shape: 'stream' },
      { backend: '10.244.0.9:8080' },
    );
    const run = fc.tuple(
      fc.nat({ max: 12 }),
      fc.constantFrom(0.5, 4, 4, 30, 120, 250, 900),
      fc.constantFrom(0, 0, 0, 700, 2000),
      parts,
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(client, server, fc.array(run, { maxLength: 8 })), { maxLength: 5 }), (chosen) => {
        const rows = joined(
          ...chosen.map(([from, to, runs], index) => {
            const traffic = new Traffic({ client: from, server: to }).wait(index);
            for (const [count, takes, pause, own] of runs) traffic.wait(pause).calls(count, { takes }, own);
            return traffic.rows;
          }),
        );
        const told: Told = (observer) => handOn(rows, [observer]);
        const inputs = [inputOf({ input: 0 })];
        const general = diagnosed(inputs, told, () => false);
        expect(diagnosed(inputs, told, isOrdinaryExchange)).toEqual(general);
      }),
      { numRuns: 200 },
    );
  });

  it('most exchanges take it', async () => {
    let ordinary = 0;
    let all = 0;
    const exchange = (row: Exchange): void => {
      all++;
      if (isOrdinaryExchange(row)) ordinary++;
    };
    await analyzed(capture({ kind: 'half', packets: 20_000, seed: 1 }), [{ exchange }]);
    expect(ordinary / all).toBeGreaterThan(0.9);
  });
});
