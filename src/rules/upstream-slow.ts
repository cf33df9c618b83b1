import { formatDuration } from '../base/text.ts';
import { nanoseconds, type Timestamp } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Evidence, Setting, WhatIfMethod } from '../model/finding.ts';
import { createContrast } from './support/contrast.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { stallPackets, stallsOf } from './support/stalls.ts';
import { partsByServer, SEEN_ONCE, weakest } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';
import { dominantUpstreams } from './support/dominant-upstream.ts';
import { explainedBy } from './support/upstream-chain.ts';
import { createPatterns, LEAST_WAIT, waitingOf, type Waiting, type Why } from './support/upstream-groups.ts';
import { createUpstreamShares } from './support/upstream-shares.ts';
import { upstreamWait } from './support/upstream-wait.ts';
import { kindOf } from './support/usual.ts';
import { isWarmingUp } from './support/warming-up.ts';

// Times of one kind of call differ by two or three on a busy machine; four is another cause.
const FACTOR = 4;
// Pauses that are less than a quarter of an exchange are not what it waits for; more can't be asked
// for where the capture lost packets, since a pause beside lost bytes can't be told.
const MUCH = 0.25;

/** Where nothing says what is usual, all that it lets wait is what could be saved. */
const methodOf = (reasons: readonly Why[]): WhatIfMethod =>
  reasons.includes('share')
    ? { method: 'as if it answered at once', isAtMost: true }
    : { method: 'each affected exchange as quick as is usual for its kind' };

const BECAUSE: Record<Why, { confidence: 'likely' | 'possible'; says: string }> = {
  contrast: { confidence: 'likely', says: 'others of the same kind are answered far sooner' },
  pauses: {
    confidence: 'likely',
    says: 'the server pauses within its answers, with all acknowledged and the window open',
  },
  queue: {
    confidence: 'likely',
    says: 'answers come as if the server took so many calls at a time and the others wait their turn',
  },
  share: { confidence: 'likely', says: 'requests to the service that calls it spend most of their time there' },
  kind: { confidence: 'possible', says: 'all calls of this kind take so long, and all others of the server do not' },
};

export default defineRule({
  id: 'upstream-slow',
  title: 'Requests wait for one upstream',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    slow: '{count} of {total:exchange} with {server} waited {cost:duration} for it{kinds}: nothing is amiss on the way there',
    clear: 'no upstream lets some calls wait far longer than others of their kind ({total:call})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const contrast = createContrast(seen, { least: LEAST_WAIT, factor: FACTOR });
    const paused = createPeerGroups(seen, exchangeTally, () => ({ lastAt: 0 as Timestamp }));
    const patterns = createPatterns(seen);
    const turns = createPatterns(seen);
    const shares = createUpstreamShares();
    let heard = 0;

    function found(): Waiting[] {
      const groups = [
        ...contrast
          .standingOut()
          .map(({ peer, kind, tally, usual, lastAt }) => waitingOf(peer, 'contrast', kind, tally, usual, lastAt)),
        ...paused
          .all()
          .map(({ peer, tally, lastAt }) => waitingOf(peer, 'pauses', '', tally, nanoseconds(Number.NaN), lastAt)),
      ];
      const known = new Set<Peer>(groups.map(({ peer }) => peer));
      groups.push(...patterns.found((peer) => known.has(peer)));
      // What a gateway's callers wait for is its own upstream where that explains it.
      const named = explainedBy(groups, seen);
      const isNamed = (peer: Peer): boolean => named.some((one) => one.peer === peer);
      const all = [...patterns.all(), ...turns.all()];
      return [...named, ...dominantUpstreams(all, shares).filter(({ peer }) => !isNamed(peer))];
    }

    return {
      ordinaryExchange: patterns.addOrdinary,
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        heard++;
        const { firstByte, pauses } = upstreamWait(exchange);
        if (!(firstByte >= 0)) return;
        if (pauses >= LEAST_WAIT && pauses >= MUCH * exchange.duration) {
          contrast.usual.add(exchange, firstByte);
          const group = paused.add(exchange, pauses, pausePackets);
          if (exchange.startedAt > group.lastAt) group.lastAt = exchange.startedAt;
          return;
        }
        contrast.add(exchange, firstByte, packetsOf);
        patterns.add(exchange);
      },
      // What is inside TLS is slow where requests are seen that wait for it.
      turn: turns.add,
      request: shares.add,
      finish() {
        const parts = partsByServer<Waiting, Exchange>(found());
        for (const { groups: own, tally, subject, input } of parts) {
          const { calls } = seen.totals(input, subject);
          const of = Math.max(tally.count, calls.count);
          const reasons = [...new Set(own.map(({ why }) => why))];
          const kinds = [...new Set(own.map(({ kind }) => kind))].filter((kind) => kind !== '');
          const isStart = own.every(({ peer, lastAt }) => isWarmingUp(peer.startsAt, lastAt, tally.count, of));
          report({
            message: 'slow',
            data: {
              count: tally.count,
              total: of,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              kinds: kinds.length === 0 || kinds.length > MAX_NAMED ? '' : ` (${kinds.join(', ')})`,
            },
            input,
            subject,
            of,
            unit: 'exchanges',
            latency: calls,
            cost: tally,
            confidence: weakest(reasons.map((why) => BECAUSE[why].confidence)),
            confidenceBecause: reasons.map((why) => BECAUSE[why].says).join('; '),
            evidence: waitEvidence(tally.dearest),
            because: settings(subject.name, own),
            fix: [
              advice(
                'code',
                'find out what it does in that time: capture there, read its log and traces for these requests',
                `the workload behind ${subject.name}`,
                'nothing is changed',
              ),
            ],
            whatIf: methodOf(reasons),
            errors: 0,
            habit: false,
            ...(tally.count === 1 || isStart ? { onlyInfo: SEEN_ONCE } : {}),
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no call was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

// More are no help in one line.
const MAX_NAMED = 2;

const packetsOf = ({ packets }: Exchange): readonly number[] => packets;

const pausePackets = (exchange: Exchange): readonly number[] =>
  stallPackets(exchange, stallsOf(exchange, 'sender-idle'));

function settings(server: string, own: readonly Waiting[]): Setting[] {
  const usual = own.map((group) => group.usual).filter((one) => one >= 0);
  if (usual.length === 0) {
    return [
      {
        component: server,
        setting: 'body of the answer',
        value: 'written in parts, with pauses between',
        origin: 'wire',
        source: 'the packets: all acknowledged, the window open',
      },
    ];
  }
  return [
    {
      component: server,
      setting: 'usual time to the first byte',
      value: formatDuration(Math.max(...usual)),
      origin: 'wire',
      source: 'the other calls',
    },
  ];
}

function waitEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const { firstByte, pauses } = upstreamWait(example);
  const pause = pauses > 0 ? `, and ${formatDuration(pauses)} of pauses in the body` : '';
  return [
    {
      says: `${kindOf(example)}: ${formatDuration(firstByte)} to the first byte${pause}`,
      packets: [...example.packets],
    },
  ];
}
