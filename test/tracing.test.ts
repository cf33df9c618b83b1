import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breakdownOf, type Request } from '../src/model/request.ts';
import {
  criticalMs,
  linkedCalls,
  sharedTruth,
  traced,
  type Traced,
  type TrueRequest,
} from './support/tracing-truth.ts';

/*
 * Requests against what the applications in the captures logged: whose each call was, and how long
 * each request waited for what, the locks of its own runtime included.
 */

const OWN = join(import.meta.dirname, 'corpora/tracing');
const SHARED = join(import.meta.dirname, '../../shared/captures/credentials');

const ofShared = (name: string): Promise<Traced> =>
  traced(join(SHARED, name, 'pod.pcap'), sharedTruth(join(SHARED, name, 'truth.json')));

const ofOwn = (name: string): Promise<Traced> => {
  const { requests } = JSON.parse(readFileSync(join(OWN, `${name}.truth.json`), 'utf8')) as { requests: TrueRequest[] };
  return traced(join(OWN, `${name}.pcap.gz`), requests);
};

/** The share of requests of which each call was found, and no other's. */
function wholeShare({ pairs, callsOf }: Traced): number {
  const whole = pairs.filter(({ truth, request }) => {
    const [said, logged] = [linkedCalls(request), callsOf(truth)];
    return said.size === logged.size && [...said].every((call) => logged.has(call));
  });
  return whole.length / pairs.length;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const sumsToItsDuration = (request: Request): boolean =>
  sumOf(breakdownOf(request).map(({ duration }) => duration)) === request.duration && request.own >= 0;

describe('links of requests and calls, from packets', () => {
  it.each<[string, number, number]>([
    // [capture, requests of it, least share of them entirely right]
    ['storm-v1-c1', 60, 1],
    ['chain-c1', 60, 1],
    ['storm-v1-c4', 60, 0.95],
    // Requests of two callers that begin within a millisecond look alike on the wire.
    ['chain-c6', 60, 0.85],
    ['near-dns-per-request-c4', 60, 0.95],
    ['storm-v1-c16', 60, 0.95],
  ])('are right: %s', async (name, count, least) => {
    const found = await ofOwn(name);
    expect(found.pairs).toHaveLength(count);
    expect(sumOf(found.pairs.map(({ truth }) => found.callsOf(truth).size))).toBeGreaterThanOrEqual(count);
    expect(wholeShare(found)).toBeGreaterThanOrEqual(least);
    expect(found.requests.filter((request) => !sumsToItsDuration(request))).toEqual([]);
  });
});

describe('what requests waited for', () => {
  // What an SDK does between and after its calls is its own work, and no packet tells of it.
  const MOST_OFF = 0.05;

  it.each(['storm-v1-c1', 'storm-v1-c4', 'storm-v1-c16'])(
    'credentials, with the lock that guards them: %s',
    async (name) => {
      const { pairs } = await ofOwn(name);
      const logged = sumOf(pairs.map(({ truth }) => truth.credentialsMs ?? Number.NaN));
      const said = sumOf(pairs.map(({ request }) => criticalMs(request, ['queue', 'metadata', 'connect'])));
      expect(Math.abs(said / logged - 1)).toBeLessThan(MOST_OFF);
      // A millisecond is how long the program itself takes to get there.
      const off = pairs.filter(
        ({ truth, request }) => Math.abs(criticalMs(request, ['queue']) - (truth.lockMs ?? Number.NaN)) > 20,
      );
      expect(off.length).toBeLessThanOrEqual(0.05 * pairs.length);
    },
  );

  it('lookups, with the lock that lets one name be looked up at a time', async () => {
    const { pairs } = await ofOwn('near-dns-per-request-c4');
    const logged = sumOf(pairs.map(({ truth }) => truth.lookupMs ?? Number.NaN));
    const said = sumOf(pairs.map(({ request }) => criticalMs(request, ['dns', 'queue'])));
    expect(Math.abs(said / logged - 1)).toBeLessThan(MOST_OFF);
    expect(sumOf(pairs.map(({ request }) => criticalMs(request, ['queue'])))).toBeGreaterThan(logged / 2);
  });

  it.each(['chain-c1', 'chain-c6'])('never a queue where there is none: %s', async (name) => {
    const { requests } = await ofOwn(name);
    expect(requests.flatMap(({ waits }) => waits).filter(({ reason }) => reason === 'queue')).toEqual([]);
  });
});

const shared = existsSync(SHARED)
  ? readdirSync(SHARED).filter((name) => existsSync(join(SHARED, name, 'truth.json')))
  : [];

describe.skipIf(shared.length === 0)('over all captures of the credentials lab', () => {
  // One caller at a time: nothing is ambiguous.
  const alone = shared.filter((name) => name.endsWith('-c1'));
  // Nothing in these queues for anything that the wire shows (hop-limit: for what another does).
  const free = shared.filter((name) => /^(?:baseline|healthy|cured|near-(?!dns))/.test(name));

  it.each(alone)('each request is entirely right where one is in flight: %s', async (name) => {
    const found = await ofShared(name);
    expect(found.pairs.length).toBeGreaterThan(0);
    expect(wholeShare(found)).toBe(1);
  });

  it.each(free)('nobody waits for a turn: %s', async (name) => {
    const { requests } = await ofShared(name);
    expect(requests.flatMap(({ waits }) => waits).filter(({ reason }) => reason === 'queue')).toEqual([]);
    expect(requests.filter((request) => !sumsToItsDuration(request))).toEqual([]);
  });

  it('a link that is called certain is right, but for one in two hundred', async () => {
    let [certain, right] = [0, 0];
    for (const name of shared) {
      // oxlint-disable-next-line no-await-in-loop -- captures one after another keep memory small
      const { pairs, ownerOf } = await ofShared(name);
      for (const { truth, request } of pairs) {
        for (const wait of request.waits) {
          if (wait.confidence !== 'certain' || !/^\d+\.e/.test(wait.ref)) continue;
          certain++;
          if (ownerOf(wait.ref) === truth) right++;
        }
      }
    }
    expect(certain).toBeGreaterThan(2000);
    expect(right / certain).toBeGreaterThanOrEqual(0.995);
  });
});
