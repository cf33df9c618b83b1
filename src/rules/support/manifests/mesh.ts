import type {
  Cluster,
  ClusterObject,
  Destination,
  ProxyFilter,
  ServiceObject,
  Workload,
} from '../../../model/workload.ts';
import { frontTime, type Front } from './front.ts';
import type { Links } from './links.ts';
import { meshOf, objectWords, sameNamespace } from './objects.ts';

const IDLE = 'connectionPool.http.idleTimeout';

/** Istio's proxy beside a workload, which keeps connections to it over the pod's own loopback. */
export function meshFrontsOf(cluster: Cluster, links: Links, workload: Workload): Front[] {
  if (meshOf(cluster, workload) !== 'istio') return [];
  const services = links.servicesOf(workload);
  const destination = destinationsOf(cluster, services).find(({ httpIdle }) => httpIdle !== null);
  const filters = cluster.proxyFilters.filter((filter) => isFor(filter, workload));
  const filter = filters.find(({ idle }) => idle !== null);
  const isRetried = !cluster.routes.some(
    (route) =>
      route.kind === 'VirtualService' &&
      links.routesTo(workload).includes(route) &&
      route.rules.some(({ attempts }) => attempts?.value === 0),
  );
  const set = destination?.httpIdle ?? filter?.idle ?? undefined;
  const proxy: Front = {
    object: (destination ?? filter ?? workload) satisfies ClusterObject,
    name: "Istio's proxy",
    idle: frontTime(set, 'istio', IDLE),
    wait: null,
    asksAgain: isRetried ? 'Istio tries a call that ends so again by default' : null,
  };
  return [proxy, ...filters.flatMap(waitOf)];
}

/** How long an EnvoyFilter lets an answer take. */
function waitOf(filter: ProxyFilter): Front[] {
  const { streamIdle, routeTimeout } = filter;
  return [['route timeout', routeTimeout] as const, ['stream_idle_timeout', streamIdle] as const].flatMap(
    ([setting, said]) =>
      said === null || said.value <= 0
        ? []
        : [
            {
              object: filter,
              name: objectWords(filter),
              idle: null,
              wait: { seconds: said.value, setting, place: said.place, source: '' },
              asksAgain: null,
            },
          ],
  );
}

/** Istio's rules for connections to a workload's Services. */
export const destinationsOf = ({ destinations }: Cluster, services: readonly ServiceObject[]): Destination[] =>
  destinations.filter((one) => services.some((service) => isHostOf(one, service)));

function isHostOf(destination: Destination, service: ServiceObject): boolean {
  const [name, namespace] = destination.host.split('.');
  if (name !== service.name && name !== '*') return false;
  return namespace === undefined || namespace === '*' || namespace === 'local'
    ? sameNamespace(destination, service)
    : service.namespace === '' || namespace === service.namespace;
}

/** Without labels it is for all of its namespace, in Istio's own for all. */
function isFor(filter: ProxyFilter, workload: Workload): boolean {
  if (filter.namespace !== 'istio-system' && !sameNamespace(filter, workload)) return false;
  return [...filter.selector].every(([key, value]) => workload.podLabels.get(key) === value);
}
