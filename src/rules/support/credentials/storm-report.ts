import { formatShare } from '../../../base/text.ts';
import type { CredentialClient } from '../../../knowledge/credential-clients.ts';
import { stormShare, type CredentialProvider } from '../../../knowledge/credential-providers.ts';
import type { Fix, HalfFix } from '../../../model/finding.ts';
import type { Confidence } from '../../../model/lookup.ts';
import type { FetchLog } from './fetch-log.ts';
import { advice } from '../fixes.ts';
import { lifetimeWords } from './lifetimes.ts';
import { isKiam, lengthOf, refreshOf, type Sides } from './storm-settings.ts';
import type { StormCause } from './storm-verdict.ts';

// A role's sessions live an hour at most unless it says otherwise.
const LONGEST_LENGTH = 3600;
// So much above the window, for clocks and for the time that a fetch takes.
const MARGIN = 300;

/** What the message says of the reason: `: 11 min 56 s of 15 min are left, and … asks again below 15 min`. */
export function whyOf({ life }: FetchLog): string {
  if (Number.isNaN(life.leastLeft)) return `; the capture cuts off how long they live`;
  const of = Number.isNaN(life.length) ? '' : ` of ${lifetimeWords(life.length)}`;
  return `, though ${lifetimeWords(life.mostLeftBefore >= 0 ? life.mostLeftBefore : life.mostLeft)}${of} were left`;
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
  return fixes.length === 0 ? longerFixes({ client, provider }, workload) : fixes;
}

/** Where neither a flag nor a newer release is known to end it. */
function longerFixes({ client, provider }: Sides, workload: string): Fix[] {
  const { windowSeconds: window } = client;
  const least = lifetimeWords(window + MARGIN);
  return [
    advice(
      'infrastructure',
      `sessions that are handed out with ${least} left or more, since ${client.name} renews below ${lifetimeWords(window)}: longer ones, or renewed earlier`,
      `whoever hands them out: ${provider.name}`,
      'set the former values again',
    ),
    advice(
      'code',
      'one cache of the program around the SDK’s provider, which renews in the background and lets no request wait while the session is good',
      `the code of ${workload}`,
      'revert the change',
    ),
  ];
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

function kiamHalves({ life }: FetchLog, { windowSeconds: window }: CredentialClient, provider: CredentialProvider) {
  const length = lengthOf(life, provider).seconds;
  const refresh = window + MARGIN;
  const halves: HalfFix[] = [];
  // Sessions that are as long already are no longer for it.
  if (length < LONGEST_LENGTH) {
    halves.push({
      change: `--session-duration=${LONGEST_LENGTH / 60}m`,
      remains: stormShare(LONGEST_LENGTH, refreshOf(life, provider).seconds, window),
    });
  }
  // A session can't be renewed earlier than it is issued.
  const remains = stormShare(length, Math.min(refresh, length), window);
  halves.push({ change: `--session-refresh=${refresh / 60}m`, remains });
  return halves;
}

/** Both settings, and what either alone leaves. */
function lengthFix(log: FetchLog, sides: Sides): Fix {
  const { client, provider } = sides;
  if (!isKiam(provider)) {
    const ttl = `--iam-role-session-ttl=${LONGEST_LENGTH / 120}m (sessions of ${LONGEST_LENGTH / 60} min, renewed with half of it left)`;
    return advice('infrastructure', ttl, `the arguments of ${provider.name}`, 'set the former value again');
  }
  const { windowSeconds: window } = client;
  const refresh = refreshOf(log.life, provider).seconds;
  const span = lifetimeWords(window - refresh);
  const [first, second] = kiamHalves(log, client, provider) as [HalfFix, HalfFix?];
  const asItIs = formatShare(stormShare(lengthOf(log.life, provider).seconds, refresh, window));
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
  if (Number.isNaN(log.life.leastLeft)) {
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
