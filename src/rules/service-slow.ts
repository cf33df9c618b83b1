import { formatDuration, formatShare } from '../base/text.ts';
import type { Duration } from '../base/time.ts';
import { Distribution } from '../base/distribution.ts';
import { receiverOf } from '../model/direction.ts';
import type { Connection } from '../model/connection.ts';
import type { Unobservable } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createServedRequests, tallyRequest, type ServedRequests } from './support/served-requests.ts';
import { observedServices } from './support/observed-services.ts';
import { isHabit } from './support/subjects.ts';
import { LEAST_REQUESTS, LEAST_SHARE, LEAST_WAIT } from './support/upstream-shares.ts';

// RULES, How slow is slow, has 80 % and 100 ms. The 100 ms are the request's: that is what its caller
// waits, and what people notice (Nielsen, Response Times: 0.1 s feels instantaneous). Own time that is
// 80 % of them is 80 ms at least; a request that is answered sooner is slow to nobody, whoever spends it.
const LEAST_REQUEST = LEAST_WAIT;
// A node's pods.
const MAX_SERVICES = 256;
// What fewer than one request in twenty could have sent unseen is no reason for them to be slow: as many
// bytes as the shortest call has, over however many connections.
const HIDDEN_SHARE = 0.05;
const LEAST_CALL_BYTES = 40;

const CUT_NAMES: Unobservable = {
  why: 'DNS names are cut off: whether requests wait for lookups is not seen',
  capture: 'tcpdump -i any -s 0 -w capture.pcap',
};

interface Own {
  readonly service: ServedRequests;
  readonly address: string;
  readonly own: Distribution;
}

export default defineRule({
  id: 'service-slow',
  title: 'Requests spend their time in the service itself',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    slow: '{total:request} to {service} spend {share:share} of their time in the service itself, {cost:duration} each: it waits for nobody',
    clear: 'no service spends most of its requests’ time itself ({total:request})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const served = createServedRequests(fact(observedServices));
    const services = new Map<ServedRequests, Own>();
    /** Bytes of each client that may be calls it waits for, and can't be read. */
    const hidden = new Map<string, number>();

    return {
      connection(connection) {
        if (!hides(connection)) return;
        const key = `${connection.input}|${connection.client}`;
        if (hidden.size < MAX_SERVICES || hidden.has(key))
          hidden.set(key, (hidden.get(key) ?? 0) + connection.bytes.client);
      },
      request(request) {
        const service = served.current();
        if (service === null) return;
        // Of one that the capture's end cuts off, what it waits for may be behind that.
        if (request.outcome === 'incomplete') return;
        let known = services.get(service);
        if (known === undefined) {
          known = { service, address: receiverOf(request), own: new Distribution() };
          services.set(service, known);
        }
        known.own.add(request.own);
        tallyRequest(service, request, request.own, request.packets);
      },
      finish() {
        let found = 0;
        let seen = 0;
        let veiled = 0;
        let unseen = 0;
        for (const { service, address, own } of services.values()) {
          const { latency, tally, server, input } = service;
          seen += latency.count;
          const share = own.total / Math.max(1, latency.total);
          const median: Duration = own.quantile(0.5);
          if (latency.count < LEAST_REQUESTS || share < LEAST_SHARE || latency.quantile(0.5) < LEAST_REQUEST) continue;
          if ((inputs[input]?.damage.cutQuestions ?? 0) > 0) {
            unseen++;
            continue;
          }
          if ((hidden.get(`${input}|${address}`) ?? 0) > HIDDEN_SHARE * latency.count * LEAST_CALL_BYTES) {
            veiled++;
            continue;
          }
          // On a node the calls of a service are seen; at a caller or a gateway beside it they are not.
          const isPod = inputs[input]?.vantage.kind === 'pod';
          found++;
          report({
            message: 'slow',
            data: { total: latency.count, service: server, share, cost: median },
            input,
            subject: { kind: 'server', name: server },
            of: latency.count,
            unit: 'requests',
            latency,
            cost: tally,
            confidence: isPod ? 'likely' : 'possible',
            confidenceBecause: isPod
              ? 'the capture at the pod shows all that it sends, and the requests wait for none of it'
              : 'what the capture shows of its calls takes little of the time; it may not show all',
            evidence: evidenceOf(
              tally.examples.slice(0, 1).map(({ packets }) => ({
                says: `a request with ${formatDuration(tally.costs.max)} in which it waited for nobody`,
                packets: [...packets],
              })),
              tally.dearest,
            ),
            because: [
              {
                component: server,
                setting: 'own time of a request',
                value: `${formatDuration(median)}, ${formatShare(share)} of it all`,
                origin: 'wire',
                source: 'the packets',
              },
            ],
            fix: [
              advice(
                'code',
                'profile it under this load: computing, a lock, or a sleep; compare its CPU with limits.cpu',
                `the workload of ${server}`,
                'nothing is changed',
                'kubectl top pod --containers',
              ),
            ],
            whatIf: { unknown: 'how much of its own time a service could do without, the packets do not tell' },
            errors: 0,
            habit: isHabit(tally.count, latency.count),
          });
        }
        if (found > 0) return;
        if (unseen > 0) return unobservable(CUT_NAMES);
        if (veiled > 0) {
          return unobservable({
            why: 'what the service waits for may be inside connections that can’t be read (TLS, an unknown protocol)',
            capture: null,
          });
        }
        if (seen === 0) {
          return unobservable({ why: 'no request was seen together with the calls that it makes', capture: null });
        }
        clear('clear', { total: seen }, { count: seen, unit: 'requests' });
      },
    };
  },
});

/** Something went over it, and what is not known; or nobody knows when it was answered, as one direction is missing. */
const hides = ({ exchanges, bytes, packets }: Connection): boolean =>
  bytes.client > 0 && (packets.server === 0 || (exchanges === 0 && bytes.server > 0));
