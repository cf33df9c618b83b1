import { parseGoDuration } from '../../../base/quantities.ts';
import type { Cluster, Located } from '../../../model/workload.ts';
import { running } from './program.ts';
import { flagOf } from './providers.ts';

/** How kube-proxy is set, by its ConfigMap or else by its arguments; null where neither says so. */
export interface KubeProxy {
  mode: Located<string> | null;
  /** After how many seconds nodes forget an idle TCP connection. */
  established: Located<number> | null;
}

export function kubeProxyOf({ kubeProxies, workloads }: Cluster): KubeProxy {
  const [set] = kubeProxies;
  if (set !== undefined) return set;
  for (const workload of workloads) {
    for (const container of running(workload)) {
      if (!/(?:^|\/)kube-proxy(?::|@|$)/.test(container.image?.value ?? '')) continue;
      const time = flagOf(container, '--conntrack-tcp-timeout-established');
      const seconds = time === null ? null : parseGoDuration(time.value);
      return {
        mode: flagOf(container, '--proxy-mode'),
        established: time === null || seconds === null ? null : { value: seconds, place: time.place },
      };
    }
  }
  return { mode: null, established: null };
}
