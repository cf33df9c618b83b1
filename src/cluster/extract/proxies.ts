import { parseGoDuration } from '../../base/quantities.ts';
import type {
  ClusterObject, IngressClass, KubeProxySettings, Located, PodIdentity, ProxyFilter, Route, Transport,
} from '../../model/workload.ts'; // prettier-ignore
import { at, itemsAt, scalarAt, textAt, type Node } from '../yaml/node.ts';
import { locatedAs, readNumber, texts, type ExtractContext } from './context.ts';
import { namesOf, NO_TIMEOUTS, rulesOf } from './network.ts';

// Enough for any real list, and a bound for the others.
const MAX_ITEMS = 1_000;

export const ingressClassOf = (head: ClusterObject, node: Node): IngressClass => ({
  ...head,
  controller: textAt(node, 'spec', 'controller') ?? '',
});

/** Traefik's IngressRoute. */
export function ingressRouteOf(head: ClusterObject, node: Node): Route {
  const routes = itemsAt(node, 'spec', 'routes').slice(0, MAX_ITEMS);
  const transports: string[] = [];
  const rules = rulesOf(routes, (route) => {
    const services = itemsAt(route, 'services').slice(0, MAX_ITEMS);
    transports.push(...namesOf(services.map((service) => textAt(service, 'serversTransport'))));
    return { ...NO_TIMEOUTS, backends: namesOf(services.map((service) => textAt(service, 'name'))) };
  });
  const hosts = routes.flatMap((route) =>
    [...(textAt(route, 'match') ?? '').matchAll(/Host\(`([^`]{1,253})`/g)].map((match) => match[1] as string),
  );
  return { ...head, className: 'traefik', hosts, rules, transports };
}

/** Traefik's ServersTransport: how it treats connections to servers. */
export const transportOf = (context: ExtractContext, head: ClusterObject, node: Node): Transport => ({
  ...head,
  idle: locatedAs(context, readTime, node, 'spec', 'forwardingTimeouts', 'idleConnTimeout'),
  answer: locatedAs(context, readTime, node, 'spec', 'forwardingTimeouts', 'responseHeaderTimeout'),
});

/** Traefik takes a bare number for seconds. */
const readTime = (text: string): number | null => readNumber(text) ?? parseGoDuration(text);

/** Contour's HTTPProxy. */
export const httpProxyOf = (context: ExtractContext, head: ClusterObject, node: Node): Route => ({
  ...head,
  className: '',
  hosts: [textAt(node, 'spec', 'virtualhost', 'fqdn')].filter((host) => host !== null),
  rules: rulesOf(itemsAt(node, 'spec', 'routes'), (route) => ({
    backends: namesOf(itemsAt(route, 'services').map((service) => textAt(service, 'name'))),
    timeout: locatedAs(context, parseGoDuration, route, 'timeoutPolicy', 'response'),
    tryTimeout: locatedAs(context, parseGoDuration, route, 'retryPolicy', 'perTryTimeout'),
    attempts: locatedAs(context, readNumber, route, 'retryPolicy', 'count'),
  })),
  transports: [],
});

// `typed_config.common_http_protocol_options.idle_timeout` of a filter of a chain: deep, but not deeper.
const MAX_DEPTH = 12;
const MAX_PATCHES = 100;

/** Istio's EnvoyFilter: the times that it writes into the proxies' own configuration. */
export function envoyFilterOf(context: ExtractContext, head: ClusterObject, node: Node): ProxyFilter {
  const found = { idle: null, streamIdle: null, routeTimeout: null } as Record<
    'idle' | 'streamIdle' | 'routeTimeout',
    Located<number> | null
  >;
  for (const patch of itemsAt(node, 'spec', 'configPatches').slice(0, MAX_PATCHES)) {
    const value = at(patch, 'patch', 'value');
    const target = textAt(patch, 'applyTo') ?? '';
    // A listener's idle time is of clients' connections; a cluster's, of those to the program.
    if (target === 'CLUSTER') found.idle ??= timeIn(context, value, 'idle_timeout');
    found.streamIdle ??= timeIn(context, value, 'stream_idle_timeout');
    if (/ROUTE|VIRTUAL_HOST/.test(target)) {
      found.routeTimeout ??= locatedAs(context, parseGoDuration, value, 'route', 'timeout');
    }
  }
  return { ...head, selector: texts(at(node, 'spec', 'workloadSelector', 'labels')), ...found };
}

function timeIn(context: ExtractContext, node: Node | null, key: string, depth = 0): Located<number> | null {
  if (node === null || node.type === 'scalar' || depth > MAX_DEPTH) return null;
  const own = locatedAs(context, parseGoDuration, node, key);
  if (own !== null) return own;
  const children = node.type === 'map' ? node.pairs.map(({ value }) => value) : node.items;
  for (const one of children.slice(0, MAX_ITEMS)) {
    const found = timeIn(context, one, key, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

/** EKS Pod Identity as controllers write it (ACK, Crossplane). */
export const podIdentityOf = (head: ClusterObject, node: Node): PodIdentity => {
  const [own, provided] = [at(node, 'spec'), at(node, 'spec', 'forProvider')];
  return {
    ...head,
    account: textAt(own, 'serviceAccount') ?? textAt(provided, 'serviceAccount') ?? '',
    accountNamespace: textAt(own, 'namespace') ?? textAt(provided, 'namespace') ?? '',
  };
};

const MAX_ENTRIES = 50;

/** kube-proxy's configuration, which stands as a text in a ConfigMap; null where there is none. */
export function kubeProxyOf(context: ExtractContext, head: ClusterObject, node: Node): KubeProxySettings | null {
  const data = at(node, 'data');
  if (data?.type !== 'map') return null;
  for (const { key } of data.pairs.slice(0, MAX_ENTRIES)) {
    const text = scalarAt(data, key.text);
    if (text === null || !text.text.includes('KubeProxyConfiguration')) continue;
    const mode = inside(context, text, 'mode');
    const established = inside(context, text, 'tcpEstablishedTimeout');
    const seconds = established === null ? null : parseGoDuration(established.value);
    return {
      ...head,
      mode: mode?.value === '' ? null : mode,
      established: established === null || seconds === null ? null : { value: seconds, place: established.place },
    };
  }
  return null;
}

/** A value of a key in a text inside a text, where it stands: line ends may be written `\n`. */
function inside({ lines }: ExtractContext, { start, end }: Node, key: string): Located<string> | null {
  const match = new RegExp(`(?:\\n|\\\\n)[ \\t]*${key}:[ \\t]*\\\\?["']?([\\w.]*)`).exec(lines.slice(start, end));
  if (match === null) return null;
  const from = start + match.index + match[0].length - (match[1] as string).length;
  return { value: match[1] as string, place: lines.place(from, from + (match[1] as string).length) };
}
