import type { MetadataAgent, MetadataService } from '../model/metadata.ts';

const minutes = (count: number): number => count * 60;
const hours = (count: number): number => count * 3600;

/** Who hands out credentials, and which of its settings say how long they live. */
export interface CredentialProvider {
  readonly name: string;
  /** How long a session lives when it is issued, in seconds. */
  readonly length: { readonly setting: string; readonly seconds: number };
  /** A session with less than this left is replaced by a new one before it is handed out, in seconds. */
  readonly refresh: { readonly setting: string; readonly seconds: number };
  /** Sessions live twice as long as this says. */
  readonly refreshIsHalf?: true;
  /** Both can be set by whoever runs the cluster. */
  readonly isSettable: boolean;
  readonly source: string;
}

const BY_AGENT: Readonly<Record<MetadataAgent, CredentialProvider>> = {
  kiam: {
    name: 'kiam server',
    length: { setting: '--session-duration', seconds: minutes(15) },
    refresh: { setting: '--session-refresh', seconds: minutes(5) },
    isSettable: true,
    source: 'kiam cmd/kiam/server.go',
  },
  kube2iam: {
    name: 'kube2iam',
    length: { setting: '--iam-role-session-ttl (twice that)', seconds: minutes(30) },
    refresh: { setting: '--iam-role-session-ttl', seconds: minutes(15) },
    refreshIsHalf: true,
    isSettable: true,
    source: 'kube2iam iam/iam.go',
  },
  ec2: {
    name: 'EC2 instance metadata service',
    length: { setting: 'session length', seconds: hours(6) },
    refresh: { setting: 'new credentials before expiry', seconds: minutes(5) },
    isSettable: false,
    source: 'docs.aws.amazon.com, Retrieve security credentials from instance metadata',
  },
};

const BY_SERVICE: Readonly<Record<MetadataService, CredentialProvider>> = {
  ec2: { ...BY_AGENT.ec2, name: 'the metadata service at 169.254.169.254' },
  ecs: {
    name: 'ECS credentials endpoint',
    length: { setting: 'session length', seconds: hours(6) },
    refresh: { setting: 'new credentials before expiry', seconds: minutes(5) },
    isSettable: false,
    source: 'docs.aws.amazon.com, Amazon ECS task IAM role',
  },
  'eks-pod-identity': {
    name: 'EKS Pod Identity agent',
    length: { setting: 'session length', seconds: hours(6) },
    refresh: { setting: '--max-credential-retention-before-renewal', seconds: hours(3) },
    isSettable: false,
    source: 'eks-pod-identity-agent',
  },
  gce: {
    name: 'GKE metadata server',
    length: { setting: 'token lifetime', seconds: hours(1) },
    refresh: { setting: 'new token before expiry', seconds: minutes(5) },
    isSettable: false,
    source: 'cloud.google.com, Authenticate by using the metadata server',
  },
  azure: {
    name: 'Azure instance metadata service',
    length: { setting: 'token lifetime', seconds: hours(24) },
    refresh: { setting: 'new token before expiry', seconds: hours(12) },
    isSettable: false,
    source: 'learn.microsoft.com, Managed identities for Azure resources',
  },
};

export const credentialProvider = (service: MetadataService, agent: MetadataAgent | null): CredentialProvider =>
  service === 'ec2' && agent !== null ? BY_AGENT[agent] : BY_SERVICE[service];

/**
 * The share of requests that ask for credentials again, when the client does so below `window`
 * seconds left, sessions are handed out from `length` down to `refresh` seconds left, and requests
 * come evenly.
 */
export function stormShare(length: number, refresh: number, window: number): number {
  if (!(length > refresh)) return length <= window ? 1 : 0;
  return Math.min(1, Math.max(0, (Math.min(length, window) - refresh) / (length - refresh)));
}
