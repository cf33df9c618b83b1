import type {
  Autoscaler, Cluster, ClusterObject, ConfigMapObject, Destination, Endpoints, ImageRecipe, IngressClass,
  KubeProxySettings, ManifestProblem, Mesh, NamespaceObject, NodeObject, NodeTemplate, PodIdentity, ProxyFilter, ResolvConf, Route,
  ServiceAccountObject, ServiceObject, Software, Suppression, Transport, Workload,
} from '../model/workload.ts'; // prettier-ignore
import { withContents } from './contents.ts';
import { locatedTexts, objectHead, type ExtractContext } from './extract/context.ts';
import { autoscalerOf, nodeOf, nodeTemplateOf } from './extract/machine.ts';
import {
  destinationOf,
  endpointsOf,
  gatewayRouteOf,
  ingressOf,
  serviceOf,
  virtualServiceOf,
} from './extract/network.ts';
import {
  envoyFilterOf, httpProxyOf, ingressClassOf, ingressRouteOf, kubeProxyOf, podIdentityOf, transportOf,
} from './extract/proxies.ts'; // prettier-ignore
import { workloadOf } from './extract/workload.ts';
import { quoteOf } from './quote.ts';
import { child, type Node } from './yaml/node.ts';

// The largest cluster that Kubernetes supports has 150,000 pods
// (kubernetes.io/docs/setup/best-practices/cluster-large); a dump has as many objects again.
const MAX_OBJECTS = 400_000;
// What nobody reads to the end.
const MAX_PROBLEMS = 200;
// A Corefile or a proxy's settings are short; certificates and dashboards are not ours.
const MAX_DATA_LENGTH = 64 << 10;
const MAX_DATA_ENTRIES = 300;

/** Takes objects one by one and keeps of them what rules ask for. */
export interface ObjectTaker {
  object(context: ExtractContext, node: Node | null): void;
}

export interface Collector extends ObjectTaker {
  /** An object that no rule asks for. */
  other(): void;
  problem(problem: ManifestProblem): void;
  suppression(suppression: Suppression): void;
  software(software: Software): void;
  recipe(recipe: ImageRecipe): void;
  resolvConf(read: ResolvConf): void;
  /** A file's text, of which lines are quoted. */
  file(name: string, text: string): void;
  /** Takes objects that are not always there together with others: what one of several overlays builds. */
  branch(): Branch;
  cluster(branches?: readonly Branch[]): Cluster;
  /** Of all branches together. */
  counts(): { objects: number; workloads: number };
}

export interface Branch extends ObjectTaker {
  readonly held: Held;
}

/** Objects of each kind that rules ask for, in order. */
type Held = ReturnType<typeof nothingHeld>;

const nothingHeld = () => ({
  workloads: [] as Workload[],
  services: [] as ServiceObject[],
  endpoints: [] as Endpoints[],
  routes: [] as Route[],
  destinations: [] as Destination[],
  configMaps: [] as ConfigMapObject[],
  serviceAccounts: [] as ServiceAccountObject[],
  nodes: [] as NodeObject[],
  nodeTemplates: [] as NodeTemplate[],
  autoscalers: [] as Autoscaler[],
  namespaces: [] as NamespaceObject[],
  ingressClasses: [] as IngressClass[],
  transports: [] as Transport[],
  proxyFilters: [] as ProxyFilter[],
  podIdentities: [] as PodIdentity[],
  kubeProxies: [] as KubeProxySettings[],
  /** Of all kinds. */
  count: { objects: 0 },
});

/** Those of several, one after the other. */
function heldTogether(parts: readonly Held[]): Held {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const all = nothingHeld();
  for (const { count, ...lists } of parts) {
    all.count.objects += count.objects;
    for (const [kind, list] of Object.entries(lists)) {
      const target = all[kind as keyof typeof lists] as unknown[];
      for (const one of list) target.push(one);
    }
  }
  return all;
}

export function createCollector(): Collector {
  let files = 0;
  let objects = 0;
  let problemsLeft = 0;
  let objectsLeft = 0;
  const texts = new Map<string, string>();
  const software: Software[] = [];
  const recipes: ImageRecipe[] = [];
  const resolvConfs: ResolvConf[] = [];
  const problems: ManifestProblem[] = [];
  const suppressions: Suppression[] = [];
  const own = nothingHeld();
  const everything = [own];

  const take = (kept: Held, context: ExtractContext, node: Node): void => {
    const head = objectHead(context, node);
    if (head === null) return;
    if (objects >= MAX_OBJECTS) {
      objectsLeft++;
      return;
    }
    objects++;
    kept.count.objects++;
    const workload = workloadOf(context, head, node);
    if (workload !== null) {
      kept.workloads.push(workload);
      return;
    }
    const group = head.apiVersion.split('/')[0] ?? '';
    switch (head.kind) {
      case 'Service':
        if (group === 'v1') kept.services.push(serviceOf(context, head, node));
        break;
      case 'EndpointSlice':
      case 'Endpoints':
        kept.endpoints.push(endpointsOf(head, node));
        break;
      case 'Ingress':
        if (group === 'networking.k8s.io' || group === 'extensions') kept.routes.push(ingressOf(head, node));
        break;
      case 'HTTPRoute':
      case 'GRPCRoute':
        kept.routes.push(gatewayRouteOf(context, head, node));
        break;
      case 'VirtualService':
        if (group === 'networking.istio.io') kept.routes.push(virtualServiceOf(context, head, node));
        break;
      case 'DestinationRule':
        kept.destinations.push(destinationOf(context, head, node));
        break;
      case 'ConfigMap': {
        const data = locatedTexts(context, child(node, 'data'), MAX_DATA_ENTRIES);
        for (const [key, { value }] of data) if (value.length > MAX_DATA_LENGTH) data.delete(key);
        if (data.size > 0) kept.configMaps.push({ ...head, data });
        const proxy = kubeProxyOf(context, head, node);
        if (proxy !== null) kept.kubeProxies.push(proxy);
        break;
      }
      case 'ServiceAccount':
        kept.serviceAccounts.push({ ...head, role: head.annotations.get('eks.amazonaws.com/role-arn') ?? null });
        break;
      case 'IngressClass':
        kept.ingressClasses.push(ingressClassOf(head, node));
        break;
      case 'IngressRoute':
        kept.routes.push(ingressRouteOf(head, node));
        break;
      case 'ServersTransport':
        kept.transports.push(transportOf(context, head, node));
        break;
      case 'HTTPProxy':
        kept.routes.push(httpProxyOf(context, head, node));
        break;
      case 'EnvoyFilter':
        kept.proxyFilters.push(envoyFilterOf(context, head, node));
        break;
      case 'PodIdentityAssociation':
        kept.podIdentities.push(podIdentityOf(head, node));
        break;
      case 'Node':
        if (group === 'v1') kept.nodes.push(nodeOf(context, head, node));
        break;
      case 'HorizontalPodAutoscaler':
        kept.autoscalers.push(autoscalerOf(context, head, node));
        break;
      case 'Namespace':
        kept.namespaces.push({
          ...head,
          mesh: meshOf(head),
        });
        break;
      default: {
        const template = nodeTemplateOf(context, head, node);
        if (template !== null) kept.nodeTemplates.push(template);
      }
    }
  };

  const leftOut = (): string[] => [
    ...(objectsLeft > 0 ? [`${objectsLeft} objects beyond ${MAX_OBJECTS}`] : []),
    ...(problemsLeft > 0 ? [`${problemsLeft} problems beyond ${MAX_PROBLEMS}`] : []),
  ];

  const takerInto = (held: Held): ObjectTaker['object'] => {
    return (context, node) => {
      if (node !== null) take(held, context, node);
    };
  };

  return {
    object: takerInto(own),
    branch() {
      const held = nothingHeld();
      everything.push(held);
      return { held, object: takerInto(held) };
    },
    other() {
      objects++;
      own.count.objects++;
    },
    problem(problem) {
      if (problems.length < MAX_PROBLEMS) problems.push(problem);
      else problemsLeft++;
    },
    suppression: (suppression) => void suppressions.push(suppression),
    software: (one) => void software.push(one),
    recipe: (one) => void recipes.push(one),
    resolvConf: (one) => void resolvConfs.push(one),
    file(name, text) {
      files++;
      texts.set(name, text);
    },
    counts: () => ({ objects, workloads: everything.reduce((sum, { workloads }) => sum + workloads.length, 0) }),
    cluster(branches = []) {
      const { count, ...held } = heldTogether([own, ...branches.map((branch) => branch.held)]);
      return {
        files,
        ...count,
        ...held,
        workloads: withContents(held.workloads, { software, recipes, resolvConfs, configMaps: held.configMaps }),
        problems,
        suppressions,
        leftOut: leftOut(),
        quote: (place) => quoteOf(texts.get(place.file) ?? '', place),
      };
    },
  };
}

function meshOf({ labels, annotations }: ClusterObject): Mesh | null {
  if (labels.get('istio-injection') === 'enabled' || labels.has('istio.io/rev')) return 'istio';
  return annotations.get('linkerd.io/inject')?.value === 'enabled' ? 'linkerd' : null;
}
