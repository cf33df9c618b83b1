import type { Cluster, ClusterObject, Located, Route, Workload } from '../../../model/workload.ts';
import { frontTime, type Front } from './front.ts';
import type { Links } from './links.ts';
import { meshFrontsOf } from './mesh.ts';
import { traefikOf } from './traefik.ts';

export const frontsOf = (cluster: Cluster, links: Links, workload: Workload): Front[] => [
  ...links.routesTo(workload).flatMap((route) => frontOf(cluster, route) ?? []),
  ...links.servicesOf(workload).flatMap((service) => classicOf(service) ?? []),
  ...meshFrontsOf(cluster, links, workload),
];

/** What serves a route, as its kind, its class or its annotations tell; null where they do not. */
export function frontOf(cluster: Cluster, route: Route): Front | null {
  if (route.kind === 'IngressRoute') return traefikOf(cluster, route);
  if (route.kind !== 'Ingress') return routeOf(route);
  const controller = cluster.ingressClasses.find(({ name }) => name === route.className)?.controller ?? '';
  const isClass = (pattern: RegExp): boolean => pattern.test(controller) || pattern.test(route.className);
  const has = (prefix: string): boolean => [...route.annotations.keys()].some((key) => key.startsWith(prefix));
  if (isClass(/^alb$|ingress\.k8s\.aws\/alb/) || has('alb.ingress.kubernetes.io/')) return albOf(route);
  if (isClass(/^gce(?:-internal)?$/)) return gceOf(route);
  if (isClass(/haproxy/) || has('haproxy.org/') || has('haproxy-ingress.github.io/')) return haproxyOf(cluster, route);
  if (isClass(/traefik/) || has('traefik.ingress.kubernetes.io/')) return traefikOf(cluster, route);
  // The controller of F5 NGINX (nginx.org) has other annotations and other defaults.
  if (isClass(/nginx\.org/) || has('nginx.org/')) return null;
  if (isClass(/nginx/) || has('nginx.ingress.kubernetes.io/')) return nginxOf(cluster, route);
  return null;
}

/** A route that says itself how long an answer may take; its connections are a proxy's own concern. */
function routeOf(route: Route): Front | null {
  const times = route.rules.flatMap(({ timeout }) => (timeout === null || timeout.value <= 0 ? [] : [timeout]));
  const [shortest] = times.toSorted((a, b) => a.value - b.value);
  if (shortest === undefined) return null;
  const wait = { seconds: shortest.value, setting: 'timeout', place: shortest.place, source: '' };
  return { object: route, name: `${route.kind} ${route.name}`, idle: null, wait, asksAgain: null };
}

function albOf(route: Route): Front {
  const said = route.annotations.get('alb.ingress.kubernetes.io/load-balancer-attributes');
  const seconds = /idle_timeout\.timeout_seconds=(\d{1,9})/.exec(said?.value ?? '')?.[1];
  const set = said === undefined || seconds === undefined ? undefined : { value: seconds, place: said.place };
  const time = {
    ...frontTime(set, 'aws-load-balancer', 'idle timeout', 'ALB'),
    setting: 'idle_timeout.timeout_seconds',
  };
  return { object: route, name: 'the AWS load balancer', idle: time, wait: time, asksAgain: null };
}

const CLASSIC = 'service.beta.kubernetes.io/aws-load-balancer-';

/** A Classic Load Balancer that speaks HTTP: the controller in Kubernetes itself makes it. */
function classicOf(service: ClusterObject): Front | null {
  const said = (key: string): Located<string> | undefined => service.annotations.get(`${CLASSIC}${key}`);
  if (!/^https?$/.test(said('backend-protocol')?.value ?? '') || said('type') !== undefined) return null;
  const time = frontTime(said('connection-idle-timeout'), 'aws-load-balancer', 'idle timeout', 'CLB');
  return { object: service, name: 'the AWS classic load balancer', idle: time, wait: time, asksAgain: null };
}

const gceOf = (route: Route): Front => ({
  object: route,
  name: 'the Google load balancer',
  idle: frontTime(undefined, 'google-cloud', 'load balancer backend keep-alive'),
  wait: frontTime(undefined, 'google-cloud', 'backend service timeoutSec'),
  asksAgain: null,
});

function haproxyOf({ configMaps }: Cluster, route: Route): Front {
  const inConfig = configMaps.find(({ name, data }) => /haproxy/.test(name) && data.has('timeout-server'));
  const said =
    route.annotations.get('haproxy-ingress.github.io/timeout-server') ?? inConfig?.data.get('timeout-server');
  return {
    object: route,
    name: 'the HAProxy ingress',
    // Idle connections are dropped when the server closes them; it asks again by itself.
    idle: null,
    wait: frontTime(said, 'haproxy-ingress', 'timeout-server', 'haproxytech'),
    asksAgain: null,
  };
}

function nginxOf({ configMaps }: Cluster, route: Route): Front {
  const inConfig = (key: string): Located<string> | undefined =>
    configMaps.find(({ name, data }) => /nginx/.test(name) && data.has(key))?.data.get(key);
  const read = route.annotations.get('nginx.ingress.kubernetes.io/proxy-read-timeout');
  return {
    object: route,
    name: 'the NGINX ingress',
    idle: frontTime(inConfig('upstream-keepalive-timeout'), 'ingress-nginx', 'upstream-keepalive-timeout'),
    wait: frontTime(read ?? inConfig('proxy-read-timeout'), 'ingress-nginx', 'proxy-read-timeout'),
    asksAgain: 'NGINX mostly sees the close in time, and asks another server where it does not',
  };
}
