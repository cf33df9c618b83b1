import type { LossGroup } from './loss-groups.ts';
import type { Losses } from './losses.ts';
import { advice } from '../fixes.ts';

/** Who asks are DNS servers themselves, which answer others in the same capture: whom they ask is their upstream. */
export const areServers = (groups: readonly Pick<LossGroup, 'input' | 'client'>[], seen: Losses): boolean =>
  groups.every(({ input, client }) =>
    seen
      .servers()
      .some(
        (record) =>
          record.input === input && record.answered > 0 && (record.server === client || record.backends.has(client)),
      ),
  );

// CoreDNS forward: 2 s for each try (plugin/pkg/proxy, readTimeout), then the next upstream.
/** What pods may set helps nothing where their server waits for its own. */
export const upstreamFix = (upstream: string) =>
  advice(
    'infrastructure',
    'see the way to the upstream and its rate limit, or name another one beside it: CoreDNS asks the next after 2 s (forward)',
    `the DNS server that asks ${upstream}`,
    'put the forward back as it was',
    'kubectl -n kube-system get configmap coredns -o yaml',
  );
