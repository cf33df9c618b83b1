import { formatShare } from '../../base/text.ts';
import { credentialClient, type CredentialClient } from '../../knowledge/credential-clients.ts';
import { credentialProvider, stormShare, type CredentialProvider } from '../../knowledge/credential-providers.ts';
import type { Fix, HalfFix, Setting } from '../../model/finding.ts';
import type { Confidence } from '../../model/lookup.ts';
import type { FetchLog } from './fetch-log.ts';
import { advice } from './fixes.ts';
import { lifetimeWords } from './lifetimes.ts';
import type { StormCause } from './storm-verdict.ts';

// A role's sessions live an hour at most unless it says otherwise.
const LONGEST_LENGTH = 3600;
// So much above the window, for clocks and for the time that a fetch takes.
const MARGIN = 300;

/** Both sides of a storm. */
export interface Sides {
  readonly client: CredentialClient;
  readonly provider: CredentialProvider;
}

export function sidesOf({ software, service, agent }: FetchLog): Sides {
  const of = service ?? 'ec2';
  return { client: credentialClient(software, of), provider: credentialProvider(of, agent) };
}

/** What the message says of the reason: `: 11 min 56 s of 15 min are left, and … asks again below 15 min`. */
export function whyOf(log: FetchLog): string {
  if (Number.isNaN(log.leastLeft)) return `; the capture cuts off how long they live`;
  const of = Number.isNaN(log.length) ? '' : ` of ${lifetimeWords(log.length)}`;
  return `, though ${lifetimeWords(log.mostLeftBefore >= 0 ? log.mostLeftBefore : log.mostLeft)}${of} were left`;
}

/** The settings that collide: what the wire shows, and what is known of those that it can't show. */
export function settingsOf(log: FetchLog, { client, provider }: Sides, cause: StormCause): Setting[] {
  if (cause === 'new-client') return [UNKEPT, ...leftOf(log, provider)];
  const window: Setting = {
    component: client.name,
    setting: client.setting,
    value: lifetimeWords(client.windowSeconds),
    origin: 'default',
    source: client.source,
  };
  if (log.isGuess && Number.isNaN(log.leastLeft)) return [unread(provider), window];
  const isLengthSeen = !Number.isNaN(log.length);
  return [
    {
      component: provider.name,
      setting: provider.length.setting,
      value: lifetimeWords(isLengthSeen ? log.length : provider.length.seconds),
      origin: isLengthSeen ? 'wire' : 'default',
      source: isLengthSeen ? 'LastUpdated and Expiration in the answers' : provider.source,
    },
    {
      component: provider.name,
      setting: provider.refresh.setting,
      value: lifetimeWords(provider.refresh.seconds),
      origin: 'default',
      source: provider.source,
    },
    window,
    ...leftOf(log, provider),
  ];
}

/** Whose sessions these are stands in answers that the capture cuts off: no provider's defaults can be told of it. */
const unread = ({ name }: CredentialProvider): Setting => ({
  component: name,
  setting: 'left of the session at each fetch',
  value: 'less than the SDK’s window, or a new client asks each time: the capture cuts the answers off',
  origin: 'wire',
  source: 'credentials are fetched again and again',
});

const UNKEPT: Setting = {
  component: 'program',
  setting: 'credentials kept between requests',
  value: 'none, they are asked for anew',
  origin: 'wire',
  source: 'the packets: more is left than any SDK renews at',
};

function leftOf(log: FetchLog, { name }: CredentialProvider): Setting[] {
  if (!(log.leastLeft >= 0)) return [];
  return [
    {
      component: name,
      setting: 'left of the session at each fetch',
      value: [...new Set([lifetimeWords(log.leastLeft), lifetimeWords(log.mostLeft)])].join(' to '),
      origin: 'wire',
      source: 'Expiration in the answers, and the time of the packets',
    },
  ];
}

export function stormFixes(log: FetchLog, { client, provider }: Sides, workload: string, cause: StormCause): Fix[] {
  if (cause === 'new-client') return [oneClient(workload)];
  const fixes: Fix[] = [];
  if (provider.isSettable) fixes.push(lengthFix(log, { client, provider }));
  if (client.calmSince !== null && !client.isCalm) {
    fixes.push(
      advice(
        'code',
        `${client.name} ${client.calmSince} or newer waits before it asks again`,
        `the image of ${workload}`,
        'go back to the former image',
      ),
    );
  }
  if (log.service === 'ec2') {
    fixes.push(
      advice(
        'infrastructure',
        'EKS Pod Identity or IRSA: credentials live an hour or more, and no node agent hands them out',
        `the ServiceAccount of ${workload}`,
        'take the annotation or the association away again',
      ),
    );
  }
  return fixes.length === 0 ? [oneClient(workload)] : fixes;
}

const oneClient = (workload: string): Fix =>
  advice(
    'code',
    'one SDK client (session, credentials provider) for the process, made at its start and kept between requests',
    `the code of ${workload}`,
    'revert the change',
  );

/** What each change alone would leave: both of kiam's flags are needed, one newer release is enough. */
export function halvesOf(log: FetchLog, { client, provider }: Sides, cause: StormCause): HalfFix[] {
  if (cause === 'new-client') return [];
  const halves = isKiam(provider) ? kiamHalves(log, client, provider) : [];
  if (client.calmSince !== null && !client.isCalm) {
    halves.push({ change: `${client.name} ${client.calmSince} or newer`, remains: 0 });
  }
  return halves;
}

function kiamHalves(log: FetchLog, { windowSeconds: window }: CredentialClient, provider: CredentialProvider) {
  const length = lengthOf(log, provider);
  const refresh = window + MARGIN;
  const halves: HalfFix[] = [];
  // Sessions that are as long already are no longer for it.
  if (length < LONGEST_LENGTH) {
    halves.push({
      change: `--session-duration=${LONGEST_LENGTH / 60}m`,
      remains: stormShare(LONGEST_LENGTH, provider.refresh.seconds, window),
    });
  }
  // A session can't be renewed earlier than it is issued.
  const remains = stormShare(length, Math.min(refresh, length), window);
  halves.push({ change: `--session-refresh=${refresh / 60}m`, remains });
  return halves;
}

const isKiam = ({ name }: CredentialProvider): boolean => name.startsWith('kiam');

const lengthOf = (log: FetchLog, provider: CredentialProvider): number =>
  Number.isNaN(log.length) ? provider.length.seconds : log.length;

/** Both settings, and what either alone leaves. */
function lengthFix(log: FetchLog, sides: Sides): Fix {
  const { client, provider } = sides;
  if (!isKiam(provider)) {
    const ttl = `--iam-role-session-ttl=${LONGEST_LENGTH / 120}m (sessions of ${LONGEST_LENGTH / 60} min, renewed with half of it left)`;
    return advice('infrastructure', ttl, `the arguments of ${provider.name}`, 'set the former value again');
  }
  const { windowSeconds: window } = client;
  const span = lifetimeWords(window - provider.refresh.seconds);
  const [first, second] = kiamHalves(log, client, provider) as [HalfFix, HalfFix?];
  const asItIs = formatShare(stormShare(lengthOf(log, provider), provider.refresh.seconds, window));
  return advice(
    'infrastructure',
    second === undefined
      ? `${first.change}, with --session-duration as it is: that alone leaves ${asItIs} of requests fetching (the last ${span} of each session)`
      : `${first.change} and ${second.change}, together: --session-duration alone leaves ${formatShare(first.remains)} of requests fetching (the last ${span} of each session), --session-refresh alone ${formatShare(second.remains)}`,
    'the arguments of the kiam server',
    'set the former values again',
    'kubectl -n kube-system get deployment,daemonset -l app=kiam -o yaml',
  );
}

export function certaintyOf(log: FetchLog, again: number): { confidence: Confidence; confidenceBecause: string } {
  if (log.isGuess) {
    return {
      confidence: 'likely',
      confidenceBecause:
        'the capture cuts paths and bodies off: that it is credentials is told by a short answer and a long one after it, again and again',
    };
  }
  if (Number.isNaN(log.leastLeft)) {
    return {
      confidence: 'likely',
      confidenceBecause: 'credentials are asked for again and again; how long they live is not in the capture',
    };
  }
  if (log.ofOneProcess === 0 && again === 0) {
    return {
      confidence: 'possible',
      confidenceBecause: 'each fetch has a connection of its own: processes that start would look alike',
    };
  }
  return {
    confidence: 'certain',
    confidenceBecause: 'the same process fetches again while the last answer is still good',
  };
}
