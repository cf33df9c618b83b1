import { parseGoDuration } from '../../../base/quantities.ts';
import type { Cluster, Located, Route, Workload } from '../../../model/workload.ts';
import type { Place } from '../../../model/workload.ts';
import type { Links } from './links.ts';

/** What stands before a workload and keeps connections to it. */
export interface Front {
  route: Route;
  name: string;
  /** How long it keeps an idle connection to the workload, in seconds. */
  idle: { seconds: number; setting: string; place: Place | null; source: string };
  /** How long it waits for an answer, in seconds. */
  wait: { seconds: number; setting: string; place: Place | null; source: string };
  kind: 'nginx' | 'alb' | 'gce' | 'haproxy';
}

/** `60` or `60s`, as annotations have it. */
export function secondsIn(said: Located<string> | undefined): number | null {
  if (said === undefined) return null;
  const text = said.value.trim();
  return /^\d+$/.test(text) ? Number(text) : parseGoDuration(text);
}

export const frontsOf = (cluster: Cluster, links: Links, workload: Workload): Front[] =>
  links.routesTo(workload).flatMap((route) => {
    const front = route.kind === 'Ingress' ? frontOf(cluster, route) : null;
    return front === null ? [] : [front];
  });

/** The controller behind an Ingress, as its class or its annotations tell; null where they do not. */
export function frontOf(cluster: Cluster, route: Route): Front | null {
  const has = (prefix: string): boolean => [...route.annotations.keys()].some((key) => key.startsWith(prefix));
  if (route.className === 'alb' || has('alb.ingress.kubernetes.io/')) return albOf(route);
  if (route.className === 'gce' || route.className === 'gce-internal') return gceOf(route);
  if (/haproxy/.test(route.className) || has('haproxy.org/') || has('haproxy-ingress.github.io/'))
    return haproxyOf(cluster, route);
  if (/nginx/.test(route.className) || has('nginx.ingress.kubernetes.io/')) return nginxOf(cluster, route);
  return null;
}

const ALB_IDLE_SECONDS = 60;
const ALB_SOURCE = 'AWS: elasticloadbalancing application/edit-load-balancer-attributes, idle timeout 60 s';

function albOf(route: Route): Front {
  const said = route.annotations.get('alb.ingress.kubernetes.io/load-balancer-attributes');
  const found = /idle_timeout\.timeout_seconds=(\d+)/.exec(said?.value ?? '');
  const seconds = found === null ? ALB_IDLE_SECONDS : Number(found[1]);
  const value = {
    seconds,
    setting: 'idle_timeout.timeout_seconds',
    place: found === null ? null : (said?.place ?? null),
    source: ALB_SOURCE,
  };
  return { route, name: 'the AWS load balancer', kind: 'alb', idle: value, wait: value };
}

const GCE_IDLE_SECONDS = 600;
const GCE_WAIT_SECONDS = 30;
const GCE_SOURCE = 'Google Cloud: load-balancing/docs/https, keep-alive 600 s, backend service timeout 30 s';

const gceOf = (route: Route): Front => ({
  route,
  name: 'the Google load balancer',
  kind: 'gce',
  idle: { seconds: GCE_IDLE_SECONDS, setting: 'HTTP keep-alive to back ends', place: null, source: GCE_SOURCE },
  wait: { seconds: GCE_WAIT_SECONDS, setting: 'backend service timeout', place: null, source: GCE_SOURCE },
});

const HAPROXY_SECONDS = 50;
const HAPROXY_SOURCE = 'haproxy-ingress docs/configuration/keys: timeout-server 50 s';

function haproxyOf({ configMaps }: Cluster, route: Route): Front {
  const inConfig = configMaps.find(({ name, data }) => /haproxy/.test(name) && data.has('timeout-server'));
  const said =
    route.annotations.get('haproxy.org/timeout-server') ??
    route.annotations.get('haproxy-ingress.github.io/timeout-server') ??
    inConfig?.data.get('timeout-server');
  const value = {
    seconds: secondsIn(said) ?? HAPROXY_SECONDS,
    setting: 'timeout-server',
    place: said?.place ?? null,
    source: HAPROXY_SOURCE,
  };
  // Idle connections to servers are dropped when the server closes them; it asks again by itself.
  return { route, name: 'the HAProxy ingress', kind: 'haproxy', idle: { ...value, seconds: 0 }, wait: value };
}

const NGINX_SECONDS = 60;
const NGINX_SOURCE = 'ingress-nginx docs/user-guide/nginx-configuration: 60 s';

function nginxOf({ configMaps }: Cluster, route: Route): Front {
  const inConfig = (key: string): Located<string> | undefined => {
    const found = configMaps.find(({ name, data }) => /nginx/.test(name) && data.has(key));
    return found?.data.get(key);
  };
  const read =
    route.annotations.get('nginx.ingress.kubernetes.io/proxy-read-timeout') ?? inConfig('proxy-read-timeout');
  const keepalive = inConfig('upstream-keepalive-timeout');
  return {
    route,
    name: 'the NGINX ingress',
    kind: 'nginx',
    idle: {
      seconds: secondsIn(keepalive) ?? NGINX_SECONDS,
      setting: 'upstream-keepalive-timeout',
      place: keepalive?.place ?? null,
      source: NGINX_SOURCE,
    },
    wait: {
      seconds: secondsIn(read) ?? NGINX_SECONDS,
      setting: 'proxy-read-timeout',
      place: read?.place ?? null,
      source: NGINX_SOURCE,
    },
  };
}
