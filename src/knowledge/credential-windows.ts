/**
 * When SDKs fetch credentials again, and what their providers hand out. Measured with the real SDKs
 * and read in their sources; see the credentials facts in docs/knowledge.
 */

export interface RefreshWindow {
  /** Of `User-Agent` of the metadata requests. */
  readonly software: RegExp;
  readonly name: string;
  /** Seconds of remaining life below which it fetches anew. */
  readonly window: number;
  /** Whether it fetches on every use below that, without holding off. */
  readonly storms: (version: readonly number[]) => boolean;
  readonly fixedIn: string | null;
  readonly source: string;
}

const isBelow = (version: readonly number[], fixed: readonly number[]): boolean => {
  for (const [index, part] of fixed.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
};

const MINUTES = 60;

/** First match counts. */
export const REFRESH_WINDOWS: readonly RefreshWindow[] = [
  {
    software: /^aws-sdk-java\/1\./,
    name: 'AWS SDK for Java v1',
    window: 15 * MINUTES,
    storms: (version) => isBelow(version, [1, 12, 188]),
    fixedIn: '1.12.188',
    source: 'aws-sdk-java, BaseCredentialsFetcher; issue 1893; last storm 1.12.187 (measured)',
  },
  {
    // Before 1.11.6xx the fetcher spoke through the JVM's own HTTP client.
    software: /^Java\//,
    name: 'AWS SDK for Java v1 (before it named itself)',
    window: 15 * MINUTES,
    storms: () => true,
    fixedIn: '1.12.188',
    source: 'aws-sdk-java, BaseCredentialsFetcher; issue 1893',
  },
  {
    software: /^aws-sdk-java\/2\./,
    name: 'AWS SDK for Java v2',
    window: 15 * MINUTES,
    storms: (version) => isBelow(version, [2, 17, 159]),
    fixedIn: '2.17.159',
    source: 'aws-sdk-java-v2, HttpCredentialsProvider; last storm 2.17.158 (measured)',
  },
  {
    software: /^Botocore\//,
    name: 'botocore',
    window: 15 * MINUTES,
    storms: (version) => isBelow(version, [1, 25, 0]),
    fixedIn: '1.25.0',
    source: 'botocore, credentials.py: advisory 15 min, mandatory 10 min; pull request 2664',
  },
];

export function refreshWindowOf(software: string | null): RefreshWindow | null {
  if (software === null) return null;
  return REFRESH_WINDOWS.find((known) => known.software.test(software)) ?? null;
}

export interface CredentialProvider {
  readonly name: string;
  /** Seconds. */
  readonly session: number;
  readonly sessionSetting: string;
  /** Seconds of remaining life at which it fetches its own anew. */
  readonly refresh: number;
  readonly refreshSetting: string;
  readonly source: string;
}

export const CREDENTIAL_PROVIDERS: Readonly<Record<'kiam' | 'kube2iam' | 'ec2', CredentialProvider>> = {
  kiam: {
    name: 'KIAM server',
    session: 15 * MINUTES,
    sessionSetting: '--session-duration',
    refresh: 5 * MINUTES,
    refreshSetting: '--session-refresh',
    source: 'kiam, cmd/kiam/server.go and pkg/aws/sts/cache.go',
  },
  kube2iam: {
    name: 'kube2iam',
    session: 30 * MINUTES,
    sessionSetting: '--iam-role-session-ttl (sessions last twice as long)',
    refresh: 15 * MINUTES,
    refreshSetting: '--iam-role-session-ttl',
    source: 'kube2iam, iam/iam.go',
  },
  ec2: {
    name: 'EC2 instance metadata',
    session: 360 * MINUTES,
    sessionSetting: 'session length',
    refresh: 5 * MINUTES,
    refreshSetting: 'refreshed before expiry',
    source: 'AWS documentation, IAM roles for Amazon EC2: new credentials at least five minutes before expiry',
  },
};

/**
 * Share of uses that fetch anew, at a steady rate and without holding off: between the window of
 * the SDK and the provider's own refresh. All in seconds.
 */
export function stormShare(session: number, window: number, refresh: number): number {
  if (session <= refresh) return session <= window ? 1 : 0;
  return Math.min(1, Math.max(0, (Math.min(session, window) - refresh) / (session - refresh)));
}
