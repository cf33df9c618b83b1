import type { Analysis, AnalyzeOptions } from '../../src/analyze.ts';
import { milliseconds, seconds } from '../../src/base/time.ts';
import { run } from '../../src/cli/run.ts';
import { services, type Services } from '../../src/cli/services.ts';
import type { Diagnosis } from '../../src/model/diagnosis.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Lookup } from '../../src/model/lookup.ts';
import type { Request } from '../../src/model/request.ts';
import { atMs, connectionOf, exchangeOf, inputOf, lookupOf, requestOf, waitOf } from '../../src/model/testing/rows.ts';
import { diagnosisOf } from '../../src/report/testing/diagnoses.ts';
import { fakeIo, type FakeIo, type FakeIoOptions } from './fake-io.ts';

const LOOKUPS: readonly Lookup[] = [
  lookupOf({ id: '0.l1' }),
  lookupOf({ id: '0.l17', name: 'slow.example.org', duration: seconds(5) }),
  lookupOf({ id: '1.l1', input: 1, duration: milliseconds(3) }),
];
const EXCHANGES: readonly Exchange[] = [
  exchangeOf({ id: '0.e17', startedAt: atMs(500), duration: seconds(2), connection: '0.c3' }),
  exchangeOf({ id: '0.e1', startedAt: atMs(100) }),
  exchangeOf({ id: '1.e1', input: 1, startedAt: atMs(900), connection: '1.c1' }),
];
const CONNECTIONS: readonly Connection[] = [
  connectionOf({ id: '0.c3', startedAt: atMs(300), connectDuration: seconds(1) }),
  connectionOf({ id: '0.c1' }),
  connectionOf({ id: '1.c1', input: 1, startedAt: atMs(800), stallTime: milliseconds(300) }),
];
const REQUESTS: readonly Request[] = [
  requestOf({ id: '0.r1', startedAt: atMs(100) }),
  requestOf({
    id: '0.r17',
    startedAt: atMs(300),
    duration: seconds(3),
    exchange: '0.e17',
    waits: [waitOf({ startedAt: atMs(400), duration: seconds(2) })],
  }),
  requestOf({ id: '1.r1', input: 1, startedAt: atMs(900) }),
];
export const INPUTS = [inputOf(), inputOf({ input: 1, path: 'b.pcap' })];

export interface Outcome {
  status: number;
  io: FakeIo;
  /** What the analysis was asked. */
  asked: AnalyzeOptions[];
}

export interface Setting extends FakeIoOptions {
  diagnosis?: Diagnosis;
  lookups?: readonly Lookup[];
  exchanges?: readonly Exchange[];
  connections?: readonly Connection[];
  requests?: readonly Request[];
  analyze?: (options: AnalyzeOptions, io: FakeIo) => Promise<Analysis> | Analysis;
}

/** Runs the program, in this process, with an analysis that found what the test says. */
export async function kubelag(words: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const io = fakeIo(setting);
  const asked: AnalyzeOptions[] = [];
  const fake: Services = {
    ...services,
    async analyze(options) {
      asked.push(options);
      if (setting.analyze !== undefined) return setting.analyze(options, io);
      for (const observer of options.observers ?? []) {
        for (const input of INPUTS) observer.input?.(input);
        for (const lookup of setting.lookups ?? LOOKUPS) observer.lookup?.(lookup);
        for (const exchange of setting.exchanges ?? EXCHANGES) observer.exchange?.(exchange);
        for (const connection of setting.connections ?? CONNECTIONS) observer.connection?.(connection);
        for (const request of setting.requests ?? REQUESTS) observer.request?.(request);
        observer.finish?.();
      }
      return { diagnosis: setting.diagnosis ?? diagnosisOf(), inputs: INPUTS };
    },
  };
  const status = await run(words, io, fake);
  return { status, io, asked };
}

/** An error as it must be: one line that says whose. */
export const oneLine = /^kubelag: [^\n]+\n$/;
