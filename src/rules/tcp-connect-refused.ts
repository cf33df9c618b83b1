import { formatDuration } from '../base/text.ts';
import { nanoseconds } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets, evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { isProbe } from './support/single-use.ts';
import { partsByServer, SEEN_ONCE } from './support/subjects.ts';
import { connectionTally } from './support/tally.ts';
import { traffic, type Traffic } from './support/traffic.ts';

// A Service has a few back ends; of more, naming none says as much.
const MAX_BACKENDS = 4;
// A node's clients.
const MAX_CALLERS = 1 << 12;
const CHECKS = 'only health checks were refused, as while a container starts';

const NO_PROBE: Setting = {
  component: 'pod',
  setting: 'readinessProbe',
  value: 'none, a pod gets connections as soon as it runs',
  origin: 'default',
  source: 'kubernetes.io, Configure Liveness, Readiness and Startup Probes',
};

const probe = (server: string): Fix =>
  advice(
    'manifest',
    'give the pods a readinessProbe on the port they listen on, and compare it with the Service’s targetPort',
    `the workload behind ${server}`,
    'take the probe out again',
    'kubectl get endpointslices -A -o wide',
  );

const findSender = (server: string): Fix =>
  advice(
    'infrastructure',
    'find out who sends the error and why: a Service without endpoints, an address that no pod has any more, a missing route, a policy that rejects',
    server,
    'nothing is changed',
    'kubectl get endpointslices -A -o wide',
  );

export default defineRule({
  id: 'tcp-connect-refused',
  title: 'Connections are refused: nobody listens there',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    refused: '{server} refused {count} of {total:connection}',
    unreachable: '{server} can’t be reached: an ICMP error answered {count} of {total:connection}',
    behind: '{backend} behind {server} refused {count} of {total:connection}',
    clear: 'no connection was refused ({total} opened)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, connectionTally, () => ({ backends: new Set<string>(), byReset: 0 }));
    /** Clients that asked for more than health checks, by input. */
    const callers = new Set<string>();
    const asks = (input: number, client: string): void => {
      if (callers.size < MAX_CALLERS) callers.add(`${input}|${client}`);
    };
    /** Whose calls are health checks, all of them: the kubelet asks a container that starts until it listens. */
    const probers = (): Set<string> => {
      const found = new Set<string>();
      if (callers.size >= MAX_CALLERS) return found;
      for (const { peer, isProbe: isCheck, count } of seen.routes.all) {
        if (count > 0 && !isCheck) asks(peer.input, peer.client);
      }
      // What its other connections carried that can't be read may be calls.
      for (const { input, client, calls, streams, opened } of seen.peers()) {
        if (streams > 0 || (opened > 0 && calls.count === 0)) asks(input, client);
      }
      for (const { input, client, calls } of seen.peers()) {
        if (calls.count > 0 && !callers.has(`${input}|${client}`)) found.add(`${input}|${client}`);
      }
      return found;
    };
    return {
      unusualExchange(exchange) {
        if (!isProbe(exchange)) asks(exchange.input, exchange.client);
      },
      connection(connection) {
        if (connection.ending !== 'refused') return;
        // What the refused try took; a program that waits before the next one waits by its own will.
        const cost = nanoseconds(connection.connectDuration >= 0 ? connection.connectDuration : 0);
        const group = groups.add(connection, cost, connectionPackets);
        if (connection.endedBy !== null) group.byReset++;
        const { backends } = group;
        if (connection.backend !== null && backends.size < MAX_BACKENDS) backends.add(connection.backend);
      },
      finish() {
        const parts = partsByServer(groups.all());
        const checking = probers();
        for (const { groups: own, tally, subject, input } of parts) {
          const { opened, opening } = seen.totals(input, subject);
          const [backend, ...others] = new Set(own.flatMap(({ backends }) => [...backends]));
          const resets = own.reduce((sum, { byReset }) => sum + byReset, 0);
          const by = resets === tally.count ? 'a reset' : resets === 0 ? 'an ICMP error' : 'a reset or an ICMP error';
          const where = backend !== undefined && others.length === 0 ? backend : subject.name;
          report({
            message: resets === 0 ? 'unreachable' : where === subject.name ? 'refused' : 'behind',
            data: { server: subject.name, backend: where, count: tally.count, total: opened },
            input,
            subject,
            of: opened,
            unit: 'connections',
            latency: opening,
            cost: tally,
            confidence: 'certain',
            confidenceBecause: `each SYN was answered with ${by}`,
            evidence: refusalEvidence(tally.dearest),
            because: [
              {
                component: where,
                setting: resets === 0 ? 'route or endpoint' : 'listener',
                value: `none, a SYN is answered with ${by}`,
                origin: 'wire',
                source: 'the packets',
              },
              ...(resets === 0 ? [] : [NO_PROBE]),
            ],
            fix: [resets === 0 ? findSender(subject.name) : probe(subject.name)],
            whatIf: { unknown: 'what goes is the error, and hardly any time' },
            errors: tally.count,
            habit: false,
            ...(own.every(({ client }) => checking.has(`${input}|${client}`))
              ? { onlyInfo: CHECKS }
              : onlyInfo(tally.count, own, seen)),
          });
        }
        if (parts.length > 0) return;
        const opened = seen.peers().reduce((sum, peer) => sum + peer.opened, 0);
        if (opened === 0) {
          return unobservable({ why: 'no connection opens within the capture: all were open before', capture: null });
        }
        clear('clear', { total: opened }, { count: opened, unit: 'connections' });
      },
    };
  },
});

function onlyInfo(
  count: number,
  groups: readonly { readonly peer: { client: string; address: string; port: number; input: number } }[],
  seen: Traffic,
): { onlyInfo?: string } {
  if (count === 1) return { onlyInfo: SEEN_ONCE };
  // `localhost` and dual-stack names: the program tries both families, and goes on with the other at once.
  const hasOther = groups.every(({ peer }) =>
    seen
      .peers()
      .some(
        ({ client, address, port, input, calls }) =>
          input === peer.input &&
          port === peer.port &&
          calls.count > 0 &&
          isV6(address) !== isV6(peer.address) &&
          isV6(client) !== isV6(peer.client),
      ),
  );
  return hasOther ? { onlyInfo: 'the other address family of the same port answers' } : {};
}

const isV6 = (address: string): boolean => address.includes(':');

function refusalEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const took = formatDuration(Math.max(0, example.connectDuration));
  const by = example.endedBy === null ? 'an ICMP error' : 'a reset';
  return [{ says: `SYN, refused with ${by} after ${took}`, packets: connectionPackets(example) }];
}
