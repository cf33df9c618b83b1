import { formatShare } from '../../base/text.ts';
import { formatSeconds } from '../../base/quantities.ts';
import type { Fix, Predicted, Quote, Setting } from '../../model/finding.ts';
import type { Place, Workload } from '../../model/workload.ts';
import { stormShare } from '../../knowledge/credential-providers.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { flagEdit, manifestFix } from '../support/manifests/changes.ts';
import { notArrived } from '../support/manifests/not-arrived.ts';
import { objectWords } from '../support/manifests/objects.ts';
import { providersOf, roleUsers, type FlagValue, type RoleProvider } from '../support/manifests/providers.ts';
import { sdkOf, type Sdk } from '../support/manifests/sdk.ts';
import { defaultSetting } from '../support/settings.ts';

// So long credentials live where STS is asked for nothing else; kiam's roles allow it by default.
const LONG_LIFE = '60m';
const LONG_LIFE_SECONDS = 3600;
// Well above the windows of 15 min, so that no SDK ever sees less.
const EARLY_REFRESH = '20m';
const EARLY_REFRESH_SECONDS = 20 * 60;
// Below this the last requests of a life are not worth a word.
const LEAST_SHARE = 0.01;

interface User {
  workload: Workload;
  place: Place;
  sdk: Sdk;
  share: number;
}

export default definePrediction({
  id: 'credentials-refresh-storm',
  title: 'Credentials are fetched again for request after request',
  messages: {
    storm:
      '{user} asks {provider} for credentials on {share:share} of its AWS calls: {sdk} renews {window} before the end, {provider} hands them out with down to {refresh} left of {lifetime}',
    trap: '{provider} hands out credentials with down to {refresh} left of {lifetime}: SDKs that renew 15 min before the end ask on {share:share} of their calls',
    contrary:
      '{user} is seen to fetch credentials again and again, though {provider} is set to hand them out with {refresh} left of {lifetime}: what runs is not what this file says',
    clear: 'credentials always have more left than the SDKs in use ask for ({total:provider})',
  },
  predict({ cluster, report, clear, isObserved }) {
    const providers = providersOf(cluster);
    const all = roleUsers(cluster);
    let reported = 0;
    for (const provider of providers) {
      const { lifetime, refresh } = provider;
      const everyone = all
        .map(({ workload, role }): User => {
          const sdk = sdkOf(workload);
          const share = sdk.calm ? 0 : stormShare(lifetime.seconds, refresh.seconds, sdk.window);
          return { workload, place: role.place, sdk, share };
        })
        .toSorted((a, b) => Number(b.sdk.told === 'software') - Number(a.sdk.told === 'software'));
      const users = everyone.filter(({ share }) => share >= LEAST_SHARE);
      const [worst] = users;
      const share = stormShare(lifetime.seconds, refresh.seconds, 15 * 60);
      // Wire and manifest disagree: that is what is to be found out.
      const seen = everyone.find(({ workload, sdk }) => !sdk.calm && isObserved(workload));
      if (worst === undefined && seen !== undefined) {
        reported++;
        report({ ...findingOf(provider, [seen], share), ...contrary(provider, seen) });
        continue;
      }
      // Who takes roles stands in manifests that were not given.
      if (worst === undefined && (all.length > 0 || share < LEAST_SHARE)) continue;
      reported++;
      report(findingOf(provider, users, share));
    }
    if (reported === 0 && providers.length > 0) {
      clear('clear', { total: providers.length }, { count: providers.length, unit: 'providers' });
    }
  },
});

function findingOf(provider: RoleProvider, users: readonly User[], share: number): Predicted<'storm' | 'trap'> {
  const [worst] = users;
  const { lifetime, refresh } = provider;
  const words = {
    provider: provider.name,
    lifetime: formatSeconds(lifetime.seconds),
    refresh: formatSeconds(refresh.seconds),
  };
  const told = worst?.sdk.told ?? 'nothing';
  return {
    message: worst === undefined ? 'trap' : 'storm',
    data:
      worst === undefined
        ? { ...words, share }
        : {
            ...words,
            user: objectWords(worst.workload),
            sdk: worst.sdk.name,
            window: formatSeconds(worst.sdk.window),
            share: worst.share,
          },
    subject: provider.workload,
    payers: users.map(({ workload }) => workload),
    ...severityOf(worst),
    confidence: told === 'nothing' || worst === undefined ? 'possible' : 'likely',
    confidenceBecause:
      told === 'software'
        ? `${worst?.sdk.name ?? ''} stands in ${worst?.sdk.quote?.place.file ?? 'a lock file'}`
        : 'no lock file says which SDK and which release (give it with the manifests)',
    assumed: [
      'the SDK takes its credentials from the metadata service, where the provider answers',
      ...(told === 'software' ? [] : ['the SDK is one that renews 15 min before the end and does not wait between']),
    ],
    evidence: [
      quoteOf(provider, lifetime, 'lifetime'),
      quoteOf(provider, refresh, 'renewed when left'),
      ...users
        .slice(0, 3)
        .flatMap(({ workload, place, sdk }): Quote[] => [
          { says: `${objectWords(workload)} takes a role from ${provider.name}`, place },
          ...(sdk.quote === null ? [] : [{ says: sdk.name, place: sdk.quote.place }]),
        ]),
    ],
    because: [
      settingOf(provider, lifetime),
      ...(provider.kind === 'kiam' ? [settingOf(provider, refresh)] : []),
      defaultSetting(
        worst?.sdk.name ?? 'SDKs',
        'refresh window',
        formatSeconds(worst?.sdk.window ?? 15 * 60),
        worst?.sdk.source ?? 'AWS SDKs for Java, .NET, botocore: 15 min',
      ),
    ],
    fix: fixesFor(provider),
  };
}

const contrary = ({ name, lifetime, refresh }: RoleProvider, { workload }: User) => ({
  ...notArrived(workload, `roll ${name} out again, and look at the arguments of its running pods`),
  data: {
    user: objectWords(workload),
    provider: name,
    lifetime: formatSeconds(lifetime.seconds),
    refresh: formatSeconds(refresh.seconds),
  },
});

// From half of the calls on, nearly every request pays.
const MAJOR_SHARE = 0.5;
// Less is a few minutes in each life of the credentials.
const MINOR_SHARE = 0.02;
// Which SDK it is nobody told: only what would be dear is worth more than a word.
const MINOR_SHARE_UNTOLD = 0.1;

function severityOf(worst: User | undefined): Pick<Predicted, 'severity' | 'severityBecause'> {
  if (worst === undefined) {
    return { severity: 'info', severityBecause: 'no workload among these manifests takes a role from it' };
  }
  const { share, sdk } = worst;
  if (sdk.told !== 'software') {
    const severityBecause = 'which SDK the workload uses is not told';
    return { severity: share >= MINOR_SHARE_UNTOLD ? 'minor' : 'info', severityBecause };
  }
  const severity = share >= MAJOR_SHARE ? 'major' : share >= MINOR_SHARE ? 'minor' : 'info';
  return { severity, severityBecause: 'each fetch is two or more requests, and callers wait for one another' };
}

const quoteOf = ({ container, name }: RoleProvider, { flag, seconds, said }: FlagValue, what: string): Quote => ({
  says:
    said === null ? `${name} without ${flag}: ${what} ${formatSeconds(seconds)}` : `${what} ${formatSeconds(seconds)}`,
  // Where it would be written.
  place: said?.place ?? (container.args[0] ?? container.words[0])?.place ?? container.place,
});

const settingOf = (
  { name, source }: RoleProvider,
  { flag, seconds, said }: FlagValue,
): Setting & { place?: Place } => ({
  component: name,
  setting: flag,
  value: formatSeconds(seconds),
  origin: said === null ? 'default' : 'manifest',
  source,
  ...(said === null ? {} : { place: said.place }),
});

function fixesFor(provider: RoleProvider): Fix[] {
  const { workload, container, lifetime, refresh } = provider;
  const flag = (name: string, value: string) => flagEdit(workload, container, name, value);
  if (container.fixedWords) {
    return [
      advice(
        'manifest',
        `--session-duration=${LONG_LIFE} together with --session-refresh=${EARLY_REFRESH}`,
        objectWords(workload),
        'set the former flags again',
      ),
    ];
  }
  if (provider.kind === 'kube2iam') {
    return [
      manifestFix(
        workload,
        '--iam-role-session-ttl=15m: credentials live 30 min and are handed out with 15 left at least',
        [flag('--iam-role-session-ttl', '15m')],
      ),
    ];
  }
  if (refresh.flag !== '--session-refresh') {
    return [
      manifestFix(
        workload,
        `--session-duration=${LONG_LIFE}: kiam v2 keeps them ten minutes, so that 50 are left at least`,
        [flag('--session-duration', LONG_LIFE)],
      ),
    ];
  }
  const window = 15 * 60;
  const alone = stormShare(LONG_LIFE_SECONDS, refresh.seconds, window);
  const other = stormShare(lifetime.seconds, EARLY_REFRESH_SECONDS, window);
  const isLong = lifetime.seconds >= LONG_LIFE_SECONDS;
  const title = isLong
    ? `--session-refresh=${EARLY_REFRESH}: what is handed out then has more left than any SDK asks for`
    : `--session-duration=${LONG_LIFE} together with --session-refresh=${EARLY_REFRESH}: the first alone leaves ${formatShare(alone)} of the calls, the second alone ${formatShare(other)}`;
  const fix = manifestFix(workload, title, [
    ...(isLong ? [] : [flag('--session-duration', LONG_LIFE)]),
    flag('--session-refresh', EARLY_REFRESH),
  ]);
  return [
    {
      ...fix,
      risk: "each role's maximum session duration must allow an hour (AWS gives that by default); the kiam server starts anew",
      verify: 'capture at a pod with a role again: no request for credentials but one an hour',
    },
  ];
}
