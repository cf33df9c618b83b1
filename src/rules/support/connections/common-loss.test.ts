import { describe, expect, it } from 'vitest';
import { at } from '../../../base/time.ts';
import type { Lookup } from '../../../model/lookup.ts';
import { connectionOf } from '../../../model/testing/rows.ts';
import { commonLosses, type CommonLoss } from './common-loss.ts';
import { lossWords } from './common-loss-words.ts';
import dnsLoss from '../../dns-loss.ts';
import { createFacts } from '../facts.ts';
import { lossyPaths } from '../testing/lossy.ts';
import { runRule } from '../testing/run-rule.ts';
import { Scenario } from '../testing/scenario.ts';

const POD = '10.0.3.7';

interface Path {
  client?: string;
  server: string;
  packets: number;
  lost: number;
}

function lossesOf(paths: readonly Path[], host = POD): CommonLoss | null {
  const seen = createFacts().of(commonLosses);
  for (const { client = POD, server, packets, lost } of paths) {
    seen.connection(
      connectionOf({
        client,
        server,
        packets: { client: packets / 2, server: packets / 2 },
        retransmissions: { client: 0, server: lost + 1 },
        // That one had arrived.
        spurious: { client: 0, server: 1 },
      }),
    );
  }
  return seen.of(0, host);
}

const path = (server: number, lost: number, packets = 400): Path => ({ server: `10.0.4.${server}`, packets, lost });

describe('losses that paths have in common', () => {
  it('are those of a host that loses as much to each of its peers', () => {
    expect(lossesOf([path(1, 8), path(2, 5), path(3, 9), path(4, 6)])).toEqual({
      host: POD,
      paths: 4,
      lossy: 4,
      lost: 28,
      of: 1600,
      onlyFirst: false,
    });
  });

  it('may leave out a peer that gets few packets', () => {
    const found = lossesOf([path(1, 8), path(2, 5), path(3, 9), path(4, 0, 40)]);
    expect(found).toMatchObject({ paths: 4, lossy: 3 });
    expect(lossWords(found!)).toBe('packets between 10.0.3.7 and 3 of 4 hosts are lost');
  });

  it('are none where one peer loses nothing of as many packets', () => {
    expect(lossesOf([path(1, 20), path(2, 18), path(3, 22), path(4, 0)])).toBeNull();
  });

  it('are none where one peer loses most', () => {
    expect(lossesOf([path(1, 60), path(2, 4), path(3, 5), path(4, 3)])).toBeNull();
  });

  it('are none of two peers', () => {
    expect(lossesOf([path(1, 20), path(2, 18)])).toBeNull();
  });

  it('are the capture’s where its paths have no host in common', () => {
    const paths = [1, 2, 3, 4].map((pod) => ({ ...path(pod, 6), client: `10.0.3.${pod}` }));
    const found = lossesOf(paths, '10.0.3.2');
    expect(found).toMatchObject({ host: null, paths: 4 });
    expect(lossWords(found!)).toBe('packets on all 4 paths of the capture are lost');
  });

  it('are one host’s where another pod’s path loses nothing', () => {
    const paths = [path(1, 8), path(2, 5), path(3, 9), { ...path(9, 0), client: '10.0.3.8' }];
    expect(lossesOf(paths)).toMatchObject({ host: POD, paths: 3 });
    expect(lossesOf(paths, '10.0.3.8')).toBeNull();
  });
});

const LOSSY = lossyPaths([1, 2, 3, 4].map((host) => ({ server: `10.0.4.${host}`, lost: 6 })));

/** What is said of the client's lookups, and what to change first. */
function told(lookups: readonly Lookup[]): { says: string; settings: string[]; change: string } {
  const [report] = runRule(dnsLoss, { ...LOSSY, lookups }).reports;
  return {
    says: report?.says ?? '',
    settings: report?.because.map(({ value }) => value) ?? [],
    change: report?.fix[0]?.title ?? '',
  };
}

/** On each path ten connections, of which so many were late. */
function openings(late: number, lost: readonly number[]): CommonLoss | null {
  const seen = createFacts().of(commonLosses);
  lost.forEach((ofOne, index) => {
    for (let nth = 0; nth < 10; nth++) {
      const syns = Array.from({ length: nth < late ? 2 : 1 }, (_, again) => ({ at: at(again * 1e9), packet: again }));
      seen.connection(
        connectionOf({
          client: POD,
          server: `10.0.4.${index}`,
          syns,
          packets: { client: 20, server: 20 },
          retransmissions: { client: 0, server: nth === 0 ? ofOne : 0 },
        }),
      );
    }
  });
  return seen.of(0, POD);
}

describe('losses that openings have in common', () => {
  it('are a host’s whose open connections lose nothing', () => {
    expect(openings(4, [0, 0, 0])).toEqual({ host: POD, onlyFirst: true, paths: 3, lossy: 3, lost: 12, of: 30 });
  });

  it('are none where one path loses packets of open connections, too', () => {
    expect(openings(4, [0, 0, 100])).toBeNull();
  });
});

describe('queries of a client that loses other packets as well', () => {
  it('are lost as those are', () => {
    const { lookups } = new Scenario().pair(30).lostFirst().lostSecond().pair(10).lostFirst().lostSecond().lostFirst();
    const { says, settings, change } = told(lookups);
    expect(says).toBe(
      '5 of 45 lookups waited 5 s for answers that never came: packets between 10.0.3.7 and all 4 hosts are lost, and 5 of 100 queries to 10.96.0.10',
    );
    expect(settings).toEqual(['24 of 800', '5 s', '5 of 100']);
    expect(change).toMatch(/what all of them pass/);
  });

  it('have a cause of their own where more are lost than such losses make', () => {
    const { says, change } = told(new Scenario().pair(10).lostFirst(10).lostSecond(10).pair(10).lookups);
    expect(says).toMatch(
      /^20 of 40 lookups waited 5 s for answers that never came: 20 of \d+ queries to 10\.96\.0\.10 lost$/,
    );
    expect(change).toMatch(/find where queries go/);
  });
});
