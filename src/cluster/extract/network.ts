import { parseGoDuration } from '../../base/quantities.ts';
import type {
  ClusterObject,
  Destination,
  Endpoints,
  Place,
  Route,
  RouteRule,
  ServiceObject,
} from '../../model/workload.ts';
import { at, child, itemsAt, textAt, type Node } from '../yaml/node.ts';
import { locatedAs, locatedText, readNumber, texts, type ExtractContext } from './context.ts';

// Enough for any real list, and a bound for the others.
const MAX_ITEMS = 1_000;

const NAMED_BY_CLUSTER = '';

export function serviceOf(context: ExtractContext, head: ClusterObject, node: Node): ServiceObject {
  return {
    ...head,
    type: locatedText(context, node, 'spec', 'type'),
    clusterAddress: textAt(node, 'spec', 'clusterIP') ?? NAMED_BY_CLUSTER,
    selector: texts(at(node, 'spec', 'selector')),
    externalPolicy: locatedText(context, node, 'spec', 'externalTrafficPolicy'),
    selectorPlace: placeOf(context, at(node, 'spec', 'selector')),
    ports: itemsAt(node, 'spec', 'ports')
      .slice(0, MAX_ITEMS)
      .flatMap((port) =>
        port?.type !== 'map'
          ? []
          : [
              {
                name: textAt(port, 'name') ?? '',
                number: Number(textAt(port, 'port') ?? 0),
                target: textAt(port, 'targetPort') ?? textAt(port, 'port') ?? '',
                nodePort: Number(textAt(port, 'nodePort') ?? 0),
                appProtocol: textAt(port, 'appProtocol') ?? '',
                place: context.lines.place(port.start, port.start),
              },
            ],
      ),
  };
}

const placeOf = ({ lines }: ExtractContext, node: Node | null): Place | null =>
  node === null ? null : lines.place(node.start, node.end);

/** An EndpointSlice, or the Endpoints of older clusters. */
export function endpointsOf(head: ClusterObject, node: Node): Endpoints {
  const addresses: Endpoints['addresses'][number][] = [];
  const take = (address: string | null, target: Node | null, ready: boolean): void => {
    if (address !== null && addresses.length < MAX_ITEMS)
      addresses.push({ address, pod: textAt(target, 'name') ?? '', ready });
  };
  for (const endpoint of itemsAt(node, 'endpoints')) {
    // Where nothing is said it is ready (discovery.k8s.io/v1, EndpointConditions).
    const ready = textAt(endpoint, 'conditions', 'ready') !== 'false';
    for (const address of itemsAt(endpoint, 'addresses')) {
      take(address?.type === 'scalar' ? address.text : null, child(endpoint, 'targetRef'), ready);
    }
  }
  for (const subset of itemsAt(node, 'subsets')) {
    for (const one of itemsAt(subset, 'addresses')) take(textAt(one, 'ip'), child(one, 'targetRef'), true);
    for (const one of itemsAt(subset, 'notReadyAddresses')) take(textAt(one, 'ip'), child(one, 'targetRef'), false);
  }
  return { ...head, service: head.labels.get('kubernetes.io/service-name') ?? head.name, addresses };
}

export function ingressOf(head: ClusterObject, node: Node): Route {
  const rules = itemsAt(node, 'spec', 'rules').slice(0, MAX_ITEMS);
  const backends = rules.flatMap((rule) =>
    itemsAt(rule, 'http', 'paths')
      .slice(0, MAX_ITEMS)
      .map((path) => child(path, 'backend')),
  );
  return {
    ...head,
    className:
      textAt(node, 'spec', 'ingressClassName') ?? head.annotations.get('kubernetes.io/ingress.class')?.value ?? '',
    hosts: rules.flatMap((rule) => textAt(rule, 'host') ?? []),
    rules: [
      {
        ...NO_TIMEOUTS,
        backends: namesOf(
          [...backends, at(node, 'spec', 'defaultBackend')].map(
            (backend) => textAt(backend, 'service', 'name') ?? textAt(backend, 'serviceName'),
          ),
        ),
      },
    ],
    transports: [],
  };
}

export const NO_TIMEOUTS = { timeout: null, tryTimeout: null, attempts: null } as const;

export const namesOf = (names: readonly (string | null)[]): string[] => [
  ...new Set(names.filter((name) => name !== null)),
];

/** A route's rules where each says itself how long an answer may take. */
export const rulesOf = (items: readonly (Node | null)[], read: (rule: Node) => RouteRule): RouteRule[] =>
  items.slice(0, MAX_ITEMS).flatMap((rule) => (rule === null ? [] : [read(rule)]));

/** HTTPRoute and GRPCRoute of the Gateway API. */
export function gatewayRouteOf(context: ExtractContext, head: ClusterObject, node: Node): Route {
  return {
    ...head,
    className: '',
    hosts: itemsAt(node, 'spec', 'hostnames').flatMap((host) => (host?.type === 'scalar' ? host.text : [])),
    rules: rulesOf(itemsAt(node, 'spec', 'rules'), (rule) => ({
      backends: namesOf(itemsAt(rule, 'backendRefs').map((backend) => textAt(backend, 'name'))),
      timeout: locatedAs(context, parseGoDuration, rule, 'timeouts', 'request'),
      tryTimeout: locatedAs(context, parseGoDuration, rule, 'timeouts', 'backendRequest'),
      attempts: locatedAs(context, readNumber, rule, 'retry', 'attempts'),
    })),
    transports: [],
  };
}

/** Istio's VirtualService. */
export function virtualServiceOf(context: ExtractContext, head: ClusterObject, node: Node): Route {
  return {
    ...head,
    className: '',
    hosts: itemsAt(node, 'spec', 'hosts').flatMap((host) => (host?.type === 'scalar' ? host.text : [])),
    rules: rulesOf(itemsAt(node, 'spec', 'http'), (rule) => ({
      backends: namesOf(itemsAt(rule, 'route').map((route) => textAt(route, 'destination', 'host'))),
      timeout: locatedAs(context, parseGoDuration, rule, 'timeout'),
      tryTimeout: locatedAs(context, parseGoDuration, rule, 'retries', 'perTryTimeout'),
      attempts: locatedAs(context, readNumber, rule, 'retries', 'attempts'),
    })),
    transports: [],
  };
}

/** Istio's DestinationRule. */
export const destinationOf = (context: ExtractContext, head: ClusterObject, node: Node): Destination => {
  const pool = at(node, 'spec', 'trafficPolicy', 'connectionPool');
  return {
    ...head,
    host: textAt(node, 'spec', 'host') ?? '',
    httpIdle: locatedAs(context, parseGoDuration, pool, 'http', 'idleTimeout'),
    keepalive: locatedAs(context, parseGoDuration, pool, 'tcp', 'tcpKeepalive', 'time'),
  };
};
