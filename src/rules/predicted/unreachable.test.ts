import { describe, expect, it } from 'vitest';
import { clusterOf, deployment, predictionOf, type File } from '../support/testing/cluster-of.ts';
import { predict } from '../../diagnosis/predict.ts';
import dnsError from './dns-error.ts';
import refused from './tcp-connect-refused.ts';

interface Selecting {
  name?: string;
  namespace?: string;
  selector?: string;
  port?: string;
  more?: string;
}
const service = ({
  name = 'orders',
  namespace = 'prod',
  selector = 'app: orders',
  port = 'port: 80, targetPort: http',
  more = '',
}: Selecting = {}): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec:\n  selector: {${selector}}\n${more}  ports: [{${port}}]\n`;
const WEB = 'ports: [{name: web, containerPort: 8080}]';
const HTTP = 'ports: [{name: http, containerPort: 8080}]';
const orders = (container: string, parts = {}): string => deployment({ container, ...parts });
const SIDECAR = `initContainers:
  - {name: proxy, image: "envoy:1", restartPolicy: Always, ports: [{name: http, containerPort: 9000}]}`;

const said = async (...files: File[]) => (await predictionOf(refused, ...files)).map(({ says }) => says);

/** Without a namespace. */
const nowhere = (text: string): string => text.replaceAll(/namespace: prod/g, 'labels: {}');

describe('a targetPort that is a name', () => {
  it('which no container has leads to nobody', async () => {
    const [found, ...others] = await predictionOf(refused, orders(WEB) + service());
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      says: 'Service prod/orders leads to nobody at port 80: its targetPort http is a name that no container of Deployment prod/orders has',
      severity: 'minor',
      confidence: 'likely',
      evidence: [{ says: 'targetPort: http', place: { quote: expect.stringContaining('targetPort: http') } }],
      because: [{ value: 'http' }, { value: '8080 (web)', place: { quote: expect.stringContaining('8080') } }],
      fix: [
        {
          risk: expect.stringContaining('no pod starts anew'),
          edits: [{ path: ['spec', 'ports', { key: 'port', is: '80' }, 'targetPort'], value: 'web' }],
        },
      ],
    });
  });

  it('is advised on where the pods tell no port, or more than one', async () => {
    for (const container of ['', 'ports: [{name: a, containerPort: 1}, {name: b, containerPort: 2}]']) {
      const [found] = await predictionOf(refused, orders(container) + service());
      expect(found?.fix).toMatchObject([{ title: expect.stringMatching(/^name the port .* http/), patch: null }]);
      expect(found?.fix[0]?.edits).toBeUndefined();
    }
  });

  it.each([
    ['a container has it', orders(HTTP) + service()],
    ['a sidecar among the init containers has it', orders(WEB, { pod: SIDECAR }) + service()],
    [
      'one of two workloads behind it has it',
      orders(WEB) + service() + `---\n${orders(HTTP, { kind: 'StatefulSet' })}`,
    ],
    ['it is a number that no container writes down', orders(WEB) + service({ port: 'port: 80, targetPort: 8081' })],
    ['it is not said: the port’s own number', orders(WEB) + service({ port: 'port: 80' })],
    ['the Service is headless', orders(WEB) + service({ more: '  clusterIP: None\n' })],
    ['the Service selects nobody', orders(WEB) + service({ selector: '' })],
    ['a mesh adds containers', orders(WEB, { annotations: 'sidecar.istio.io/inject: "true"' }) + service()],
    ['it is a port of a mesh’s proxy', orders(WEB) + service({ port: 'port: 80, targetPort: http-envoy-prom' })],
    ['a template stands there', orders(WEB) + service({ port: 'port: 80, targetPort: "{{ .Values.port }}"' })],
  ])('is none where %s', async (_, text) => {
    expect(await said(text)).toEqual([]);
  });

  it('is none where the workload is of another namespace, or of another folder', async () => {
    const files = (folder: string): File[] => [
      { file: 'a/orders.yaml', text: nowhere(orders(WEB)) },
      { file: `${folder}/service.yaml`, text: nowhere(service().replace('labels: {}}', '}')) },
    ];
    expect(await said(orders(WEB) + service({ namespace: 'staging' }))).toEqual([]);
    expect(await said(...files('b'))).toEqual([]);
    expect(await said(...files('a'))).toHaveLength(1);
  });

  it('is left to the rule where a capture shows it', async () => {
    const cluster = await clusterOf(orders(WEB) + service());
    expect(predict(cluster, [refused], () => true).found).toEqual([]);
  });
});

describe('a selector that fits no workload', () => {
  it('but for one label', async () => {
    const [found, ...others] = await predictionOf(refused, orders(HTTP) + service({ selector: 'app: order' }));
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      says: 'Service prod/orders leads to nobody: its selector app=order fits no workload here, Deployment prod/orders has app=orders',
      severity: 'minor',
      confidence: 'possible',
      evidence: [{ place: { quote: expect.stringContaining('app: order') } }],
      fix: [{ edits: [{ path: ['spec', 'selector', 'app'], value: 'orders' }] }],
    });
    // Of another name, where one letter is amiss.
    expect(await said(orders(HTTP) + service({ name: 'shop', selector: 'app: ordars' }))).toHaveLength(1);
  });

  it.each([
    ['two labels differ', { selector: 'app: order, part: web' }],
    ['the label is none of the pods’', { selector: 'name: orders' }],
    ['an operator says who leads', { selector: 'app: orders, role: master' }, 'app: orders, role: replica'],
    ['it selects the other of two versions', { selector: 'app: orders, version: v2' }, 'app: orders, version: v1'],
    ['neither name nor value is near', { name: 'payments', selector: 'app: payments' }],
    ['it is another one of a row', { name: 'second', selector: 'app: worker-2' }, 'app: worker-1'],
    ['it is of another namespace', { selector: 'app: order', namespace: 'staging' }],
    ['it is headless', { selector: 'app: order', more: '  clusterIP: None\n' }],
  ] as [string, Selecting, string?][])('is not told where %s', async (_, parts, labels = 'app: orders') => {
    expect(await said(orders(HTTP, { labels }) + service(parts))).toEqual([]);
  });

  it('is not told where another Service leads to that workload, nor where the cluster has endpoints of it', async () => {
    const wrong = orders(HTTP) + service({ selector: 'app: order' });
    expect(await said(wrong + service({ name: 'orders-web' }))).toEqual([]);
    const slice = `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: orders-x, namespace: prod, labels: {kubernetes.io/service-name: orders}}\nendpoints: [{addresses: [10.244.0.5], conditions: {ready: true}}]\n`;
    expect(await said(wrong + slice)).toEqual([]);
  });
});

const URL_OF = (url: string): string => `env:\n  - {name: API, value: "${url}"}`;
const agent = (url: string, pod = 'hostNetwork: true', name = 'agent'): string =>
  deployment({ kind: 'DaemonSet', name, pod, container: URL_OF(url) });
const toldOf = async (...files: File[]) => predictionOf(dnsError, ...files);

describe('a workload on its node’s network', () => {
  it('asks the node for a Service that it names', async () => {
    const [found, ...others] = await toldOf(agent('http://orders/') + service());
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      says: 'DaemonSet prod/agent is on its node’s network with dnsPolicy ClusterFirst, and asks the node’s DNS server: it does not know Service prod/orders, which API names',
      severity: 'minor',
      confidence: 'possible',
      evidence: [{ says: 'API names orders', place: { quote: expect.stringContaining('http://orders/') } }],
      fix: [{ edits: [{ path: ['spec', 'template', 'spec', 'dnsPolicy'], value: 'ClusterFirstWithHostNet' }] }],
    });
    expect(await toldOf(agent('http://orders.prod.svc.cluster.local:80/') + service())).toHaveLength(1);
  });

  it('or whose name stands in a ConfigMap', async () => {
    const map =
      '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: prod}\ndata: {api: "http://orders/"}\n';
    const container = 'env:\n  - {name: API, valueFrom: {configMapKeyRef: {name: c, key: api}}}';
    const one = deployment({ name: 'agent', pod: 'hostNetwork: true', container });
    expect(await toldOf(one + map + service())).toHaveLength(1);
  });

  it.each([
    ['names no Service of these', agent('http://example.com/') + service()],
    ['asks the cluster', agent('http://orders/', 'hostNetwork: true\ndnsPolicy: ClusterFirstWithHostNet') + service()],
    ['chose the node’s server', agent('http://orders/', 'hostNetwork: true\ndnsPolicy: Default') + service()],
    ['has a network of its own', agent('http://orders/', '') + service()],
    [
      'has servers of its own',
      agent('http://orders/', 'hostNetwork: true\ndnsConfig: {nameservers: [10.96.0.10]}') + service(),
    ],
    [
      'has the name in its hosts file',
      agent('http://orders/', 'hostNetwork: true\nhostAliases: [{ip: 10.0.0.9, hostnames: [orders]}]') + service(),
    ],
    ['names one of another namespace by its short name', agent('http://orders/') + service({ namespace: 'staging' })],
    [
      'names a host that an Ingress answers',
      `${agent('http://orders.prod/')}${service()}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: prod}\nspec:\n  rules: [{host: orders.prod, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: orders, port: {number: 80}}}}]}}]\n`,
    ],
  ])('is silent where it %s', async (_, text) => {
    expect(await toldOf(text)).toEqual([]);
  });

  it('is left to the rule where a capture shows it', async () => {
    const cluster = await clusterOf(agent('http://orders/') + service());
    expect(predict(cluster, [dnsError], () => true).found).toEqual([]);
  });
});
