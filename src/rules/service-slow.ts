import { formatDuration, formatShare } from '../base/text.ts';
import type { Duration } from '../base/time.ts';
import { Distribution } from '../base/distribution.ts';
import { receiverOf } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Fix, Unobservable } from '../model/finding.ts';
import { isProbe } from '../model/probe.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import {
  createServedRequests,
  reportedRequests,
  tallyRequest,
  type ServedRequests,
} from './support/requests/served-requests.ts';
import { ONLY_CHECKS, withoutChecks } from './support/requests/health-checks.ts';
import { endOf } from './support/input-end.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { ownTimes } from './support/requests/own-times.ts';
import { programWaits } from './support/requests/program-waits.ts';
import { inLine, serverLines, type Line } from './support/exchanges/server-lines.ts';
import { wireSetting } from './support/settings.ts';
import { isHabit, partsByServer } from './support/subjects.ts';
import { traffic } from './support/traffic.ts';
import { unsureWaits } from './support/requests/unsure-waits.ts';
import type { Waiting } from './support/requests/upstream-groups.ts';
import {
  isEachOfFew,
  isNearlyAll,
  LEAST_REQUESTS,
  LEAST_SHARE,
  LEAST_WAIT,
} from './support/requests/upstream-shares.ts';
import { kindsIn, podBehind, untilIn, waitReport } from './support/requests/wait-report.ts';

// RULES, How slow is slow, has 80 % and 100 ms. The 100 ms are the request's: that is what its caller
// waits, and what people notice (Nielsen, Response Times: 0.1 s feels instantaneous). Own time that is
// 80 % of them is 80 ms at least; a request that is answered sooner is slow to nobody, whoever spends it.
const LEAST_REQUEST = LEAST_WAIT;
const ALL_CAPTURED = 'tcpdump -i any -s 0 -w all.pcap';
const CUT_NAMES: Unobservable = {
  why: 'DNS names are cut off: whether requests wait for lookups is not seen',
  capture: 'tcpdump -i any -s 0 -w capture.pcap',
};

// What is less of its own time leaves enough to be told.
const MOST = 0.5;
const NO_DNS: Unobservable = {
  why: 'most of the service’s own time lies before the connections that it opens, and the capture shows no DNS: it may be lookups',
  capture: ALL_CAPTURED,
};

const UNCLEAR: Unobservable = {
  why: 'calls take as long as the requests do, and which of them is whose the packets do not tell',
  capture: null,
};

const UNSURE = 'the requests are not seen to wait for anybody, but the packets do not show whether they wait for that';
const NOT_CAPTURED = ' or in calls that are not captured';
// A node's clients.
const MAX_CALLERS = 1 << 12;

interface Own {
  readonly service: ServedRequests;
  readonly address: string;
  readonly own: Distribution;
  /** Requests as long as anybody calls slow, and those of which nearly all is its own. */
  long: number;
  nearlyAll: number;
  /** What of it may be lookups. */
  lookups: number;
  /** Health checks among them. */
  checks: number;
}

export default defineRule({
  id: 'service-slow',
  title: 'Requests spend their time in the service itself',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    some: '{count} of {total:request} to {service} spent {cost:duration} more than others in {it} itself{or}{kinds}{until}{rest}',
    slow: '{total:request} to {service} spend {share:share} of their time in the service itself{or}, {cost:duration} each{rest}',
    clear: 'no service spends most of its requests’ time itself ({total:request})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const served = createServedRequests(fact(observedServices));
    const services = new Map<ServedRequests, Own>();
    const seen = fact(traffic);
    const ownOf = fact(ownTimes);
    const waits = fact(programWaits);
    const unsure = fact(unsureWaits);
    const lines = fact(serverLines);
    // On a node the calls of a service are seen; at a caller or a gateway beside it they are not.
    const isPod = (input: number): boolean => inputs[input]?.vantage.kind === 'pod';
    /** Addresses that call somebody, by input. */
    const callers = new Set<string>();
    // Of who calls nobody, the capture may have been told to show his port alone; where it shows the lookups of a pod and
    // no connection behind them, with DNS beside it.
    const showsCalls = (input: number, address: string): boolean =>
      callers.has(`${input}|${address}`) || (inputs[input]?.vantage.sees.dns === true && !isPod(input));
    const isCut = (input: number): boolean => (inputs[input]?.damage.cutQuestions ?? 0) > 0;

    const hearCaller = (input: number, address: string): void => {
      if (callers.size < MAX_CALLERS) callers.add(`${input}|${address}`);
    };

    return {
      connection({ input, client }) {
        hearCaller(input, client);
      },
      request(request) {
        const service = served.current();
        if (service === null) return;
        if (request.waits.some(({ reason }) => reason !== 'dns')) hearCaller(request.input, receiverOf(request));
        // Of one that the capture's end cuts off, what it waits for may be behind that.
        if (request.outcome === 'incomplete') return;
        let known = services.get(service);
        if (known === undefined) {
          known = {
            service,
            address: receiverOf(request),
            own: new Distribution(),
            long: 0,
            nearlyAll: 0,
            lookups: 0,
            checks: 0,
          };
          services.set(service, known);
        }
        known.own.add(request.own);
        if (isProbe(request)) known.checks++;
        if (request.duration >= LEAST_REQUEST) known.long++;
        if (isNearlyAll(request.own, request)) known.nearlyAll++;
        known.lookups += ownOf.mayBeLookups(request);
        tallyRequest(service, request, request.own, request.packets);
      },
      finish() {
        const found = new Set<string>();
        let heard = 0;
        let veiled = 0;
        let unseen = 0;
        let withoutDns = 0;
        let unclear = 0;
        for (const { service, address, own, long, nearlyAll, lookups, checks } of services.values()) {
          const { latency, tally, server, input } = service;
          heard += latency.count;
          const share = own.total / Math.max(1, latency.total);
          const median: Duration = own.quantile(0.5);
          const isFew = latency.count < LEAST_REQUESTS;
          if (share < LEAST_SHARE || latency.quantile(0.5) < LEAST_REQUEST) continue;
          // Elsewhere than at its pod what a service calls may not be seen: of a few, that would be all that is known.
          if (isFew && !(isPod(input) && isEachOfFew(nearlyAll, long))) continue;
          if (isCut(input)) {
            unseen++;
            continue;
          }
          if (ownOf.isVeiled(input, address)) {
            veiled++;
            continue;
          }
          if (unsure.mayBeAll(input, address)) {
            unclear++;
            continue;
          }
          if (lookups >= MOST * own.total) {
            withoutDns++;
            continue;
          }
          found.add(`${input}|${server}`);
          const beside = unsure.beside(input, address);
          const showsAll = showsCalls(input, address);
          const isSure = showsAll && beside === '';
          report({
            message: 'slow',
            data: {
              total: latency.count,
              service: server,
              share,
              cost: median,
              or: showsAll ? beside : NOT_CAPTURED,
              rest: restOf(lines.of(input, server)) ?? (isSure ? ': it waits for nobody' : ''),
            },
            ...reportedRequests(service, tally),
            confidence: isPod(input) && isSure && !isFew ? 'likely' : 'possible',
            confidenceBecause: !showsAll
              ? 'the capture shows nothing that the service sends to others: it calls nobody, or that was filtered out'
              : beside !== ''
                ? UNSURE
                : isPod(input)
                  ? `the capture at the pod shows all that it sends, and the requests wait for none of it${isFew ? '; they are few' : ''}`
                  : 'what the capture shows of its calls takes little of the time; it may not show all',
            evidence: dearestEvidence(
              tally,
              `a request with ${formatDuration(tally.costs.max)} in which it waited for nobody`,
            ),
            because: [
              wireSetting(
                server,
                'own time of a request',
                `${formatDuration(median)}, ${formatShare(share)} of it all`,
              ),
            ],
            fix: [
              ...(showsAll ? [] : [captured(server)]),
              ...(isSure || !showsAll ? [] : [counted(server)]),
              ...profiled(server),
            ],
            whatIf: { unknown: 'how much of its own time a service could do without, the packets do not tell' },
            errors: 0,
            habit: isHabit(tally.count, latency.count),
            ...(checks === tally.count ? { onlyInfo: ONLY_CHECKS } : {}),
          });
        }
        const some = waits.found().services.filter(({ input, server }) => !found.has(`${input}|${server}`));
        for (const part of partsByServer<Waiting, Exchange>(withoutChecks(some))) {
          const { groups, tally, subject, input } = part;
          if (isCut(input)) {
            unseen++;
            continue;
          }
          found.add(`${input}|${subject.name}`);
          const { calls } = seen.totals(input, subject);
          const addresses = groups.map(({ peer: { address, backend } }) => receiverOf({ server: address, backend }));
          const showsAll = addresses.some((address) => showsCalls(input, address));
          const beside = addresses.map((address) => unsure.beside(input, address)).find((words) => words !== '') ?? '';
          const isSure = showsAll && beside === '';
          const common = waitReport(part, Math.max(tally.count, calls.count), endOf(inputs, input));
          report({
            ...common,
            message: 'some',
            data: {
              count: tally.count,
              total: common.of,
              service: subject.name,
              cost: tally.costs.quantile(0.5),
              it: podBehind(part) ?? 'the service',
              kinds: kindsIn(groups),
              until: untilIn(tally),
              or: showsAll ? beside : NOT_CAPTURED,
              rest: restOf(lines.of(input, subject.name)) ?? (isSure ? ': they waited for nobody' : ''),
            },
            latency: calls,
            confidence: isPod(input) && isSure ? common.confidence : 'possible',
            ...(showsAll && !isSure ? { confidenceBecause: UNSURE } : {}),
            fix: [
              ...(showsAll ? [] : [captured(subject.name)]),
              ...(isSure || !showsAll ? [] : [counted(subject.name)]),
              ...profiled(subject.name),
            ],
          });
        }
        if (found.size > 0) return;
        if (unseen > 0) return unobservable(CUT_NAMES);
        if (withoutDns > 0) return unobservable(NO_DNS);
        if (unclear > 0) return unobservable(UNCLEAR);
        if (veiled > 0) {
          return unobservable({
            why: 'what the service waits for may be inside connections that can’t be read (TLS, an unknown protocol)',
            capture: null,
          });
        }
        if (heard === 0) {
          return unobservable({ why: 'no request was seen together with the calls that it makes', capture: null });
        }
        clear('clear', { total: heard }, { count: heard, unit: 'requests' });
      },
    };
  },
});

const captured = (server: string): Fix =>
  advice(
    'infrastructure',
    'capture all that the service sends, to see whether it waits for others',
    `the pod of ${server}`,
    'nothing is changed',
    ALL_CAPTURED,
  );

const counted = (server: string): Fix =>
  advice(
    'code',
    'see whether its calls are held back: the metrics or the log of its client (state of a gRPC channel, size of a pool, SETTINGS_MAX_CONCURRENT_STREAMS of the server)',
    `the client in ${server}`,
    'nothing is changed',
  );

const profiled = (server: string): Fix[] => [
  advice(
    'code',
    'profile it under this load: computing, a lock, or a sleep; compare its CPU with limits.cpu',
    `the workload of ${server}`,
    'nothing is changed',
    'kubectl top pod --containers',
  ),
];

const restOf = (line: Line | null): string | null => (line === null ? null : `: ${inLine(line)}`);
