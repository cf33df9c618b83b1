import { credentialClient, type CredentialClient } from '../../../knowledge/credential-clients.ts';
import { credentialProvider, type CredentialProvider } from '../../../knowledge/credential-providers.ts';
import type { Setting } from '../../../model/finding.ts';
import type { FetchLog } from './fetch-log.ts';
import { lifetimeWords } from './lifetimes.ts';
import { MOST_SKEW, type SessionLife } from './session-life.ts';
import { defaultSetting, wireSetting } from '../settings.ts';
import type { StormCause } from './storm-verdict.ts';

/** Both sides of a storm. */
export interface Sides {
  readonly client: CredentialClient;
  readonly provider: CredentialProvider;
}

export function sidesOf({ software, service, agent }: FetchLog): Sides {
  const of = service ?? 'ec2';
  return { client: credentialClient(software, of), provider: credentialProvider(of, agent) };
}

export const isKiam = ({ name }: CredentialProvider): boolean => name.startsWith('kiam');

/** What one of a provider's settings is: as the wire shows it, or else its default. */
interface Told {
  readonly seconds: number;
  readonly value: string;
  readonly origin: Setting['origin'];
  readonly source: string;
}

const told = (seconds: number, origin: Setting['origin'], source: string): Told => ({
  seconds,
  value: lifetimeWords(seconds),
  origin,
  source,
});

/** How long sessions live. */
export function lengthOf(life: SessionLife, { length, source }: CredentialProvider): Told {
  if (life.isLengthInferred) return told(life.length, 'wire', 'what is left of a session that has just been issued');
  if (life.length > 0) return told(life.length, 'wire', 'LastUpdated and Expiration in the answers');
  // A default that is shorter than what is left is not what is set.
  if (!(life.mostLeft > length.seconds + MOST_SKEW)) return told(length.seconds, 'default', source);
  const least = told(life.mostLeft, 'wire', 'so much is left in an answer');
  return { ...least, value: `at least ${least.value}` };
}

/** How much is left of a session when a new one takes its place. */
export function refreshOf(life: SessionLife, provider: CredentialProvider): Told {
  const { refresh, source } = provider;
  if (life.keepsNone) {
    const length = lengthOf(life, provider);
    return {
      ...told(length.seconds, 'wire', 'each answer has another session'),
      value: `all of it: each answer has a new session`,
    };
  }
  if (life.renewedAt >= 0) return told(life.renewedAt, 'wire', 'so much was left when another session took its place');
  if (provider.refreshIsHalf && life.length > 0) {
    return told(life.length / 2, 'wire', 'sessions live twice as long as it says');
  }
  // A default that is longer than what is left is not what is set.
  if (!(life.leastLeft < refresh.seconds - MOST_SKEW)) return told(refresh.seconds, 'default', source);
  const most = told(life.leastLeft, 'wire', 'no more is left in an answer');
  return { ...most, value: `at most ${most.value}` };
}

/** The settings that collide: what the wire shows, and what is known of those that it can't show. */
export function settingsOf({ life, isGuess }: FetchLog, { client, provider }: Sides, cause: StormCause): Setting[] {
  if (cause === 'new-client') return [UNKEPT, ...leftOf(life, provider)];
  const window: Setting = defaultSetting(
    client.name,
    client.setting,
    lifetimeWords(client.windowSeconds),
    client.source,
  );
  if (isGuess && Number.isNaN(life.leastLeft)) return [unread(provider), window];
  const setting = (name: string, { value, origin, source }: Told): Setting => ({
    component: provider.name,
    setting: name,
    value,
    origin,
    source,
  });
  return [
    setting(provider.length.setting, lengthOf(life, provider)),
    setting(provider.refresh.setting, refreshOf(life, provider)),
    window,
    ...leftOf(life, provider),
  ];
}

/** Whose sessions these are stands in answers that the capture cuts off: no provider's defaults can be told of it. */
const unread = ({ name }: CredentialProvider): Setting =>
  wireSetting(
    name,
    'left of the session at each fetch',
    'less than the SDK’s window, or a new client asks each time: the capture cuts the answers off',
    'credentials are fetched again and again',
  );

const UNKEPT: Setting = wireSetting(
  'program',
  'credentials kept between requests',
  'none, they are asked for anew',
  'the packets: more is left than any SDK renews at',
);

function leftOf({ leastLeft, mostLeft }: SessionLife, { name }: CredentialProvider): Setting[] {
  if (!(leastLeft >= 0)) return [];
  return [
    wireSetting(
      name,
      'left of the session at each fetch',
      [...new Set([lifetimeWords(leastLeft), lifetimeWords(mostLeft)])].join(' to '),
      'Expiration in the answers, and the time of the packets',
    ),
  ];
}
