import { seconds, type Duration } from '../../base/time.ts';
import { settingsOf, type ResolverSettings, type ResolvOption } from '../../knowledge/resolver-settings.ts';
import type { Fix, HalfFix, Setting } from '../../model/finding.ts';
import type { ResolverName } from '../../model/lookup.ts';

/** Stands in patches where only the manifest knows the name. */
const CONTAINER = '<container>';
const WORKLOAD = 'deployment/<name>';

interface Option {
  name: string;
  value?: string;
}

/** What is known of the resolvers, in their order; those of one kind once. */
export const settingsOfAll = (
  resolvers: Iterable<{ readonly resolver: ResolverName; readonly detail: string | null }>,
): ResolverSettings[] => [...new Set([...resolvers].map(({ resolver, detail }) => settingsOf(resolver, detail)))];

const dnsConfigPatch = (options: readonly Option[]): object => ({
  spec: { template: { spec: { dnsConfig: { options } } } },
});

const patchCommand = (patch: object): string => `kubectl patch ${WORKLOAD} --patch '${JSON.stringify(patch)}'`;

/** A `dnsConfig` option for the pods of a workload, ready as a strategic-merge patch. */
export function dnsOption(title: string, target: string, ...options: readonly Option[]): Fix {
  const patch = dnsConfigPatch(options);
  return {
    title,
    kind: 'manifest',
    // The list is replaced as a whole, and the pods start anew.
    safety: 'review',
    target: `dnsConfig of ${target} (add options that are there already: the list is replaced)`,
    patch,
    command: patchCommand(patch),
    rollback: `kubectl rollout undo ${WORKLOAD}`,
  };
}

/** A fix without a patch: something other than the pods' manifest must change. */
export const advice = (
  kind: Fix['kind'],
  title: string,
  target: string,
  rollback: string,
  command: string | null = null,
): Fix => ({ title, kind, safety: 'review', target, patch: null, command, rollback });

/** @param isThere nobody is told to run what runs already */
export const nodeLocalCache = (isThere = false): Fix[] =>
  isThere
    ? []
    : [
        advice(
          'infrastructure',
          'run NodeLocal DNSCache: pods ask their node without DNAT, and the node asks the cluster DNS over TCP',
          'the cluster',
          'kubectl delete -f nodelocaldns.yaml',
        ),
      ];

export const newerKernel = (): Fix =>
  advice(
    'infrastructure',
    'run nodes on kernel 5.6 or newer, which no longer loses one of two queries at once',
    'the nodes',
    'boot the former kernel',
    'kubectl get nodes -o custom-columns=NAME:.metadata.name,KERNEL:.status.nodeInfo.kernelVersion',
  );

/** gRPC's own resolver ignores the option, so both must change together. */
function grpcNative(target: string): Fix {
  const patch = {
    spec: {
      template: {
        spec: {
          dnsConfig: { options: [{ name: 'single-request-reopen' }] },
          containers: [{ name: CONTAINER, env: [{ name: 'GRPC_DNS_RESOLVER', value: 'native' }] }],
        },
      },
    },
  };
  return {
    title:
      'set GRPC_DNS_RESOLVER=native together with single-request-reopen: gRPC then asks through libc, which heeds the option (glibc images; musl does not)',
    kind: 'environment',
    safety: 'review',
    target: `env and dnsConfig of ${target}; put the container's name for ${CONTAINER}`,
    patch,
    command: patchCommand(patch),
    rollback: `kubectl rollout undo ${WORKLOAD}`,
  };
}

const honours = (settings: ResolverSettings, option: ResolvOption): boolean => settings.honours.includes(option);

/** What keeps two queries from one socket from racing, for the resolvers that were seen. */
export function raceFixes(resolvers: readonly ResolverSettings[], target: string, hasCache = false): Fix[] {
  const fixes: Fix[] = [];
  for (const settings of resolvers) {
    if (!settings.onePort) continue;
    if (honours(settings, 'single-request-reopen')) {
      fixes.push(
        dnsOption('single-request-reopen: AAAA is asked after A, from a port of its own', target, {
          name: 'single-request-reopen',
        }),
      );
    }
    if (settings.detail === 'gRPC') fixes.push(grpcNative(target));
    if (settings.resolver === 'node') {
      fixes.push(
        advice(
          'code',
          'resolve through dns.lookup, which asks through libc, and set single-request-reopen (glibc images)',
          target,
          'revert the change',
        ),
      );
    }
    if (honours(settings, 'use-vc')) {
      fixes.push(dnsOption('use-vc: ask over TCP, which resends what is lost', target, { name: 'use-vc' }));
    }
  }
  return [...fixes, ...nodeLocalCache(hasCache), newerKernel()];
}

// What the fix would set.
const A_SECOND = seconds(1);

/**
 * Shorter waits, where the resolver reads them per try.
 * @param chosen what it waits already, where that is not its default
 */
export function shorterWaits(resolvers: readonly ResolverSettings[], target: string, chosen: Duration | null): Fix[] {
  if (chosen !== null && chosen <= A_SECOND) return [];
  return resolvers.some((settings) => honours(settings, 'timeout') && honours(settings, 'rotate'))
    ? [
        dnsOption(
          'timeout:1 and attempts:3: a lost answer costs a second and not five; it cures the wait, not the loss',
          target,
          { name: 'timeout', value: '1' },
          { name: 'attempts', value: '3' },
        ),
      ]
    : [];
}

/** Asking for one family, for the resolvers that were seen. */
export function oneFamilyFixes(resolvers: readonly ResolverSettings[], target: string, missing: string): Fix[] {
  const fixes: Fix[] = [];
  for (const settings of resolvers) {
    // There is no option to leave A out.
    if (missing === 'AAAA' && honours(settings, 'no-aaaa')) {
      fixes.push(dnsOption('no-aaaa: never ask for AAAA (glibc 2.36 or newer)', target, { name: 'no-aaaa' }));
    }
    if (missing === 'AAAA' && settings.oneFamily !== null) {
      fixes.push(
        advice('code', `ask for IPv4 only: ${settings.oneFamily} (${settings.name})`, target, 'revert the change'),
      );
    }
  }
  return fixes;
}

export { honours };

/** Names tried as they are first, for the resolvers that were seen. */
export function walkFixes(resolvers: readonly ResolverSettings[], target: string, dots: number, name: string): Fix[] {
  const fixes: Fix[] = [];
  // A name is tried as it is first when it has at least `ndots` dots. 2 keeps `service.namespace`
  // (one dot) going through the search list; beyond 2 no name here would gain.
  const ndots = Math.min(2, dots);
  if (ndots >= 1 && resolvers.some((settings) => honours(settings, 'ndots'))) {
    const musl = resolvers.some(({ resolver }) => resolver === 'musl')
      ? `; musl then never tries suffixes for names with ${ndots} dots or more`
      : '';
    fixes.push(
      dnsOption(`ndots:${ndots}: names with ${ndots} dots or more are asked for as they are first${musl}`, target, {
        name: 'ndots',
        value: String(ndots),
      }),
    );
  }
  fixes.push(
    advice('code', `write the name with a trailing dot: ${name}.`, `configuration of ${target}`, 'take the dot away'),
    advice(
      'infrastructure',
      'CoreDNS autopath: the server walks the search list, one round trip for the pod',
      'the Corefile',
      'take autopath out of the Corefile',
      'kubectl -n kube-system edit configmap coredns',
    ),
  );
  return fixes;
}

/** How a resolver sends its pair, as one of the settings that collide. */
export const pairSetting = (settings: ResolverSettings): Setting => ({
  component: settings.name,
  setting: 'A and AAAA',
  value: settings.pair.value,
  origin: settings.resolver === 'unknown' ? 'wire' : 'default',
  source: settings.pair.source,
});

/** Settings that collide, of which a change to any is enough. */
export const eitherOf = (...changes: readonly string[]): HalfFix[] => changes.map((change) => ({ change, remains: 0 }));
