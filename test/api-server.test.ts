import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifests } from '../src/cluster/read.ts';
import { predict } from '../src/diagnosis/predict.ts';
import { fix } from '../src/fix/fix.ts';
import { lint } from '../src/lint.ts';
import type { Finding } from '../src/model/diagnosis.ts';
import { definePrediction } from '../src/rules/support/define-prediction.ts';
import { environmentEdit, flagEdit, manifestFix, optionEdit } from '../src/rules/support/manifests/changes.ts';

/*
 * A real API server takes what `fix` writes, and changes nothing else. Run with
 * KUBELAG_TEST_KUBECONFIG=FILE and kubectl in the PATH; objects are made in namespaces
 * `kubelag-test-…`, which are deleted at the end.
 */

const KUBECONFIG = process.env['KUBELAG_TEST_KUBECONFIG'];
const CORPUS = new URL('corpora/manifests/', import.meta.url).pathname;
const SHARED = new URL('../../shared/', import.meta.url).pathname;

const hasKubectl = (): boolean => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const why =
  KUBECONFIG === undefined
    ? ' (skipped: set KUBELAG_TEST_KUBECONFIG to a kubeconfig of a cluster for tests)'
    : hasKubectl()
      ? ''
      : ' (skipped: kubectl is not in the PATH)';

const kubectl = (...words: string[]): string =>
  execFileSync('kubectl', ['--kubeconfig', KUBECONFIG ?? '', ...words], { encoding: 'utf8', stdio: 'pipe' });

const NAMESPACE = `kubelag-test-${process.pid}`;
// What belongs to no namespace would touch the cluster itself.
const GLOBAL =
  /^kind: (?:Namespace|Node|ClusterRole|ClusterRoleBinding|IngressClass|CustomResourceDefinition|\w*WebhookConfiguration|APIService)$/m;

/** All of it in the namespace of the tests. */
const moved = (text: string): string =>
  text
    .split(/^---.*\n/m)
    .filter((part) => /^kind:/m.test(part) && !GLOBAL.test(part))
    .map((part) => part.replaceAll(/(\bnamespace: *)"?[\w-]+"?/g, `$1${NAMESPACE}`))
    .join('---\n');

/** Kinds that others bring: their lists are replaced as a whole, whatever their schema says. */
const CUSTOM = [
  { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', plural: 'rollouts', scope: 'Namespaced' },
  { group: 'serving.knative.dev', version: 'v1', kind: 'Service', plural: 'services', scope: 'Namespaced' },
  { group: 'karpenter.k8s.aws', version: 'v1', kind: 'EC2NodeClass', plural: 'ec2nodeclasses', scope: 'Cluster' },
] as const;
const made: string[] = [];

function definitionOf({ group, version, kind, plural, scope }: (typeof CUSTOM)[number]): string {
  const path = join(folder, `${plural}.${group}.json`);
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope,
        names: { kind, plural },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    }),
  );
  return path;
}

let folder: string;
beforeAll(() => {
  if (why !== '') return;
  folder = mkdtempSync(join(tmpdir(), 'kubelag-server-'));
  kubectl('create', 'namespace', NAMESPACE);
  for (const one of CUSTOM) {
    // Those of a cluster that runs them are stricter, and welcome.
    if (kubectl('get', 'crd', `${one.plural}.${one.group}`, '--ignore-not-found') !== '') continue;
    kubectl('apply', '-f', definitionOf(one));
    made.push(`${one.plural}.${one.group}`);
  }
  for (const name of made) kubectl('wait', '--for=condition=Established', `crd/${name}`, '--timeout=30s');
});
afterAll(() => {
  if (why !== '') return;
  rmSync(folder, { recursive: true });
  kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
  if (made.length > 0) kubectl('delete', 'crd', ...made, '--wait=false');
});

type Json = Record<string, unknown>;

const byName = (list: readonly Json[]): Json => Object.fromEntries(list.map((one) => [String(one['name']), one]));

// What the server counts, keeps or sets by itself.
const COUNTED =
  /^\/(?:status|metadata\/(?:generation|resourceVersion|managedFields|uid|creationTimestamp|annotations\/(?:deprecated\.daemonset\.template\.generation|deployment\.kubernetes\.io\/revision|kubectl\.kubernetes\.io\/last-applied-configuration)))/;

/** Paths at which two objects differ, but for what a server counts. */
function differences(before: unknown, after: unknown, path = ''): string[] {
  if (COUNTED.test(path)) return [];
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) {
    return before === after ? [] : [path];
  }
  // A patch puts a new variable before the others.
  if (Array.isArray(before) && Array.isArray(after) && path.endsWith('/env')) {
    return differences(byName(before as Json[]), byName(after as Json[]), `${path}/`);
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences((before as Json)[key], (after as Json)[key], `${path}/${key}`));
}

const objects = (text: string): Json[] => {
  const read = JSON.parse(text) as Json & { items?: Json[] };
  return read.items ?? [read];
};

/** What may change: what a change writes into an object. */
const isMeant = (path: string): boolean =>
  /\/(?:dnsConfig|env|args|command|data|sysctls|metadataOptions)(?:\/|$)/.test(path);

/** A change of every workload: of an option, of a variable and of a flag. */
const changeOfAll = definePrediction({
  id: 'test',
  title: 'A change of every workload',
  messages: { all: 'all' },
  predict({ cluster, report }) {
    for (const workload of cluster.workloads) {
      const place = { says: 'it', place: workload.place };
      const [container] = workload.pod.containers.filter(({ initial }) => !initial);
      if (container === undefined) continue;
      const edits = [
        optionEdit(workload, 'ndots', '2'),
        environmentEdit(workload, container, 'GRPC_DNS_RESOLVER', 'native'),
        flagEdit(workload, container, '--added', '5m'),
      ];
      report({
        message: 'all',
        data: {},
        subject: workload,
        severity: 'minor',
        severityBecause: '',
        confidence: 'likely',
        confidenceBecause: '',
        assumed: [],
        evidence: [place],
        because: [],
        fix: [manifestFix(workload, 'all', edits)],
      });
    }
  },
});

/** Finds changes for a folder, applies them to a copy, and writes patches. */
async function changesOf(name: string, files: Readonly<Record<string, string>>, find: Find): Promise<void> {
  const original = join(folder, name, 'before');
  const changed = join(folder, name, 'after');
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(original, file, '..'), { recursive: true });
    writeFileSync(join(original, file), text);
  }
  cpSync(original, changed, { recursive: true });
  const patches = join(folder, name, 'patches');
  const options = { apply: true, patchDirectory: patches, helm: false, suffix: 'new' };
  const { plan } = await fix(await find(changed), options);
  expect(plan.changes.filter(({ refused }) => refused !== null)).toEqual([]);
  expect(plan.files, `${name}: nothing was changed`).not.toEqual([]);
}

type Find = (path: string) => Promise<readonly Finding[]>;
const byLint: Find = async (path) =>
  (await lint({ paths: [path], settings: null, baseline: new Set(), today: '2026-11-25' })).findings;
const ofAll: Find = async (path) =>
  predict((await readManifests([path])).environments[0]!.cluster, [changeOfAll]).found.map(({ finding }) => finding);

/** The server takes the change, from the files and as patches, and changes nothing else. */
async function accepts(name: string, files: Readonly<Record<string, string>>, find = byLint): Promise<void> {
  await changesOf(name, files, find);
  const [changed, patches] = [join(folder, name, 'after'), join(folder, name, 'patches')];
  const original = join(folder, name, 'before');
  const manifests = Object.keys(files).filter((file) => /\.(?:ya?ml|json)$/.test(file));
  const named = (root: string): string[] => manifests.flatMap((file) => ['-f', join(root, file)]);
  const before = objects(kubectl('apply', '-o', 'json', ...named(original)));
  try {
    const isFixed = manifests.some((file) => /^kind: (?:Pod|Job)$/m.test(files[file] ?? ''));
    // Pods and jobs cannot be changed while they are there, as `fix` says.
    if (isFixed) kubectl('delete', '--wait', '--now', ...named(original));
    const after = objects(kubectl('apply', '--dry-run=server', '-o', 'json', ...named(changed)));
    const paths = isFixed ? [] : before.flatMap((object, index) => differences(object, after[index]));
    expect(paths.filter((path) => !isMeant(path))).toEqual([]);
    if (!isFixed) expect(paths.length).toBeGreaterThan(0);
    for (const file of readdirSync(patches)) {
      if (file === 'kustomization.yaml' || isFixed) continue;
      const path = join(patches, file);
      const words = /^# kubectl (patch .*) --patch-file/.exec(readFileSync(path, 'utf8'))?.[1]?.split(' ') ?? [];
      const inNamespace = words.includes('-n') ? [] : ['-n', 'default'];
      const patched = kubectl(...words, ...inNamespace, '--dry-run=server', '-o', 'json', '--patch-file', path);
      const [object] = objects(patched) as [{ kind: string; metadata: { name: string } }];
      const same = (one: Json): boolean =>
        one['kind'] === object.kind && (one['metadata'] as Json)['name'] === object.metadata.name;
      // As a patch it comes to the same as in the file.
      expect(differences(after.find(same), object), file).toEqual([]);
    }
    if (isFixed) return;
    writeFileSync(
      join(folder, name, 'kustomization.yaml'),
      `resources: [${manifests.map((file) => `before/${file}`).join(', ')}]\ncomponents: [patches]\n`,
    );
    const built = join(folder, name, 'built.yaml');
    writeFileSync(built, kubectl('kustomize', join(folder, name)));
    const kustomized = objects(kubectl('apply', '--dry-run=server', '-o', 'json', '-f', built));
    const key = (one: Json): string => `${String(one['kind'])} ${String((one['metadata'] as Json)['name'])}`;
    for (const object of kustomized) {
      expect(
        differences(
          after.find((one) => key(one) === key(object)),
          object,
        ),
        key(object),
      ).toEqual([]);
    }
  } finally {
    kubectl('delete', '--ignore-not-found', '--wait=false', '--now', ...named(original));
  }
}

const CONTAINER = `- name: app
  image: registry.example.com/team/app:1-python3.11-slim
  ports:
    - {name: grpc, containerPort: 50051}
- name: proxy
  image: registry.example.com/team/proxy:2
  args: [run]
`;
const OPTIONS = `dnsConfig:
  options:
    - name: ndots
      value: "2"
    - name: single-request-reopen
`;
const indent = (text: string, by: number): string => text.replace(/^(?=.)/gm, ' '.repeat(by));
const head = (apiVersion: string, kind: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${kind.toLowerCase()}\n  namespace: ${NAMESPACE}\n  labels: {app: x}\nspec:\n`;
const template = (pod: string, restart = ''): string =>
  `template:\n  metadata: {labels: {app: x}}\n  spec:\n${indent(`${restart}${pod}`, 4)}`;
const SELECTOR = 'selector:\n  matchLabels: {app: x}\n';

const KINDS: Readonly<Record<string, (pod: string) => string>> = {
  Deployment: (pod) => `${head('apps/v1', 'Deployment')}  replicas: 0\n${indent(SELECTOR + template(pod), 2)}`,
  StatefulSet: (pod) =>
    `${head('apps/v1', 'StatefulSet')}  replicas: 0\n  serviceName: x\n${indent(SELECTOR + template(pod), 2)}`,
  DaemonSet: (pod) =>
    `${head('apps/v1', 'DaemonSet')}${indent(SELECTOR + template(`nodeSelector: {none: here}\n${pod}`), 2)}`,
  ReplicaSet: (pod) => `${head('apps/v1', 'ReplicaSet')}  replicas: 0\n${indent(SELECTOR + template(pod), 2)}`,
  ReplicationController: (pod) =>
    `${head('v1', 'ReplicationController')}  replicas: 0\n  selector: {app: x}\n${indent(template(pod), 2)}`,
  Job: (pod) => `${head('batch/v1', 'Job')}  suspend: true\n${indent(template(pod, 'restartPolicy: Never\n'), 2)}`,
  CronJob: (pod) =>
    `${head('batch/v1', 'CronJob')}  suspend: true\n  schedule: "0 0 1 1 *"\n  jobTemplate:\n    spec:\n${indent(template(pod, 'restartPolicy: Never\n'), 6)}`,
  Pod: (pod) => `${head('v1', 'Pod')}${indent(`nodeSelector: {none: here}\n${pod}`, 2)}`,
};

describe.skipIf(why !== '')(`a real API server takes what fix writes${why}`, () => {
  it.each(Object.keys(KINDS))('in a %s, whose options stay', async (kind) => {
    const text = KINDS[kind]?.(`${OPTIONS}containers:\n${indent(CONTAINER, 2)}`) ?? '';
    await expect(accepts(`options-${kind.toLowerCase()}`, { 'a.yaml': text })).resolves.toBeUndefined();
  });

  it.each(Object.keys(KINDS))('in a %s without dnsConfig', async (kind) => {
    const text = KINDS[kind]?.(`dnsPolicy: ClusterFirst\ncontainers:\n${indent(CONTAINER, 2)}`) ?? '';
    await expect(accepts(`plain-${kind.toLowerCase()}`, { 'a.yaml': text })).resolves.toBeUndefined();
  });

  it('in a list, and in JSON', async () => {
    const text = KINDS['Deployment']?.(`containers:\n${indent(CONTAINER, 2)}`) ?? '';
    await expect(
      accepts('list', {
        'a.yaml': `apiVersion: v1\nkind: List\nitems:\n${indent(text, 4).replace(/^ {4}/, '  - ')}`,
      }),
    ).resolves.toBeUndefined();
    const json = kubectl('apply', '--dry-run=client', '-o', 'json', '-f', join(folder, 'list', 'before', 'a.yaml'));
    await expect(accepts('json', { 'a.json': JSON.stringify(objects(json)[0], null, 2) })).resolves.toBeUndefined();
  });

  const app = (container: string, pod = ''): string =>
    KINDS['Deployment']?.(
      `${pod}containers:\n  - name: app\n    image: registry.example.com/team/app:1\n    ports: [{containerPort: 8000}]\n${indent(container, 4)}`,
    ) ?? '';
  const ingress = `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, namespace: ${NAMESPACE}}\nspec:\n  ingressClassName: alb\n  defaultBackend: {service: {name: x, port: {number: 80}}}\n`;
  const service = `apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: ${NAMESPACE}}\nspec:\n  selector: {app: x}\n  ports: [{port: 80, targetPort: 8000}]\n`;
  const settings = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: ${NAMESPACE}}\ndata:\n  GRPC_KEEPALIVE_TIME: 30s\n`;

  it.each<[string, Record<string, string>]>([
    ['ndots', { 'a.yaml': app('env: [{name: API_URL, value: "https://api.example.com/v1"}]\n') }],
    ['pings', { 'a.yaml': app('env:\n- name: GRPC_KEEPALIVE_TIME_MS\n  value: "10000"\n') }],
    ['pings-of-a-config-map', { 'a.yaml': `${app('envFrom:\n- configMapRef: {name: settings}\n')}---\n${settings}` }],
    [
      'workers',
      { 'a.yaml': app('env: [{name: GOMAXPROCS, value: "16"}]\nresources: {limits: {cpu: "2", memory: 1Gi}}\n') },
    ],
    [
      'keepalive probes',
      {
        'a.yaml': `${app('', 'securityContext:\n  sysctls:\n    - {name: net.ipv4.ip_local_port_range, value: "1024 65000"}\n    - {name: net.ipv4.tcp_keepalive_time, value: "1800"}\n')}---\n${service.replace('name: x, ', 'name: x, annotations: {service.beta.kubernetes.io/aws-load-balancer-type: external}, ').replace('spec:', 'spec:\n  type: LoadBalancer')}`,
      },
    ],
    [
      "a JVM's options",
      { 'a.yaml': app('env: [{name: JAVA_TOOL_OPTIONS, value: "-Xmx1g -Dnetworkaddress.cache.ttl=10"}]\n') },
    ],
    [
      'a Rollout',
      {
        'a.yaml': (
          KINDS['Deployment']?.(
            'dnsConfig: {options: [{name: ndots, value: "2"}]}\ncontainers: [{name: app, image: "php:8-fpm"}]\n',
          ) ?? ''
        )
          .replace('apps/v1', 'argoproj.io/v1alpha1')
          .replace('kind: Deployment', 'kind: Rollout'),
      },
    ],
    [
      'machines',
      {
        'a.yaml': `apiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nmetadata: {name: kubelag-test}\nspec:\n  metadataOptions: {httpTokens: required, httpPutResponseHopLimit: 1}\n`,
        'b.yaml': app('env: [{name: AWS_REGION, value: eu-west-1}]\n'),
      },
    ],
    [
      'keep-alive',
      { 'a.yaml': `${app('command: [uvicorn]\nargs: ["app:app", --workers=2]\n')}---\n${ingress}---\n${service}` },
    ],
  ])('of %s', async (name, files) => {
    await expect(accepts(name, files)).resolves.toBeUndefined();
  });

  it.each(['grpc-debian.yaml', 'grpc-debian-reopen.yaml', 'search', 'checkout'])('of the incident %s', async (path) => {
    const files: Record<string, string> = {};
    const take = (name: string): void => {
      const at = join(CORPUS, name);
      try {
        for (const inside of readdirSync(at)) take(join(name, inside));
      } catch {
        const text = readFileSync(at, 'utf8');
        files[name] = /\.ya?ml$/.test(name) ? moved(text) : text;
      }
    };
    take(path);
    await expect(accepts(`incident-${path.replace(/\W/g, '-')}`, files)).resolves.toBeUndefined();
  });

  it.each([
    'manifests/microservices-demo/kubernetes-manifests.yaml',
    'manifests/ingress-nginx/cloud-deploy.yaml',
    'manifests/kiam/server.daemonset.yaml',
    'captures/credentials/storm-v1-c4/manifests.yaml',
    'captures/cluster/dns-race/manifests/storefront.yaml',
    'captures/cluster/chain-c6/manifests/catalog.yaml',
  ])('of all workloads in %s', async (path) => {
    const text = moved(readFileSync(join(SHARED, path), 'utf8'));
    await expect(accepts(path.replace(/\W/g, '-'), { 'a.yaml': text }, ofAll)).resolves.toBeUndefined();
  });
});
