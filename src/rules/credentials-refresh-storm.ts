import { formatShare, formatDuration } from '../base/text.ts';
import { at, between, milliseconds, nanoseconds, seconds, type Duration } from '../base/time.ts';
import {
  CREDENTIAL_PROVIDERS,
  refreshWindowOf,
  stormShare,
  type CredentialProvider,
} from '../knowledge/credential-windows.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import type { Input } from '../model/input.ts';
import type { Request, Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { advice } from './support/fixes.ts';
import {
  isForCredentials,
  metadataCalls,
  remainingAt,
  type MetadataCall,
  type MetadataCalls,
} from './support/metadata-calls.ts';
import { servedRequests, type Service } from './support/served-requests.ts';
import { exchangeTally, requestTally, type ExchangeTally, type RequestTally } from './support/tally.ts';

// One process that fetches the same credentials so often again does not do it for want of any.
const LEAST_REPEATS = 3;
// Where each fetch has a connection of its own, only their number tells one process from many that start.
const LEAST_WITHOUT_CONNECTION = 8;
// Between the steps of one refresh lies the reading of a short answer.
const STEP_PAUSE = milliseconds(5);
// What is left then is about to be replaced by anybody.
const ABOUT_TO_EXPIRE = 60;
// What a session should last, and be replaced at, to be clear of windows of 15 minutes.
const LONG_SESSION_MINUTES = 60;
const EARLY_REFRESH_MINUTES = 20;

interface Group {
  readonly service: Service;
  readonly tally: RequestTally;
  readonly calls: MetadataCall[];
  dearest: { request: Request; cost: Duration } | null;
}

export default defineRule({
  id: 'credentials-refresh-storm',
  title: 'Credentials are fetched again and again though they are still good',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    storm:
      '{count} of {total:request} fetch AWS credentials again, {cost:duration} each, though the last were good for {left:duration} more',
    uses: 'AWS credentials are fetched again and again ({count} times, {cost:duration} each), though the last ones were good for {left:duration} more',
    none: 'no request asked a metadata service ({total:request})',
    clear: 'credentials are kept until they expire ({total:exchange} with a metadata service)',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const calls = fact(metadataCalls);
    const served = fact(servedRequests);
    const groups = new Map<Service, Group>();

    function groupOf(service: Service): Group {
      let group = groups.get(service);
      if (group === undefined) {
        group = { service, tally: requestTally(), calls: [], dearest: null };
        groups.set(service, group);
      }
      return group;
    }

    return {
      request(request) {
        const service = served.serviceOf(request);
        if (service === null) return;
        const steps = stepsOf(request, calls);
        if (steps.length === 0) return;
        const cost = costOf(request, steps);
        const group = groupOf(service);
        group.tally.add(request, cost, (row) => packetsOf(stepsOf(row, calls), calls));
        if (group.dearest === null || cost > group.dearest.cost) group.dearest = { request, cost };
      },
      finish() {
        const clients = storms(calls.all(), inputs);
        if (clients.size === 0) {
          const total = calls.all().length;
          if (total === 0) return nothingAsked();
          const untold = calls.all().every(({ asks }) => asks === 'unknown');
          if (untold) return unobservable({ why: 'what was asked of the metadata service was cut off', capture: null });
          return clear('clear', { total }, { count: total, unit: 'exchanges' });
        }
        for (const storm of clients.values()) {
          const group = [...groups.values()].find(
            ({ service }) =>
              service.input === storm.input && served.isJudged(service) && storm.clients.has(service.address),
          );
          if (group !== undefined) reportRequests(storm, group);
          else reportUses(storm);
        }
      },
    };

    /** Where a service's own calls are seen, one to a metadata service would be. */
    function nothingAsked(): void {
      const requests = served.services().reduce((sum, { durations }) => sum + durations.count, 0);
      if (requests === 0) return unobservable({ why: 'nothing asked a metadata service', capture: null });
      clear('none', { total: requests }, { count: requests, unit: 'requests' });
    }

    function reportRequests(storm: Storm, { service, tally, dearest }: Group): void {
      const count = tally.count;
      report({
        message: 'storm',
        data: { count, total: service.durations.count, cost: tally.costs.quantile(0.5), left: storm.left },
        input: service.input,
        subject: { kind: 'server', name: service.server },
        of: service.durations.count,
        unit: 'requests',
        latency: service.durations,
        cost: tally,
        ...common(storm),
        evidence: evidence(storm, dearest?.request ?? null, calls),
        whatIfMethod: 'each affected request without fetching credentials and without waiting for its turn to do so',
      });
    }

    function reportUses(storm: Storm): void {
      const tally = fetchesOf(storm);
      report({
        message: 'uses',
        data: { count: tally.count, cost: storm.usual, left: storm.left },
        input: storm.input,
        subject: { kind: 'client', name: [...storm.clients][0] as string },
        of: tally.count,
        unit: 'exchanges',
        cost: tally,
        ...common(storm),
        evidence: evidence(storm, null, calls),
        whatIfMethod: null,
      });
    }
  },
});

/** Without requests only the fetches themselves can be counted, each with the steps before it. */
function fetchesOf({ fetches }: Storm): ExchangeTally {
  const tally = exchangeTally();
  for (const { call, took } of fetches) {
    if (call.row === null) continue;
    tally.add(call.row, took, ({ packets }) => packets, {
      from: at(call.endedAt - took),
      until: call.endedAt,
      lasted: took,
    });
  }
  return tally;
}

interface Fetch {
  readonly call: MetadataCall;
  /** From its first step to its answer. */
  readonly took: Duration;
}

/** One client that fetches the same credentials over and over. */
interface Storm {
  readonly input: number;
  readonly clients: ReadonlySet<string>;
  /** Those that came though the same answer had been given before. */
  readonly fetches: readonly Fetch[];
  readonly software: string | null;
  readonly agent: MetadataCall['agent'];
  /** Life that was left at the fetches: the most is what the SDK's window is at least. */
  readonly left: Duration;
  readonly mostLeft: number;
  readonly session: number;
  readonly usual: Duration;
  readonly isSameConnection: boolean;
}

/** By client; the two names of one client behind a DNAT have one storm each, and one is enough. */
function storms(all: readonly MetadataCall[], inputs: readonly Input[]): Map<string, Storm> {
  const found = new Map<string, Storm>();
  const byClient = new Map<string, MetadataCall[]>();
  for (const call of all) {
    const key = `${call.input}|${call.client}`;
    byClient.set(key, [...(byClient.get(key) ?? []), call]);
  }
  for (const [key, calls] of byClient) {
    const storm = stormOf(
      calls.toSorted((a, b) => a.startedAt - b.startedAt),
      inputs,
    );
    if (storm !== null) found.set(key, storm);
  }
  return found;
}

function stormOf(calls: readonly MetadataCall[], inputs: readonly Input[]): Storm | null {
  const repeats: Fetch[] = [];
  const lefts: number[] = [];
  const byConnection = new Map<string, number>();
  for (const [index, call] of calls.entries()) {
    if (call.asks !== 'credentials' || !call.isAnswered) continue;
    const input = inputs[call.input];
    const before = calls.findLast(
      (former) =>
        former.asks === 'credentials' &&
        former.endedAt <= call.startedAt &&
        (former.session === null ? former.isAnswered : former.session === call.session),
    );
    if (before === undefined) continue;
    const left = remainingAt(call, input);
    if (left <= ABOUT_TO_EXPIRE) continue;
    if (left > 0) lefts.push(left);
    repeats.push({ call, took: tookOf(calls, index) });
    if (before.connection === call.connection) {
      byConnection.set(call.connection, (byConnection.get(call.connection) ?? 0) + 1);
    }
  }
  const onOne = Math.max(0, ...byConnection.values());
  if (onOne < LEAST_REPEATS && repeats.length < LEAST_WITHOUT_CONNECTION) return null;
  const last = repeats.at(-1)?.call as MetadataCall;
  const sorted = lefts.toSorted((a, b) => a - b);
  const took = repeats.map((fetch) => fetch.took).toSorted((a, b) => a - b);
  return {
    input: last.input,
    clients: new Set([last.client]),
    fetches: repeats,
    software: last.software,
    agent: calls.find(({ agent }) => agent !== null)?.agent ?? null,
    left: seconds(sorted[0] ?? 0),
    mostLeft: sorted.at(-1) ?? Number.NaN,
    session: last.expiresAt - last.issuedAt,
    usual: took[took.length >> 1] as Duration,
    isSameConnection: onOne >= LEAST_REPEATS,
  };
}

/** With the steps before it: the token and the role. */
function tookOf(calls: readonly MetadataCall[], index: number): Duration {
  const call = calls[index] as MetadataCall;
  let first = call;
  for (let before = index - 1; before >= 0; before--) {
    const step = calls[before] as MetadataCall;
    if (step.connection !== call.connection) continue;
    if (step.asks === 'credentials' || !isForCredentials(step) || first.startedAt - step.endedAt > STEP_PAUSE) break;
    first = step;
  }
  return between(first.startedAt, call.endedAt);
}

const stepsOf = (request: Request, calls: MetadataCalls): Wait[] =>
  request.waits.filter(({ reason, ref }) => {
    const call = reason === 'metadata' ? calls.get(ref) : undefined;
    return call !== undefined && isForCredentials(call);
  });

const packetsOf = (steps: readonly Wait[], calls: MetadataCalls): number[] =>
  steps.flatMap(({ ref }) => calls.get(ref)?.packets ?? []);

/** What of the request went to credentials: the calls, their turn, and the moments between the steps. */
function costOf({ waits }: Request, steps: readonly Wait[]): Duration {
  const servers = new Set(steps.map(({ to }) => to));
  const refs = new Set(steps.map(({ ref }) => ref));
  let cost = 0;
  for (const { reason, to, ref, critical } of waits) {
    const isTheirs = reason === 'metadata' ? refs.has(ref) : reason !== 'upstream' && servers.has(to);
    if (isTheirs) cost += critical;
  }
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1];
    const pause = next === undefined ? -1 : next.startedAt - (step.startedAt + step.duration);
    if (pause > 0 && pause <= STEP_PAUSE) cost += pause;
  }
  return nanoseconds(cost);
}

function common(storm: Storm) {
  const known = refreshWindowOf(storm.software);
  const isKnown = known !== null;
  return {
    confidence: storm.isSameConnection ? ('certain' as const) : ('likely' as const),
    confidenceBecause: storm.isSameConnection
      ? 'one connection fetches the same credentials over and over'
      : 'the same credentials are fetched over and over; each time on a connection of its own',
    because: settings(storm),
    fix: fixes(storm),
    errors: 0,
    habit: isKnown,
  };
}

const minutes = (count: number): string => (count % 60 === 0 ? `${count / 60} min` : formatDuration(seconds(count)));

function settings(storm: Storm): Setting[] {
  const known = refreshWindowOf(storm.software);
  const provider = storm.agent === null ? null : CREDENTIAL_PROVIDERS[storm.agent];
  const name = provider?.name ?? 'credentials provider';
  return [
    {
      component: known?.name ?? storm.software ?? 'AWS SDK',
      setting: 'fetches credentials anew when less is left than',
      value: known === null ? `at least ${minutes(storm.mostLeft)}` : minutes(known.window),
      origin: known === null ? 'wire' : 'default',
      source: known === null ? 'the life that was left when they were fetched again' : known.source,
    },
    ...(storm.session > 0
      ? [
          {
            component: name,
            setting: `session length${provider === null ? '' : ` (${provider.sessionSetting})`}`,
            value: minutes(storm.session),
            origin: 'wire' as const,
            source: 'Expiration less LastUpdated of the answers',
          },
        ]
      : []),
    ...(provider === null
      ? []
      : [
          {
            component: name,
            setting: `replaces them when less is left than (${provider.refreshSetting})`,
            value: minutes(provider.refresh),
            origin: 'default' as const,
            source: provider.source,
          },
        ]),
  ];
}

function fixes(storm: Storm): Fix[] {
  const known = refreshWindowOf(storm.software);
  const provider = storm.agent === null ? null : CREDENTIAL_PROVIDERS[storm.agent];
  const window = known?.window ?? storm.mostLeft;
  const upgrade =
    known?.fixedIn === undefined || known.fixedIn === null
      ? []
      : [
          advice(
            'code',
            `upgrade ${known.name} to ${known.fixedIn} or newer: it no longer fetches on every use`,
            'the service',
            'the former version',
          ),
        ];
  if (storm.agent !== 'kiam' || provider === null) return [...upgrade, ...longer(storm, provider)];
  return [kiamFlags(storm, provider, window), ...upgrade];
}

/** Both, with what each alone would leave. */
function kiamFlags(storm: Storm, provider: CredentialProvider, window: number): Fix {
  const long = LONG_SESSION_MINUTES * 60;
  const early = EARLY_REFRESH_MINUTES * 60;
  const session = storm.session > 0 ? storm.session : provider.session;
  const alone = formatShare(stormShare(long, window, provider.refresh));
  const refreshAlone = formatShare(stormShare(session, window, Math.min(early, session - 1)));
  return {
    ...advice(
      'manifest',
      `give the KIAM server both --session-duration=${LONG_SESSION_MINUTES}m and --session-refresh=${EARLY_REFRESH_MINUTES}m; ` +
        `the duration alone leaves ${alone} of requests fetching, the refresh alone ${refreshAlone}`,
      'args of DaemonSet kiam-server (the role must allow sessions of an hour: MaxSessionDuration)',
      'kubectl rollout undo daemonset/kiam-server -n kube-system',
      'kubectl edit daemonset/kiam-server -n kube-system',
    ),
  };
}

function longer(storm: Storm, provider: CredentialProvider | null): Fix[] {
  const name = provider?.name ?? 'the credentials provider';
  return [
    advice(
      'infrastructure',
      `let ${name} hand out credentials that are good for longer than the SDK's window, and replace them before that: ` +
        `${minutes(storm.mostLeft)} were left when they were fetched again`,
      name,
      'the former settings',
    ),
  ];
}

function evidence(storm: Storm, request: Request | null, calls: MetadataCalls): [Evidence, ...Evidence[]] {
  const [first, second] = storm.fetches.map(({ call }) => call);
  const some = [first, second].filter((call) => call !== undefined);
  const shown: Evidence = {
    says: `the same credentials again, with ${formatDuration(storm.left)} left of ${storm.session > 0 ? minutes(storm.session) : 'their life'}`,
    packets: some.flatMap(({ packets }) => [...packets]),
  };
  if (request === null) return [shown];
  const steps = stepsOf(request, calls);
  return [
    shown,
    {
      says: `one request asks ${steps.length} times for them: ${steps.map(({ what }) => what).join(', ')}`,
      packets: packetsOf(steps, calls),
    },
  ];
}
