import { describe, expect, it } from 'vitest';
import type { MapNode, Node, ScalarNode } from '../yaml/node.ts';
import { distinguishing, environmentsOf, type Root } from './environments.ts';
import { idOf, type Resource } from './resource.ts';
import { mapAtPlace, scalarAtPlace } from './tree.ts';

const AT = { start: 0, end: 0 };
const scalar = (text: string): ScalarNode => scalarAtPlace(text, AT);

function resource(kind: string, name: string, file: string): Resource {
  const entries: [string, Node][] = [
    ['apiVersion', scalar('apps/v1')],
    ['kind', scalar(kind)],
    ['metadata', mapAtPlace([['name', scalar(name)]], AT)],
  ];
  const node: MapNode = mapAtPlace(entries, AT);
  return { node, ids: [idOf(node)], layers: [{ folder: '', file, span: [0, 0], start: 0, isPatch: false }] };
}

const root = (folder: string, ...resources: Resource[]): Root => ({
  folder,
  build: { resources, folders: new Set([folder]), files: new Set() },
});
const named = (...roots: Root[]): Record<string, string[]> =>
  Object.fromEntries(environmentsOf(roots).map(({ name, roots: own }) => [name, own.map(({ folder }) => folder)]));

const orders = resource('Deployment', 'orders', 'orders.yaml');
const pay = resource('Deployment', 'pay', 'pay.yaml');
const renamed = resource('Deployment', 'p-orders', 'orders.yaml');

describe('which kustomizations stand in one cluster', () => {
  it('all where none makes what another makes', () => {
    expect(named(root('orders', orders), root('pay', pay))).toEqual({ '': ['orders', 'pay'] });
  });

  it('overlays of one base by their names, whatever they call its objects', () => {
    expect(named(root('overlays/dev', orders), root('overlays/prod', renamed))).toEqual({
      dev: ['overlays/dev'],
      prod: ['overlays/prod'],
    });
  });

  it('those of several programs of one name, and with each what has no overlay', () => {
    expect(
      named(
        root('orders/overlays/dev', orders),
        root('orders/overlays/prod', orders),
        root('pay/overlays/prod', pay),
        root('pay/overlays/eu', pay),
        root('dns', resource('Deployment', 'coredns', 'dns.yaml')),
      ),
    ).toEqual({
      dev: ['dns', 'orders/overlays/dev'],
      prod: ['dns', 'orders/overlays/prod', 'pay/overlays/prod'],
      eu: ['dns', 'pay/overlays/eu'],
    });
  });

  it('no more for what all share, such as a namespace', () => {
    const shared = resource('Namespace', 'prod', 'namespace.yaml');
    expect(named(root('orders', orders, shared), root('pay', pay, shared))).toEqual({ '': ['orders', 'pay'] });
  });
});

describe('what tells paths apart', () => {
  it.each([
    [
      ['overlays/dev', 'overlays/prod'],
      ['dev', 'prod'],
    ],
    [
      ['clusters/dev/apps', 'clusters/prod/apps'],
      ['dev', 'prod'],
    ],
    [
      ['o/prod/eu', 'o/prod/us', 'o/dev'],
      ['prod/eu', 'prod/us', 'dev'],
    ],
    [
      ['k8s', 'k8s/prod'],
      ['k8s', 'prod'],
    ],
    [
      ['.', 'prod'],
      ['.', 'prod'],
    ],
  ])('%s', (paths, names) => {
    expect(distinguishing(paths)).toEqual(names);
  });
});
