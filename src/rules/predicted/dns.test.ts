import { describe, expect, it } from 'vitest';
import { deployment, predictionOf } from '../support/testing/cluster-of.ts';
import race from './dns-race.ts';
import searchWalk from './dns-search-walk.ts';
import settingIgnored from './dns-setting-ignored.ts';

const REOPEN = 'dnsConfig:\n  options:\n    - name: single-request-reopen';
const PYTHON = 'python:3.11-slim-bookworm';
const GRPC = 'ports:\n  - {name: grpc, containerPort: 50051}';
const NATIVE = `${GRPC}\nenv:\n  - {name: GRPC_DNS_RESOLVER, value: native}`;
const node = (kernel: string): string =>
  `apiVersion: v1\nkind: Node\nmetadata: {name: a}\nstatus:\n  nodeInfo: {kernelVersion: ${kernel}}\n`;

const env = (value: string, name = 'API_URL'): string => `env:\n  - {name: ${name}, value: "${value}"}`;

const titles = async (image: string, container = '') =>
  (await predictionOf(race, deployment({ image, container })))[0]?.fix.map(({ title }) => title.split(/[ :]/)[0]);

describe('dns-race', () => {
  it('is worth knowing of glibc where no kernel is known, and more where one races', async () => {
    const orders = deployment({ image: 'node:20-bookworm' });
    expect(await predictionOf(race, orders)).toMatchObject([
      { severity: 'info', confidence: 'possible', basis: 'predicted', subject: { name: 'prod/orders' } },
    ]);
    expect(await predictionOf(race, orders, node('4.15.0-45-generic'))).toMatchObject([
      { severity: 'minor', confidence: 'likely' },
    ]);
    expect(await predictionOf(race, orders, node('5.10.0-8-amd64'))).toEqual([]);
  });

  it('offers only what the resolver heeds', async () => {
    expect(await titles('node:20-bookworm')).toEqual(['single-request-reopen', 'run', 'run']);
    expect(await titles('node:20-alpine')).toEqual(['run', 'run']);
    expect(await titles(PYTHON, GRPC)).toEqual(['GRPC_DNS_RESOLVER=native', 'run', 'run']);
  });

  it.each([
    ['the option is set', deployment({ image: 'node:20-bookworm', pod: REOPEN })],
    ['gRPC asks through libc, which heeds it', deployment({ image: PYTHON, pod: REOPEN, container: NATIVE })],
    ['pods ask the node', deployment({ image: 'node:20', pod: 'dnsPolicy: Default' })],
    ['it is on the host network', deployment({ image: 'node:20', pod: 'hostNetwork: true' })],
    ['Go asks from two ports', deployment({ image: 'golang:1.22' })],
    ['nothing tells what runs', deployment()],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(race, text)).toEqual([]);
  });

  it('is silent with a cache on each node', async () => {
    const cache = deployment({
      kind: 'DaemonSet',
      name: 'node-local-dns',
      image: 'registry.k8s.io/dns/k8s-dns-node-cache:1.23.0',
    });
    expect(await predictionOf(race, deployment({ image: 'node:20' }), cache)).toEqual([]);
  });
});

describe('dns-setting-ignored', () => {
  it('tells what ignores the option, and quotes its line', async () => {
    const [musl] = await predictionOf(settingIgnored, deployment({ image: 'node:20-alpine', pod: REOPEN }));
    expect(musl).toMatchObject({ severity: 'minor', confidence: 'likely' });
    expect(musl?.says).toBe('Deployment prod/orders sets single-request-reopen, which musl ignores');
    expect(musl?.evidence[0]?.place).toMatchObject({
      file: '0.yaml',
      line: 15,
      quote: '- name: single-request-reopen',
    });
    const [grpc] = await predictionOf(settingIgnored, deployment({ image: PYTHON, pod: REOPEN, container: GRPC }));
    expect(grpc).toMatchObject({ severity: 'minor', confidence: 'likely' });
    expect(grpc?.fix[0]?.edits).toMatchObject([
      { path: expect.arrayContaining([{ key: 'name', is: 'GRPC_DNS_RESOLVER' }]) },
    ]);
  });

  it('says so where it is only possible', async () => {
    expect(await predictionOf(settingIgnored, deployment({ pod: REOPEN, container: GRPC }))).toMatchObject([
      { severity: 'minor', confidence: 'possible' },
    ]);
  });

  it('knows words that no resolver knows', async () => {
    const typo = 'dnsConfig:\n  options:\n    - name: single-request-repoen';
    expect(await predictionOf(settingIgnored, deployment({ image: PYTHON, pod: typo }))).toMatchObject([
      { severity: 'minor' },
    ]);
  });

  it.each([
    ['glibc heeds it', deployment({ image: 'node:20-bookworm', pod: REOPEN })],
    ['gRPC asks through glibc', deployment({ image: PYTHON, pod: REOPEN, container: NATIVE })],
    ['gRPC is written in Go', deployment({ image: 'golang:1.22', pod: REOPEN, container: GRPC })],
    ['gRPC is written in Java', deployment({ image: 'eclipse-temurin:21-jre', pod: REOPEN, container: GRPC })],
    [
      'all heed it',
      deployment({ image: 'node:20-alpine', pod: 'dnsConfig:\n  options:\n    - {name: ndots, value: "2"}' }),
    ],
    ['nothing tells what runs', deployment({ pod: REOPEN })],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(settingIgnored, text)).toEqual([]);
  });
});

describe('dns-search-walk', () => {
  it('tells the names that are asked in vain first, and is only worth knowing', async () => {
    const [found] = await predictionOf(searchWalk, deployment({ container: env('https://api.example.com/v1') }));
    expect(found).toMatchObject({ severity: 'info', confidence: 'likely' });
    expect(found?.says).toContain('6 queries for names that cannot exist before api.example.com (ndots:5, 2 dots)');
    expect(found?.fix[0]?.edits?.[0]?.value).toEqual({ name: 'ndots', value: '2' });
  });

  it.each([
    ['the name ends with a dot', deployment({ container: env('https://api.example.com./v1') })],
    [
      'ndots is low',
      deployment({
        container: env('https://api.example.com'),
        pod: 'dnsConfig: {options: [{name: ndots, value: "1"}]}',
      }),
    ],
    ['the name is meant to be searched', deployment({ container: env('http://inventory.shop:8080') })],
    ['it is an address', deployment({ container: env('http://10.0.0.7:8080') })],
    ['pods ask the node', deployment({ container: env('https://api.example.com'), pod: 'dnsPolicy: Default' })],
    ['it is no host', deployment({ container: env('registry/app:1.2.3 com.example.Main app.yaml', 'IMAGE') })],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(searchWalk, text)).toEqual([]);
  });
});

const conf = (text: string) => ({ file: 'orders/resolv.conf', text });
const manifest = (parts: Parameters<typeof deployment>[0]) => ({ file: 'orders/k8s.yaml', text: deployment(parts) });

describe('a resolv.conf of a running pod, beside its manifest', () => {
  it('has options that its resolver ignores', async () => {
    const [found] = await predictionOf(
      settingIgnored,
      manifest({ image: 'node:20-alpine' }),
      conf('nameserver 10.96.0.10\noptions ndots:5 single-request-reopen\n'),
    );
    expect(found).toMatchObject({
      severity: 'minor',
      evidence: [{ place: { file: 'orders/resolv.conf', line: 2 } }, {}],
    });
  });

  it('has the search list that names walk', async () => {
    const [found] = await predictionOf(
      searchWalk,
      manifest({ container: 'env: [{name: API, value: "https://api.example.com"}]' }),
      conf(
        'search prod.svc.cluster.local svc.cluster.local cluster.local eu-west-1.compute.internal\noptions ndots:5\n',
      ),
    );
    expect(found?.says).toContain('asks 8 queries');
    const edit = found?.fix[0]?.edits?.[0];
    expect(edit?.list).toEqual({ key: 'options', items: [] });
  });

  it('has the option that keeps the pair apart', async () => {
    const parts = manifest({ image: 'php:8-fpm' });
    expect(await predictionOf(race, parts)).toHaveLength(1);
    expect(await predictionOf(race, parts, conf('options single-request-reopen\n'))).toEqual([]);
  });
});
