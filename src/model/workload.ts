/** What manifests say, each value with the place where it stands. */

/** A place in a file. */
export interface Place {
  /** As the user named it; `-` is standard input. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
  /** Of the value in the file's text, in UTF-16 units: from, to. */
  range: readonly [from: number, to: number];
}

export interface Located<Value> {
  value: Value;
  place: Place;
}

/** An object as an API server would name it. */
export interface ClusterObject {
  /** `apps/v1`. */
  apiVersion: string;
  kind: string;
  /** '' where the manifest says none. */
  namespace: string;
  name: string;
  /** Of its name. */
  place: Place;
  /** From its first to its last character; tells objects of one name apart. */
  range: readonly [from: number, to: number];
  /** As a cluster has it (`kubectl get -o yaml`): not a file that people change. */
  live: boolean;
  /** The chart's file it was rendered from (`# Source: …`), null where it was not. */
  source: string | null;
  /** What built it of several files, by its folder, and others that are built of the same one; null where it stands so in a file. */
  kustomization: { folder: string; others: readonly string[] } | null;
  labels: ReadonlyMap<string, string>;
  annotations: ReadonlyMap<string, Located<string>>;
}

/** Something that runs pods. */
export interface Workload extends ClusterObject {
  /** Null where it is not said: 1 for most kinds. */
  replicas: Located<number> | null;
  /** Kind and name of what made it: its settings stand there, and it is judged there. */
  owner: { kind: string; name: string } | null;
  podLabels: ReadonlyMap<string, string>;
  podAnnotations: ReadonlyMap<string, Located<string>>;
  pod: PodSettings;
  /** What its program is made of, as lock files and Dockerfiles beside its manifest say. */
  software: readonly Software[];
  /** Of a running pod. */
  addresses: readonly string[];
}

export interface PodSettings {
  /** Keys from the object to the pod's spec: `['spec', 'template', 'spec']`. */
  path: readonly string[];
  place: Place;
  hostNetwork: boolean;
  /** `terminationGracePeriodSeconds`; null where it is not said: 30. */
  grace: Located<number> | null;
  /** Names that stand in its `/etc/hosts`. */
  hostAliases: readonly string[];
  dnsPolicy: Located<string> | null;
  dnsOptions: readonly DnsOption[];
  /** Of `dnsConfig`, null where there is none. */
  dnsConfig: Place | null;
  searches: readonly Located<string>[];
  nameservers: readonly Located<string>[];
  /** As it is in a running pod: a `resolv.conf` beside the manifest. */
  resolvConf: ResolvConf | null;
  serviceAccount: string | null;
  sysctls: readonly NamedValue[];
  containers: readonly Container[];
}

export interface DnsOption {
  name: Located<string>;
  value: Located<string> | null;
}

/** What a `resolv.conf` says. */
export interface ResolvConf {
  file: string;
  /** Of the last `search` or `domain` line: earlier ones do not count. */
  searches: readonly Located<string>[];
  options: readonly DnsOption[];
}

export interface NamedValue {
  name: string;
  value: Located<string>;
}

/** A variable of a container. */
export interface Variable extends NamedValue {
  /** The ConfigMap that holds its value; none where it stands in the container itself. */
  configMap?: ConfigMapObject;
  key?: string;
}

/** A variable, or all of a ConfigMap as variables, whose value stands elsewhere. */
export interface Reference {
  /** Null: each key of the ConfigMap is a variable. */
  name: string | null;
  configMap: string;
  key: string;
  prefix: string;
}

export interface Container {
  name: string;
  /** Runs before the others and is gone when requests come. */
  initial: boolean;
  image: Located<string> | null;
  command: readonly Located<string>[];
  args: readonly Located<string>[];
  /** `command` and `args` one after the other, or its image's; those of a shell's script as well. */
  words: readonly Located<string>[];
  /** Some of them stand in a script or a Dockerfile: no item of a list that could be changed or added. */
  fixedWords: boolean;
  environment: readonly Variable[];
  references: readonly Reference[];
  ports: readonly ContainerPort[];
  cpuLimit: Located<number> | null;
  /** Its health is asked for over gRPC. */
  grpcProbe: boolean;
  /** Where it says when it may be asked, and what it does before it is stopped; null where it does not. */
  readinessProbe: Place | null;
  preStop: Place | null;
  place: Place;
}

export interface ContainerPort {
  name: string;
  number: number;
  place: Place;
}

export interface ServiceObject extends ClusterObject {
  type: Located<string> | null;
  /** 'None' of a headless one, '' where the cluster gives it. */
  clusterAddress: string;
  selector: ReadonlyMap<string, string>;
  /** Null where it has none: its endpoints are somebody else's. */
  selectorPlace: Place | null;
  /** `Local`: only nodes that have a pod of it answer from outside. Null where it is not said: `Cluster`. */
  externalPolicy: Located<string> | null;
  ports: readonly ServicePort[];
}

export interface ServicePort {
  name: string;
  number: number;
  /** A number or a container port's name. */
  target: string;
  /** On each node; 0 where it has none, or the cluster gives it. */
  nodePort: number;
  appProtocol: string;
  place: Place;
}

/** The pods behind a Service. */
export interface Endpoints extends ClusterObject {
  service: string;
  addresses: readonly { address: string; pod: string; ready: boolean }[];
}

/** What leads requests to Services: an Ingress, a Gateway's route, a VirtualService of Istio, an IngressRoute of Traefik… */
export interface Route extends ClusterObject {
  /** Of an Ingress; '' elsewhere. */
  className: string;
  hosts: readonly string[];
  rules: readonly RouteRule[];
  /** Names of Traefik's ServersTransports. */
  transports: readonly string[];
}

export interface RouteRule {
  /** Names of Services, as they are written. */
  backends: readonly string[];
  /** Seconds. */
  timeout: Located<number> | null;
  /** Seconds for each try. */
  tryTimeout: Located<number> | null;
  attempts: Located<number> | null;
}

/** How a mesh's clients treat a host: Istio's DestinationRule. */
export interface Destination extends ClusterObject {
  host: string;
  /** Seconds. */
  httpIdle: Located<number> | null;
  /** When a mesh's proxy first probes an idle connection. */
  keepalive: Located<number> | null;
}

export interface IngressClass extends ClusterObject {
  /** `k8s.io/ingress-nginx`. */
  controller: string;
}

/** How Traefik treats connections to servers; in seconds. */
export interface Transport extends ClusterObject {
  idle: Located<number> | null;
  /** How long it waits for an answer's head. */
  answer: Located<number> | null;
}

/** What an EnvoyFilter writes into proxies; in seconds. */
export interface ProxyFilter extends ClusterObject {
  /** Of the pods whose proxies it is for; empty: all. */
  selector: ReadonlyMap<string, string>;
  idle: Located<number> | null;
  streamIdle: Located<number> | null;
  routeTimeout: Located<number> | null;
}

/** A role for a ServiceAccount without a word in the account itself. */
export interface PodIdentity extends ClusterObject {
  account: string;
  accountNamespace: string;
}

export interface KubeProxySettings extends ClusterObject {
  mode: Located<string> | null;
  /** After how many seconds an idle TCP connection is forgotten. */
  established: Located<number> | null;
}

export interface ConfigMapObject extends ClusterObject {
  data: ReadonlyMap<string, Located<string>>;
}

export interface ServiceAccountObject extends ClusterObject {
  role: Located<string> | null;
}

export interface NodeObject extends ClusterObject {
  kernel: Located<string> | null;
  addresses: readonly string[];
}

/** Machines as they will be made: Karpenter's EC2NodeClass and its like. */
export interface NodeTemplate extends ClusterObject {
  hopLimit: Located<number> | null;
}

/** What pods ask for beside: HorizontalPodAutoscaler. */
export interface Autoscaler extends ClusterObject {
  target: { kind: string; name: string };
  least: Located<number> | null;
}

export type Mesh = 'istio' | 'linkerd';

export interface NamespaceObject extends ClusterObject {
  /** Which mesh puts its proxy into every pod. */
  mesh: Mesh | null;
}

/** What a workload's program is made of, as a Dockerfile or a lock file says. */
export interface Software {
  /** `com.amazonaws:aws-java-sdk-s3`, `grpcio`, `musl`, or a language. */
  component: string;
  version: string | null;
  /** The line that says so. */
  quote: Located<string>;
}

/** How a Dockerfile's image starts its program. */
export interface ImageRecipe {
  file: string;
  environment: readonly NamedValue[];
  entrypoint: readonly Located<string>[];
  command: readonly Located<string>[];
  /** A shell starts it. */
  shell: boolean;
}

/** What could not be read, and where. */
export interface ManifestProblem {
  file: string;
  line: number;
  column: number;
  says: string;
}

/** All that was read. */
export interface Cluster {
  files: number;
  objects: number;
  workloads: readonly Workload[];
  services: readonly ServiceObject[];
  endpoints: readonly Endpoints[];
  routes: readonly Route[];
  destinations: readonly Destination[];
  configMaps: readonly ConfigMapObject[];
  serviceAccounts: readonly ServiceAccountObject[];
  nodes: readonly NodeObject[];
  nodeTemplates: readonly NodeTemplate[];
  autoscalers: readonly Autoscaler[];
  namespaces: readonly NamespaceObject[];
  ingressClasses: readonly IngressClass[];
  transports: readonly Transport[];
  proxyFilters: readonly ProxyFilter[];
  podIdentities: readonly PodIdentity[];
  kubeProxies: readonly KubeProxySettings[];
  problems: readonly ManifestProblem[];
  suppressions: readonly Suppression[];
  /** Problems, objects or files beyond a bound that were left out. */
  leftOut: readonly string[];
  /** The line that a place stands in, without what may be secret in it. */
  quote(place: Place): string;
}

/** All that was read, as it may stand in clusters. */
export interface Manifests {
  /** What stands in one cluster together; several where kustomizations make several of one base. */
  environments: readonly Environment[];
  objects: number;
  workloads: number;
  /** Folders of kustomizations that were built. */
  kustomizations: readonly string[];
  /** Folders that the user did not name: kustomizations take them in. */
  outside: readonly string[];
}

export interface Environment {
  /** `prod`; '' where there is only one. */
  name: string;
  cluster: Cluster;
}

/** `# kubelag-ignore dns-race: kernel is new until 2026-12-31` */
export interface Suppression {
  rule: string;
  reason: string;
  /** `2026-12-31`; null for ever. */
  until: string | null;
  place: Place;
  /** Lines that it holds for: from, to. */
  lines: readonly [from: number, to: number];
}

/** An entry of `kubelag.yaml`: findings that the user said no to. */
export interface Ignore {
  /** `*` stands for anything in all three. */
  rule: string;
  /** `Deployment prod/orders`; null: any. */
  object: string | null;
  /** Of the file; null: any. */
  path: string | null;
  reason: string;
  until: string | null;
  /** Where it stands. */
  said: string;
}
