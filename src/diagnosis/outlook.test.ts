import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import type { Report } from '../model/finding.ts';
import type { Wait } from '../model/request.ts';
import { atMs, connectionOf, exchangeOf, lookupOf, requestOf, waitOf } from '../model/testing/rows.ts';
import { KeptRequests } from '../replay/kept-requests.ts';
import { connectionTally, exchangeTally, lookupTally, requestTally } from '../rules/support/tally.ts';
import { Outlooks, quickerIn } from './outlook.ts';
import { reportOf } from './testing/report.ts';

const wait = (reason: Wait['reason'], ref: string, from: number, takes: number, to = '10.0.4.4:9200'): Wait =>
  waitOf({ reason, ref, to, startedAt: atMs(from), duration: milliseconds(takes), critical: milliseconds(takes) });

/** Two requests of 100 ms: the first looks up, connects and calls, the other calls twice. */
function kept(): KeptRequests {
  const requests = new KeptRequests();
  requests.request(
    requestOf({
      exchange: '0.e1',
      startedAt: atMs(0),
      duration: milliseconds(100),
      waits: [
        wait('dns', '0.l1', 5, 20, '10.96.0.10:53'),
        wait('connect', '0.c1', 25, 10),
        wait('tls', '0.c1', 35, 20),
        wait('upstream', '0.e11', 55, 40),
      ],
    }),
  );
  requests.request(
    requestOf({
      exchange: '0.e2',
      startedAt: atMs(200),
      duration: milliseconds(100),
      waits: [wait('upstream', '0.e21', 210, 30), wait('upstream', '0.e22', 250, 30)],
    }),
  );
  return requests;
}

const report = (unit: Report['unit'], cost: Report['cost'], parts: Partial<Report> = {}): Report =>
  reportOf(cost, { unit, whatIf: { method: 'without' }, ...parts });

const after = (...reports: Report[]): number[] | null =>
  new Outlooks(kept()).of(reports)?.after.map((duration) => duration / 1e6) ?? null;

const lookups = (cost: number, id = '0.l1'): Report => {
  const tally = lookupTally();
  tally.add(lookupOf({ id, startedAt: atMs(5), duration: milliseconds(20) }), milliseconds(cost), () => []);
  return report('lookups', tally);
};

const connections = (cost: number, parts: Partial<Report> = {}, refs: readonly string[] = []): Report => {
  const tally = connectionTally();
  tally.add(connectionOf({ id: '0.c1', startedAt: atMs(25) }), milliseconds(cost), () => [], { refs });
  return report('connections', tally, parts);
};

const exchanges = (id: string, cost: number, until = 1000, parts: Partial<Report> = {}): Report => {
  const tally = exchangeTally();
  const row = exchangeOf({ id, connection: '0.c9', server: '10.0.4.4', startedAt: atMs(210) });
  tally.add(row, milliseconds(cost), () => [], { from: atMs(200), until: atMs(until) });
  return report('exchanges', tally, parts);
};

const requests = (cost: number, refs?: readonly string[]): Report => {
  const tally = requestTally();
  const row = requestOf({ exchange: '0.e2', startedAt: atMs(200), duration: milliseconds(100) });
  tally.add(row, milliseconds(cost), () => [], refs === undefined ? {} : { refs });
  return report('requests', tally);
};

describe('the outlook on requests', () => {
  it.each([
    ['a lookup goes', [lookups(20)], [80, 100]],
    ['a part of a lookup goes', [lookups(15)], [85, 100]],
    ['no more goes than there was', [lookups(5000)], [80, 100]],
    ['handshakes go, the first one first', [connections(15)], [85, 100]],
    ['TLS goes where a rule says so', [connections(15, { relieves: ['tls'] })], [85, 100]],
    ['no more goes than handshakes were', [connections(100, { relieves: ['tls'] })], [80, 100]],
    ['what vanishes with the cause goes, too', [connections(30), lookups(20)], [50, 100]],
    ['what two name goes once', [connections(30), connections(30, { relieves: ['tls'] })], [70, 100]],
    ['a call is quicker', [exchanges('0.e21', 25)], [100, 75]],
    ['what a call cost beyond itself is its retry’s', [exchanges('0.e21', 50)], [100, 50]],
    ['and else the time between', [exchanges('0.e21', 50, 240)], [100, 50]],
    ['the service itself was held up', [exchanges('0.e2', 40)], [100, 60]],
    ['a request’s own time goes', [requests(25)], [100, 75]],
    ['what a request waits for goes, with the pause between', [requests(70, ['0.e21', '0.e22'])], [100, 30]],
  ])('%s', (_, reports, expected) => {
    const outlook = new Outlooks(kept()).of(reports);
    expect(outlook?.after.map((duration) => duration / 1e6)).toEqual(expected);
    expect(outlook?.before.map((duration) => duration / 1e6)).toEqual([100, 100]);
    expect(outlook && quickerIn(outlook)).toBe(1);
  });

  it('of a connection goes on in the calls that its occurrence names', () => {
    const relieves = ['connect', 'tls', 'upstream'] as const;
    expect(after(connections(50, { relieves }, ['0.e11']))).toEqual([50, 100]);
    expect(after(connections(50, { relieves }))).toEqual([70, 100]);
  });

  it('of requests that stand in line has them begin at once, and take as long as they did', () => {
    const inLine = new KeptRequests();
    const tally = requestTally();
    for (const [index, takes] of [40, 80, 120].entries()) {
      const row = requestOf({
        exchange: `0.e${index}`,
        startedAt: atMs(0),
        duration: milliseconds(takes),
        waits: [wait('queue', '', 0, takes - 40), wait('upstream', `0.e1${index}`, takes - 40, 40)].slice(
          index > 0 ? 0 : 1,
        ),
      });
      inLine.request(row);
      if (index > 0) tally.add(row, milliseconds(takes - 40), () => [], { refs: [`0.e1${index}`] });
    }
    const outlook = new Outlooks(inLine).of([report('requests', tally, { relieves: ['queue'] })]);
    expect(outlook?.after).toEqual([40, 40, 40].map(milliseconds));
  });

  it('is none where no request is seen to wait', () => {
    expect(after(lookups(20, '0.l7'))).toBeNull();
    const mostly = lookupTally();
    for (const id of ['0.l1', '0.l7', '0.l8']) mostly.add(lookupOf({ id }), milliseconds(1), () => []);
    expect(after(report('lookups', mostly))).toBeNull();
  });

  it('of a client’s own calls is told for what comes before them only', () => {
    const own = new KeptRequests();
    own.request(
      requestOf({
        exchange: '0.e11',
        startedAt: atMs(5),
        duration: milliseconds(90),
        waits: [wait('dns', '0.l1', 5, 20, '10.96.0.10:53'), wait('upstream', '0.e11', 55, 40)],
      }),
    );
    expect(new Outlooks(own).of([lookups(20)])?.after).toEqual([milliseconds(70)]);
    expect(new Outlooks(own).of([exchanges('0.e11', 30)])).toBeNull();
  });

  it('is of those only whose occurrences were all kept', () => {
    const cut = requests(25);
    const occurrences = {
      size: 1,
      completeUntil: at(atMs(250)),
      [Symbol.iterator]: () => cut.cost.occurrences[Symbol.iterator](),
    };
    const outlook = new Outlooks(kept()).of([{ ...cut, cost: { ...cut.cost, occurrences } }]);
    expect(outlook).toMatchObject({ before: [milliseconds(100)], after: [milliseconds(100)], isPart: true });
  });
});
