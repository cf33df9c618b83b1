import { formatDuration } from '../base/text.ts';
import { at, nanoseconds, type Duration } from '../base/time.ts';
import { receiverOf } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Evidence, Report } from '../model/finding.ts';
import type { Request } from '../model/request.ts';
import { metadataWaits } from './support/credentials/credential-waits.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { FetchLog } from './support/credentials/fetch-log.ts';
import { metadataKinds } from './support/credentials/metadata-kinds.ts';
import { createPeerGroups, type PeerGroup } from './support/peer-groups.ts';
import {
  costAtMost,
  costWithOwnTime,
  createServedRequests,
  tallyMetadata,
  tallyRequest,
  type ServedRequests,
} from './support/requests/served-requests.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { certaintyOf, halvesOf, stormFixes, whyOf } from './support/credentials/storm-report.ts';
import { settingsOf, sidesOf } from './support/credentials/storm-settings.ts';
import { holdsUp, stormCause, type Asked, type StormCause } from './support/credentials/storm-verdict.ts';
import { SharedFetches, type SharedWait } from './support/credentials/shared-fetches.ts';
import { isHabit } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

type Group = PeerGroup<Exchange> & { readonly log: FetchLog; readonly shared: SharedFetches };

export default defineRule({
  id: 'credentials-refresh-storm',
  title: 'Credentials are fetched again for request after request',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    requests: '{count} of {total:request} fetched credentials from {provider} again, {cost:duration} each{why}',
    shared:
      '{count} of {total:request} waited for credentials, fetched from {provider} {fetches:time}, {cost:duration} each{why}',
    fetches: '{client} fetched credentials from {provider} {count} times in {total:call}, {cost:duration} each{why}',
    clear: 'credentials are not fetched again for request after request ({fetches:time} in {total:call})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(traffic);
    const kinds = fact(metadataKinds);
    const groups = createPeerGroups(seen, exchangeTally, () => ({
      log: new FetchLog(),
      shared: new SharedFetches(),
    }));
    const byClient = new Map<string, Group[]>();
    const services = fact(observedServices);
    const served = createServedRequests(services);
    /** With those that wait for what another one fetches. */
    const waiting = createServedRequests(services);
    let heard = 0;

    function groupOf(exchange: Exchange): Group {
      const group = groups.of(exchange);
      const key = `${exchange.input}|${exchange.client}`;
      const known = byClient.get(key);
      if (known === undefined) byClient.set(key, [group]);
      else if (!known.includes(group)) known.push(group);
      return group;
    }

    const logsOf = (input: number, address: string): readonly Group[] => byClient.get(`${input}|${address}`) ?? [];

    /** Requests that a client served, and calls that it made itself. */
    function askedOf({ input, client }: Group): Asked {
      const asked = { requests: 0, calls: 0, again: served.of(input, client)?.again ?? 0 };
      for (const peer of seen.peers()) {
        if (peer.input !== input) continue;
        if (receiverOf({ server: peer.address, backend: peer.backend }) === client) asked.requests += peer.calls.count;
        else if (peer.client === client) asked.calls += peer.calls.count;
      }
      return asked;
    }

    function reportOf(
      group: Group,
      service: ServedRequests | undefined,
      cause: StormCause,
    ): Report<'requests' | 'shared' | 'fetches'> {
      const { log, input, client } = group;
      const sides = sidesOf(log);
      const tally = service?.tally ?? group.tally;
      const { calls } = askedOf(group);
      const of = service?.latency.count ?? Math.max(calls, tally.count);
      return {
        message: service === undefined ? 'fetches' : group.shared.areShared ? 'shared' : 'requests',
        data: {
          count: tally.count,
          total: of,
          service: service?.server ?? client,
          client,
          provider: sides.provider.name,
          fetches: log.fetches,
          cost: tally.costs.quantile(0.5),
          why: whyOf(log),
        },
        input,
        subject: service === undefined ? { kind: 'client', name: client } : { kind: 'server', name: service.server },
        of,
        unit: service === undefined ? 'exchanges' : 'requests',
        latency: service?.latency ?? seen.totals(input, { kind: 'client', name: client }).calls,
        cost: tally,
        ...(service === undefined ? {} : { costAtMost: mostOf(service, cause) }),
        ...certaintyOf(log, service?.again ?? 0),
        evidence: stormEvidence(group, service),
        because: settingsOf(log, sides, cause),
        fix: stormFixes(log, sides, client, cause),
        whatIf:
          service === undefined ? { unknown: 'no request is seen that waits for them' } : { method: METHODS[cause] },
        alone: halvesOf(log, sides, cause),
        errors: 0,
        habit: isHabit(tally.count, of),
      };
    }

    /** What else a client of metadata services did, and what was asked of it. */
    function noteOther(exchange: Exchange): void {
      if (byClient.size === 0) return;
      const { input, client, startedAt, duration } = exchange;
      const until = at(startedAt + duration);
      for (const { log } of logsOf(input, receiverOf(exchange))) log.served(startedAt, until);
      for (const { log } of logsOf(input, client)) log.asked(startedAt, until);
    }

    /** What was fetched meanwhile; the longest, as they overlap. */
    function sharedWait(request: Request, fetches: boolean): SharedWait | null {
      let longest: SharedWait | null = null;
      for (const { server, shared } of logsOf(request.input, receiverOf(request))) {
        const wait = shared.waitOf(request, server, fetches);
        if (wait !== null && !(longest !== null && longest.time >= wait.time)) longest = wait;
      }
      return longest;
    }

    return {
      ordinaryExchange: noteOther,
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        heard++;
        const { id, input, metadata } = exchange;
        if (metadata === null) return noteOther(exchange);
        const call = kinds.callOf(id);
        if (call === undefined || call.asks === 'other') return;
        if (call.asks !== 'credentials') return groupOf(exchange).log.before(exchange, call.asks);
        if (!isAnswered(exchange)) return;
        const group = groupOf(exchange);
        const fetch = group.log.fetch(exchange, call.isGuess, inputs[input]);
        const { cost, packets, startedAt: from } = fetch;
        group.shared.keep(fetch);
        group.tally.add(exchange, cost, () => packets, { from, lasted: cost });
      },
      request(request) {
        if (byClient.size === 0) return;
        const service = served.current();
        const withShared = waiting.current();
        if (service === null || withShared === null) return;
        const waits = metadataWaits(request, kinds);
        const own = waits !== null && waits.credentials.calls > 0 ? waits.credentials : null;
        const packets = waits?.packets ?? [];
        if (own !== null) tallyMetadata(service, request, own, packets);
        const shared = sharedWait(request, own !== null);
        if (shared !== null && shared.time > (own?.time ?? 0)) tallyShared(withShared, request, shared);
        else if (own !== null) tallyMetadata(withShared, request, own, packets);
      },
      finish() {
        let found = 0;
        for (const group of groups.all()) {
          const { log, tally } = group;
          const cause = stormCause(log, sidesOf(log).client, askedOf(group));
          if (cause === null) continue;
          const service = (group.shared.areShared ? waiting : served).of(group.input, group.client);
          if (service !== undefined && !holdsUp(log, tally.costs.quantile(0.5), service)) continue;
          found++;
          report(reportOf(group, service, cause));
        }
        if (found > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no call was seen', capture: null });
        const fetches = groups.all().reduce((sum, { log }) => sum + log.fetches, 0);
        clear('clear', { fetches, total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

function tallyShared(service: ServedRequests, request: Request, { time, fetch, refs }: SharedWait): void {
  service.ownTime.add(nanoseconds(Math.max(0, request.own - time)));
  tallyRequest(service, request, time, [...request.packets, ...fetch.packets], refs);
}

// A client that is made reads files, loads code and opens connections: that is seen as the request's own time.
const METHODS: Readonly<Record<StormCause, string>> = {
  window: 'each request without its fetch of credentials',
  'new-client': 'each request without its fetch of credentials; to make no client spares it own time besides',
};

const mostOf = (service: ServedRequests, cause: StormCause): Duration =>
  cause === 'new-client' ? costWithOwnTime(service) : costAtMost(service);

/** With what was asked for; where the capture cuts packets, the answer's end may not be told. */
const isAnswered = ({ outcome, status, firstByteAt }: Exchange): boolean =>
  status < 300 && (outcome === 'ok' || (outcome === 'incomplete' && firstByteAt >= 0));

function stormEvidence(group: Group, service: ServedRequests | undefined): [Evidence, ...Evidence[]] {
  const { log, tally } = group;
  const [example] = (service?.tally ?? tally).examples;
  if (example === undefined || example.packets.length === 0) return evidenceOf([], tally.dearest);
  const calls = Math.round(log.calls / Math.max(1, log.fetches));
  const took = formatDuration(tally.costs.quantile(0.5));
  return [
    {
      says: `${calls === 1 ? 'one call' : `${calls} calls`} for each fetch, ${took} together; the answers before were still good${group.shared.areShared ? '; other requests wait meanwhile, and go on as the answer comes' : ''}`,
      packets: [...example.packets],
    },
  ];
}
