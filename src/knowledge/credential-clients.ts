import type { MetadataService } from '../model/metadata.ts';

const minutes = (count: number): number => count * 60;

/** How a program that takes credentials from a metadata service renews them. */
export interface CredentialClient {
  readonly name: string;
  /** What the window is called there. */
  readonly setting: string;
  /** It asks again when less than this is left of a session, in seconds. */
  readonly windowSeconds: number;
  /** Since which release it waits before it asks again, for this service; null where none does. */
  readonly calmSince: string | null;
  /** Whether the release that was seen waits. */
  readonly isCalm: boolean;
  readonly source: string;
}

interface Row {
  product: RegExp;
  name: string;
  setting: string;
  windowSeconds: number;
  /** The first release without a storm at EC2's service and its likes, at container endpoints. */
  calm: { instance: string | null; container: string | null };
  source: string;
}

const JAVA_1: Omit<Row, 'product'> = {
  name: 'AWS SDK for Java v1',
  setting: 'refresh window (built in)',
  windowSeconds: minutes(15),
  // Bisected: 1.12.187 asks in each request, 1.12.188 does not; through a container endpoint 1.12.793 still does.
  calm: { instance: '1.12.188', container: null },
  source: 'aws-sdk-java BaseCredentialsFetcher: EXPIRATION_THRESHOLD 15 min; issues 1893, 1921',
};

const BOTOCORE: Omit<Row, 'product'> = {
  name: 'botocore',
  setting: 'refresh window (built in)',
  windowSeconds: minutes(15),
  calm: { instance: '1.25.0', container: null },
  source: 'botocore credentials.py: _advisory_refresh_timeout 15 min, _mandatory_refresh_timeout 10 min',
};

const OTHER_CLOUDS: Omit<Row, 'product'> = {
  name: 'the client library',
  setting: 'refresh window (built in)',
  windowSeconds: minutes(5),
  calm: { instance: null, container: null },
  source: 'google-auth 225 to 300 s, azure-identity and MSAL 300 s',
};

const ROWS: readonly Row[] = [
  { product: /^aws-sdk-java\/1\./, ...JAVA_1 },
  // Releases before 1.11.678 leave the User-Agent to the JDK.
  { product: /^Java\//, ...JAVA_1, name: 'AWS SDK for Java v1 (as its User-Agent, the JDK’s, suggests)' },
  {
    product: /^aws-sdk-java\/2\./,
    name: 'AWS SDK for Java v2',
    setting: 'prefetch window (built in)',
    windowSeconds: minutes(15),
    // Bisected: 2.17.158 asks whenever nobody else does, 2.17.159 does not; container endpoints: fixed by 2.42.0.
    calm: { instance: '2.17.159', container: '2.42.0' },
    source: 'aws-sdk-java-v2 HttpCredentialsProvider: prefetch at expiry − 15 min',
  },
  { product: /^(?:Botocore|Boto3|aws-cli)\//, ...BOTOCORE },
  { product: /^python-urllib3\//, ...BOTOCORE },
  {
    product: /^aws-sdk-dotnet/,
    name: 'AWS SDK for .NET',
    setting: 'preempt expiry (built in)',
    windowSeconds: minutes(15),
    calm: { instance: null, container: null },
    source: 'aws-sdk-net issue 2498: 15 min since Core 3.7.202',
  },
  {
    product: /^aws-sdk-go\//,
    name: 'AWS SDK for Go v1',
    setting: 'ExpiryWindow',
    windowSeconds: minutes(5),
    calm: { instance: null, container: null },
    source: 'aws-sdk-go aws/defaults: ExpiryWindow 5 min',
  },
  {
    product: /^aws-sdk-ruby/,
    name: 'AWS SDK for Ruby',
    setting: 'refresh window (built in)',
    windowSeconds: minutes(5),
    calm: { instance: null, container: null },
    source: 'aws-sdk-ruby RefreshingCredentials: 5 min',
  },
  {
    product: /^google-auth-python\/2\.(?:1?\d|2[0-3])(?:\.|$)/,
    ...OTHER_CLOUDS,
    name: 'google-auth for Python',
    windowSeconds: 20,
    source: 'google-auth _helpers.py: REFRESH_THRESHOLD 20 s, up to 2.23',
  },
  {
    product: /^google-auth-python\/2\./,
    ...OTHER_CLOUDS,
    name: 'google-auth for Python',
    windowSeconds: 225,
    source: 'google-auth _helpers.py: REFRESH_THRESHOLD 3 min 45 s, since 2.24',
  },
  { product: /^google-auth-/, ...OTHER_CLOUDS, name: 'Google’s auth library' },
  { product: /^google-/, ...OTHER_CLOUDS, name: 'Google’s API client' },
  {
    product: /^(?:azsdk-python-|azure-identity\/)/,
    ...OTHER_CLOUDS,
    name: 'azure-identity for Python',
    source: 'azure-identity _constants.py: DEFAULT_REFRESH_OFFSET 300 s',
  },
  { product: /^azsdk-/, ...OTHER_CLOUDS, name: 'Azure’s identity library' },
];

/** Nothing tells which program it is, or what its window is: the longest of those that are common. */
const UNKNOWN: Row = {
  product: /$/,
  name: 'the SDK (its User-Agent does not tell which)',
  setting: 'refresh window',
  windowSeconds: minutes(15),
  calm: { instance: null, container: null },
  source: 'AWS SDKs for Java and .NET, botocore: 15 min; Go, Ruby, Google, Azure: 5 min',
};

const isOtherCloud = (service: MetadataService): boolean => service === 'gce' || service === 'azure';

/** @param software product and version as the User-Agent names them */
export function credentialClient(software: string | null, service: MetadataService): CredentialClient {
  const known = software === null ? undefined : ROWS.find(({ product }) => product.test(software));
  const unnamed = isOtherCloud(service) ? { ...UNKNOWN, ...OTHER_CLOUDS, name: UNKNOWN.name } : UNKNOWN;
  const unknown = software === null ? unnamed : { ...unnamed, name: `the SDK (${software})` };
  const { name, setting, windowSeconds, source, calm } = known ?? unknown;
  const calmSince = service === 'ec2' ? calm.instance : calm.container;
  const isVersion = software !== null && !/^(?:Java|python-urllib3|aws-cli|Boto3)\//.test(software);
  return {
    name,
    setting,
    windowSeconds,
    source,
    calmSince,
    isCalm: calmSince !== null && isVersion && isAtLeast(software, calmSince),
  };
}

/** @param software `product/1.2.3` */
function isAtLeast(software: string, least: string): boolean {
  const version = software.slice(software.indexOf('/') + 1).split('.');
  for (const [index, part] of least.split('.').entries()) {
    const difference = Number(version[index] ?? 0) - Number(part);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
