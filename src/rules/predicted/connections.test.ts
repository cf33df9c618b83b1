import { describe, expect, it } from 'vitest';
import { deployment, predictionOf } from '../support/testing/cluster-of.ts';
import singleBackend from './grpc-single-backend.ts';
import tooManyPings from './grpc-too-many-pings.ts';
import idleDrop from './tcp-idle-drop.ts';
import idleReuse from './tcp-idle-reuse.ts';
import timeoutOrder from './timeout-order.ts';

const service = (name: string, spec = '', annotations = ''): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: prod, annotations: {${annotations}}}\nspec:\n  selector: {app: ${name}}\n  ports: [{name: grpc, port: 50051}]\n${spec}`;
const ingress = (annotations = '', className = 'nginx'): string =>
  `---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: orders, namespace: prod, annotations: {${annotations}}}\nspec:\n  ingressClassName: ${className}\n  rules: [{host: x.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: orders, port: {number: 80}}}}]}}]\n`;
const command = (words: string): string => `command: [${words}]`;
const env = (name: string, value: string): string => `env:\n  - {name: ${name}, value: "${value}"}`;

const client = (replicas: number, value = 'inventory:50051'): string =>
  `---\n${deployment({ name: 'checkout', replicas, container: env('INVENTORY', value) })}`;

const sysctl = (value: string): string =>
  `securityContext: {sysctls: [{name: net.ipv4.tcp_keepalive_time, value: "${value}"}]}`;

const virtual = (http: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: orders, namespace: prod}\nspec: {hosts: [orders], http: [{route: [{destination: {host: orders}}], ${http}}]}\n`;

const route = (transport = ''): string =>
  `---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: orders, namespace: prod}\nspec: {routes: [{match: "Host(\`a.b\`)", services: [{name: orders, port: 80${transport}}]}]}\n`;
const transport = (times: string): string =>
  `---\napiVersion: traefik.io/v1alpha1\nkind: ServersTransport\nmetadata: {name: slow, namespace: prod}\nspec: {forwardingTimeouts: {${times}}}\n`;
const destination = (pool: string): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: orders, namespace: prod}\nspec: {host: orders.prod.svc.cluster.local, trafficPolicy: {connectionPool: {${pool}}}}\n`;
const filter = (target: string, value: string): string =>
  `---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: times, namespace: prod}\nspec:\n  workloadSelector: {labels: {app: orders}}\n  configPatches: [{applyTo: ${target}, patch: {operation: MERGE, value: ${value}}}]\n`;

describe('what stands before a workload', () => {
  const backend = `${deployment({ container: command('uvicorn, "app:app"') })}${service('orders')}`;
  const meshed = `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {istio-injection: enabled}}\n`;
  const traefik = `---\n${deployment({ name: 'traefik', image: 'traefik:v3.1', container: 'args: [--serversTransport.forwardingTimeouts.idleConnTimeout=30s]' })}`;

  it.each([
    ['Traefik by default', route(), 'Traefik keeps them for 90 s', 'info'],
    [
      "Traefik's ServersTransport",
      route(', serversTransport: slow') + transport('idleConnTimeout: 2m'),
      'Traefik keeps them for 2 min',
      'info',
    ],
    ["Traefik's arguments", route() + traefik, 'Traefik keeps them for 30 s', 'info'],
    [
      "Traefik's own file",
      `${route()}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: traefik}\ndata:\n  traefik.yml: |\n    serversTransport:\n      forwardingTimeouts:\n        idleConnTimeout: 45s\n`,
      'Traefik keeps them for 45 s',
      'info',
    ],
    [
      'a class whose controller tells which it is',
      `${ingress('', 'public')}---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: public}\nspec: {controller: ingress.k8s.aws/alb}\n`,
      'the AWS load balancer keeps them for 60 s',
      'minor',
    ],
    ['the Google load balancer', ingress('', 'gce'), 'the Google load balancer keeps them for 10 min', 'minor'],
    [
      'a classic load balancer',
      `---\napiVersion: v1\nkind: Service\nmetadata: {name: public, namespace: prod, annotations: {service.beta.kubernetes.io/aws-load-balancer-backend-protocol: http, service.beta.kubernetes.io/aws-load-balancer-connection-idle-timeout: "300"}}\nspec: {type: LoadBalancer, selector: {app: orders}}\n`,
      'the AWS classic load balancer keeps them for 5 min',
      'minor',
    ],
    ["Istio's proxy", meshed, "Istio's proxy keeps them for 1 h", 'info'],
    [
      'a DestinationRule',
      meshed + destination('http: {idleTimeout: 30s}'),
      "Istio's proxy keeps them for 30 s",
      'info',
    ],
    [
      'a DestinationRule, whose calls are not tried again',
      `${meshed}${destination('http: {idleTimeout: 30s}')}---\n${virtual('retries: {attempts: 0}')}`,
      "Istio's proxy keeps them for 30 s",
      'minor',
    ],
    [
      'an EnvoyFilter',
      meshed + filter('CLUSTER', '{common_http_protocol_options: {idle_timeout: 40s}}'),
      "Istio's proxy keeps them for 40 s",
      'info',
    ],
  ])('keeps connections: %s', async (_, front, says, severity) => {
    const [found] = await predictionOf(idleReuse, backend + front);
    expect(found).toMatchObject({ severity });
    expect(found?.says).toContain(says);
  });

  it.each([
    ['HAProxy, which asks again', ingress('', 'haproxy')],
    ['a DestinationRule that closes sooner', meshed + destination('http: {idleTimeout: 3s}')],
    ['a ServersTransport that closes sooner', route(', serversTransport: slow') + transport('idleConnTimeout: 3s')],
    ['another controller of NGINX', ingress('', 'nginx.org/ingress-controller')],
  ])('is no concern of %s', async (_, front) => {
    expect(await predictionOf(idleReuse, backend + front)).toEqual([]);
  });

  const slow = `${deployment({ container: command('gunicorn, --timeout, "300", app') })}${service('orders')}`;
  it.each([
    ['a VirtualService', `---\n${virtual('timeout: 10s')}`, 'gives up after 10 s'],
    [
      'an HTTPRoute',
      '---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: orders, namespace: prod}\nspec: {rules: [{backendRefs: [{name: orders}], timeouts: {request: 20s}}]}\n',
      'gives up after 20 s',
    ],
    [
      'an HTTPProxy',
      '---\napiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata: {name: orders, namespace: prod}\nspec: {routes: [{services: [{name: orders, port: 80}], timeoutPolicy: {response: 30s}}]}\n',
      'gives up after 30 s',
    ],
    [
      "Traefik's ServersTransport",
      route(', serversTransport: slow') + transport('responseHeaderTimeout: 15s'),
      'Traefik gives up after 15 s',
    ],
    [
      'an EnvoyFilter',
      meshed + filter('HTTP_ROUTE', '{route: {timeout: 25s}}'),
      'EnvoyFilter prod/times gives up after 25 s',
    ],
    [
      "an EnvoyFilter's streams",
      meshed + filter('NETWORK_FILTER', '{typed_config: {stream_idle_timeout: 35s}}'),
      'gives up after 35 s',
    ],
    [
      "HAProxy's ConfigMap",
      `${ingress('', 'haproxy')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: haproxy-kubernetes-ingress}\ndata: {timeout-server: 45s}\n`,
      'the HAProxy ingress gives up after 45 s',
    ],
  ])('waits: %s', async (_, front, says) => {
    const [found] = await predictionOf(timeoutOrder, slow + front);
    expect(found).toMatchObject({ severity: 'minor', confidence: 'likely' });
    expect(found?.says).toContain(says);
  });

  it('is not told by an annotation that its controller does not read', async () => {
    const [found] = await predictionOf(timeoutOrder, slow + ingress('haproxy.org/timeout-server: 10s', 'haproxy'));
    expect(found?.says).toContain('gives up after 50 s');
  });
});

const config = (conntrack: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\ndata:\n  config.conf: |-\n    apiVersion: kubeproxy.config.k8s.io/v1alpha1\n    kind: KubeProxyConfiguration\n    mode: "ipvs"\n    conntrack:\n      ${conntrack}\n`;

describe('kube-proxy', () => {
  it('forgets connections sooner than they are probed', async () => {
    const [short] = await predictionOf(idleDrop, config('tcpEstablishedTimeout: 5m0s'));
    expect(short).toMatchObject({ severity: 'minor', confidence: 'possible' });
    expect(short?.evidence[0]?.place).toMatchObject({ line: 10, column: 30, quote: 'tcpEstablishedTimeout: 5m0s' });
    expect(await predictionOf(idleDrop, config('tcpEstablishedTimeout: 1h'))).toMatchObject([{ severity: 'info' }]);
    const proxy = deployment({
      kind: 'DaemonSet',
      name: 'kube-proxy',
      image: 'registry.k8s.io/kube-proxy:v1.30.0',
      container: 'command: [kube-proxy, --conntrack-tcp-timeout-established=10m]',
    });
    expect(await predictionOf(idleDrop, proxy)).toMatchObject([{ severity: 'minor' }]);
  });

  it('is read from JSON as well, where line ends are written', async () => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-proxy-config' },
      data: { config: 'kind: KubeProxyConfiguration\nconntrack:\n  tcpEstablishedTimeout: "5m"\nmode: ""\n' },
    };
    const [found] = await predictionOf(idleDrop, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [object] }));
    expect(found).toMatchObject({ severity: 'minor', because: [{ value: '5 min' }, {}] });
  });

  it.each(['tcpEstablishedTimeout: 24h0m0s', 'tcpEstablishedTimeout: null', 'maxPerCore: 1'])(
    'is no concern with %s',
    async (conntrack) => {
      expect(await predictionOf(idleDrop, config(conntrack))).toEqual([]);
    },
  );
});

describe('grpc-single-backend', () => {
  const server = (replicas: number): string => `${deployment({ name: 'inventory', replicas })}${service('inventory')}`;

  it('tells servers that must stay without work', async () => {
    const [found] = await predictionOf(singleBackend, server(3) + client(1));
    expect(found).toMatchObject({
      severity: 'minor',
      confidence: 'likely',
      subject: { kind: 'Service', name: 'prod/inventory' },
    });
    expect(found?.says).toContain('so 2 of 3 get nothing');
  });

  it('is only worth knowing where there may be clients enough', async () => {
    expect(await predictionOf(singleBackend, server(3) + client(5))).toMatchObject([{ severity: 'info' }]);
    expect(await predictionOf(singleBackend, server(3))).toMatchObject([{ severity: 'info' }]);
  });

  it.each([
    ['there is one server', server(1) + client(1)],
    [
      'the Service is headless',
      `${deployment({ name: 'inventory', replicas: 3 })}${service('inventory', '  clusterIP: None\n')}${client(1)}`,
    ],
    [
      'the client balances by itself',
      `${deployment({ name: 'inventory', replicas: 3 })}${service('inventory', '  clusterIP: None\n')}${client(1, 'xds:///inventory:50051')}`,
    ],
    [
      'a mesh balances calls',
      `apiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {istio-injection: enabled}}\n---\n${server(3)}${client(1)}`,
    ],
    [
      'nothing says gRPC',
      `${deployment({ name: 'inventory', replicas: 3 })}${service('inventory').replace('name: grpc', 'name: http')}${client(1)}`,
    ],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(singleBackend, text)).toEqual([]);
  });
});

describe('grpc-too-many-pings', () => {
  it.each([
    ['GRPC_CLIENT_KEEPALIVE_TIME', '10s', '10 s', '300s'],
    ['GRPC_KEEPALIVE_TIME_MS', '30000', '30 s', '300000'],
    ['GRPC_KEEPALIVE_TIME_SECONDS', '20', '20 s', '300'],
  ])('reads %s %s', async (name, value, every, change) => {
    const [found] = await predictionOf(tooManyPings, deployment({ container: env(name, value) }));
    expect(found).toMatchObject({ severity: 'minor', confidence: 'possible' });
    expect(found?.says).toContain(`pings every ${every}`);
    expect(found?.fix[0]?.edits?.[0]?.value).toEqual({ name, value: change });
  });

  it.each([
    ['the pings are rare enough', deployment({ container: env('GRPC_KEEPALIVE_TIME', '10m') })],
    [
      'a server permits them',
      `${deployment({ container: env('GRPC_KEEPALIVE_TIME', '30s') })}---\n${deployment({ name: 's', container: env('GRPC_SERVER_MIN_PING_INTERVAL', '10s') })}`,
    ],
    ['it is the wait for a ping', deployment({ container: env('GRPC_KEEPALIVE_TIMEOUT', '10s') })],
    ['it is the server that pings', deployment({ container: 'args: [--server.grpc.keepalive.time=10s]' })],
    ['it is what a server permits', deployment({ container: 'args: [--grpc-keepalive-min-time=5s]' })],
    ['pings are off', deployment({ container: env('GRPC_KEEPALIVE_TIME', '0') })],
    ['it is no gRPC', deployment({ container: env('TCP_KEEPALIVE_TIME', '30') })],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(tooManyPings, text)).toEqual([]);
  });
});

describe('grpc-too-many-pings on the command line', () => {
  it.each(['--grpc-keepalive-time=10s', '--grpc-keepalive-time, 10s'])('reads %s', async (words) => {
    const [found] = await predictionOf(tooManyPings, deployment({ container: `args: [${words}]` }));
    expect(found?.says).toContain('pings every 10 s');
    expect(found?.fix[0]?.edits).toMatchObject([{ value: '300s' }]);
  });
});

describe('tcp-idle-reuse', () => {
  const uvicorn = (more = ''): string =>
    deployment({ image: 'python:3.11-slim', container: command(`uvicorn, "app:app"${more}`) });

  it('tells a server that closes before the load balancer', async () => {
    const [found] = await predictionOf(idleReuse, uvicorn() + service('orders') + ingress('', 'alb'));
    expect(found).toMatchObject({ severity: 'minor', confidence: 'likely' });
    expect(found?.says).toContain(
      '(uvicorn) closes idle connections after 5 s, the AWS load balancer keeps them for 60 s',
    );
    expect(found?.fix[0]?.edits).toMatchObject([
      { value: '65', path: expect.arrayContaining([{ flag: '--timeout-keep-alive' }]) },
    ]);
  });

  it('reads a shell’s script, and offers no change of a list that there is not', async () => {
    const text = deployment({
      image: 'python:3.11',
      container: 'command: [sh, -c, "exec uvicorn app:app --timeout-keep-alive 10"]',
    });
    const [found] = await predictionOf(idleReuse, text + service('orders') + ingress('', 'alb'));
    expect(found?.says).toContain('(uvicorn) closes idle connections after 10 s');
    expect(found?.fix.every(({ edits }) => edits === undefined)).toBe(true);
  });

  it('reads what the annotation sets', async () => {
    const attributes =
      "alb.ingress.kubernetes.io/load-balancer-attributes: 'routing.http2.enabled=true,idle_timeout.timeout_seconds=120'";
    const set = ', --timeout-keep-alive, "75"';
    const [found] = await predictionOf(idleReuse, uvicorn(set) + service('orders') + ingress(attributes, 'alb'));
    expect(found?.says).toContain('after 75 s, the AWS load balancer keeps them for 2 min');
  });

  it('is only worth knowing of NGINX, and of defaults that code may change', async () => {
    expect(await predictionOf(idleReuse, uvicorn() + service('orders') + ingress())).toMatchObject([
      { severity: 'info' },
    ]);
    const node = deployment({ image: 'node:20', container: command('node, server.js') });
    expect(await predictionOf(idleReuse, node + service('orders') + ingress('', 'alb'))).toMatchObject([
      { severity: 'info' },
    ]);
  });

  it.each([
    ['the server waits longer', uvicorn(', --timeout-keep-alive=65') + service('orders') + ingress('', 'alb')],
    ['nothing stands before it', uvicorn() + service('orders')],
    [
      'workers close after each answer',
      deployment({ image: 'python:3.11', container: command('gunicorn, "app:app"') }) +
        service('orders') +
        ingress('', 'alb'),
    ],
    ['nothing tells the server', deployment() + service('orders') + ingress('', 'alb')],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(idleReuse, text)).toEqual([]);
  });
});

describe('tcp-idle-drop', () => {
  const NLB = 'service.beta.kubernetes.io/aws-load-balancer-type: nlb';

  it('tells probes that come too late, and drops without a word', async () => {
    const late = deployment({ pod: sysctl('7200') }) + service('orders', '  type: LoadBalancer\n', NLB);
    expect(await predictionOf(idleDrop, late)).toMatchObject([{ severity: 'minor', confidence: 'possible' }]);
    const azure = 'service.beta.kubernetes.io/azure-load-balancer-disable-tcp-reset: "true"';
    expect(await predictionOf(idleDrop, service('orders', '  type: LoadBalancer\n', azure))).toMatchObject([
      { severity: 'minor', confidence: 'likely' },
    ]);
  });

  it.each([
    ['probes come in time', deployment({ pod: sysctl('300') }) + service('orders', '  type: LoadBalancer\n', NLB)],
    ['nobody set them', deployment() + service('orders', '  type: LoadBalancer\n', NLB)],
    ['no load balancer is between', deployment({ pod: sysctl('7200') }) + service('orders')],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(idleDrop, text)).toEqual([]);
  });
});

describe('timeout-order', () => {
  it('tells retries that never run', async () => {
    expect(
      await predictionOf(timeoutOrder, virtual('timeout: 2s, retries: {attempts: 3, perTryTimeout: 2s}')),
    ).toMatchObject([{ severity: 'minor', confidence: 'likely', subject: { kind: 'VirtualService' } }]);
  });

  it('tells a gateway that gives up before its server', async () => {
    const slow =
      deployment({ image: 'python:3.11', container: command('gunicorn, --timeout, "120", "app:app"') }) +
      service('orders');
    const set = 'nginx.ingress.kubernetes.io/proxy-read-timeout: "30"';
    expect(await predictionOf(timeoutOrder, slow + ingress(set))).toMatchObject([
      { severity: 'minor', confidence: 'likely' },
    ]);
    expect(await predictionOf(timeoutOrder, slow + ingress())).toMatchObject([
      { severity: 'info', confidence: 'possible' },
    ]);
  });

  it.each([
    ['the tries fit', virtual('timeout: 10s, retries: {attempts: 3, perTryTimeout: 2s}')],
    ['there is no time for a try', virtual('timeout: 10s, retries: {attempts: 3}')],
    ['there are no retries', virtual('timeout: 2s, retries: {attempts: 0, perTryTimeout: 2s}')],
    [
      'the gateway waits longer',
      deployment({ image: 'python:3.11', container: command('gunicorn, --timeout=30, "app:app"') }) +
        service('orders') +
        ingress(),
    ],
    [
      'a timeout is short, and that is all',
      deployment() + service('orders') + ingress('nginx.ingress.kubernetes.io/proxy-read-timeout: "2"'),
    ],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(timeoutOrder, text)).toEqual([]);
  });
});
