import { parseGoDuration } from '../../../base/quantities.ts';
import type { Cluster, Container, Located, Workload } from '../../../model/workload.ts';
import { credentialProvider } from '../../../knowledge/credential-providers.ts';
import { judgedWorkloads } from './objects.ts';
import { running } from './program.ts';

/** A value that a flag sets or that stands by default. */
export interface FlagValue {
  flag: string;
  seconds: number;
  /** Null where it is the default. */
  said: Located<string> | null;
}

/** What hands out a role's credentials to pods, as its manifest says. */
export interface RoleProvider {
  kind: 'kiam' | 'kube2iam';
  name: string;
  workload: Workload;
  container: Container;
  /** How long credentials live when they are new, in seconds… */
  lifetime: FlagValue;
  /** …and how much is left when new ones are made. */
  refresh: FlagValue;
  source: string;
}

const MINUTE = 60;

/** `--flag=value` or `--flag value` among a container's words. */
export function flagOf({ words }: Container, flag: string): Located<string> | null {
  for (const [index, { value, place }] of words.entries()) {
    if (value.startsWith(`${flag}=`)) return { value: value.slice(flag.length + 1), place };
    const next = words[index + 1];
    if (value === flag && next !== undefined) return next;
  }
  return null;
}

function durationOf(container: Container, flag: string, byDefault: number): FlagValue {
  const said = flagOf(container, flag);
  const seconds = said === null ? null : parseGoDuration(said.value);
  return seconds === null ? { flag, seconds: byDefault, said: null } : { flag, seconds, said };
}

export function providersOf(cluster: Cluster): RoleProvider[] {
  return judgedWorkloads(cluster).flatMap((workload) =>
    running(workload).flatMap((container) => kiamOf(workload, container) ?? kube2iamOf(workload, container) ?? []),
  );
}

const KIAM = credentialProvider('ec2', 'kiam');
const KUBE2IAM = credentialProvider('ec2', 'kube2iam');

function kiamOf(workload: Workload, container: Container): RoleProvider | null {
  const image = container.image?.value ?? '';
  const isKiam =
    /(?:^|\/)kiam(?:[:@]|$)/.test(image) || container.words.some(({ value }) => /(?:^|\/)kiam$/.test(value));
  if (!isKiam || !container.words.some(({ value }) => value === 'server')) return null;
  const lifetime = durationOf(container, '--session-duration', KIAM.length.seconds);
  // v2 keeps them for ten minutes whatever they live (pkg/aws/sts/cache.go of v2.7).
  const fixed = /:v?2\./.test(image);
  const refresh = fixed
    ? { flag: 'its cache', seconds: lifetime.seconds - 10 * MINUTE, said: null }
    : durationOf(container, '--session-refresh', KIAM.refresh.seconds);
  return {
    kind: 'kiam',
    name: KIAM.name,
    workload,
    container,
    lifetime,
    refresh,
    source: KIAM.source,
  };
}

function kube2iamOf(workload: Workload, container: Container): RoleProvider | null {
  if (!/(?:^|\/)kube2iam(?:[:@]|$)/.test(container.image?.value ?? '')) return null;
  const ttl = durationOf(container, '--iam-role-session-ttl', KUBE2IAM.refresh.seconds);
  return {
    kind: 'kube2iam',
    name: 'kube2iam',
    workload,
    container,
    // It asks for twice of what it keeps them (iam/iam.go from 0.6.2).
    lifetime: { ...ttl, seconds: 2 * ttl.seconds },
    refresh: ttl,
    source: KUBE2IAM.source,
  };
}

/** The workloads that take a role from such a provider. */
export const roleUsers = (cluster: Cluster): { workload: Workload; role: Located<string> }[] =>
  judgedWorkloads(cluster).flatMap((workload) => {
    const role = workload.podAnnotations.get('iam.amazonaws.com/role');
    return role === undefined ? [] : [{ workload, role }];
  });
