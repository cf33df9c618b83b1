import { describe, expect, it } from 'vitest';
import type { Workload } from '../model/workload.ts';
import { clusterOf, deployment, type File } from '../rules/support/testing/cluster-of.ts';

const listed = (file: string): File => ({ file, text: 'grpcio==1.51.1\n' });
const own = (file: string, name: string, image = `registry.example.com/${name}:1`): File => ({
  file,
  text: deployment({ name, image }),
});

const made = async (...files: File[]): Promise<string[]> =>
  (await clusterOf(...files)).workloads.filter(({ software }) => software.length > 0).map(({ name }) => name);

describe('lock files and workloads', () => {
  it('belong together by the name of a folder, which is the workload’s or its image’s', async () => {
    const users = own('k8s/users.yaml', 'users');
    const lock = listed('services/orders/requirements.txt');
    expect(await made(own('k8s/orders.yaml', 'orders'), users, lock)).toEqual(['orders']);
    expect(await made(own('k8s/orders.yaml', 'orders-v2', 'r.io/shop/orders:1'), users, lock)).toEqual(['orders-v2']);
  });

  it('belong together below one folder, where one program can be meant', async () => {
    expect(await made(own('k8s/orders.yaml', 'orders'), listed('requirements.txt'))).toEqual(['orders']);
    const both = [own('k8s/api.yaml', 'api', 'r.io/shop:1'), own('k8s/worker.yaml', 'worker', 'r.io/shop:2')];
    expect(await made(...both, listed('requirements.txt'))).toEqual(['api', 'worker']);
    expect(await made(own('x/k8s/orders.yaml', 'orders'), listed('x/src/requirements.txt'))).toEqual(['orders']);
  });

  it('do not where several programs are', async () => {
    const both = [own('k8s/orders.yaml', 'orders'), own('k8s/users.yaml', 'users')];
    expect(await made(...both, listed('requirements.txt'))).toEqual([]);
    expect(await made(...both, listed('src/requirements.txt'))).toEqual([]);
  });

  it('have nothing to do with what others publish', async () => {
    const files = [
      own('k8s/a.yaml', 'orders'),
      own('k8s/b.yaml', 'redis', 'redis:7-alpine'),
      own('k8s/c.yaml', 'kiam', 'quay.io/uswitch/kiam:v3.6'),
    ];
    expect(await made(...files, listed('requirements.txt'))).toEqual(['orders']);
  });

  it('stand apart in folders that are not above', async () => {
    expect(await made(own('a/k8s.yaml', 'orders'), listed('b/requirements.txt'))).toEqual([]);
  });
});

const containerOf = async (container: string, ...files: File[]) => {
  const { workloads } = await clusterOf({ file: 'k8s/orders.yaml', text: deployment({ container }) }, ...files);
  return (workloads[0] as Workload).pod.containers[0] as Workload['pod']['containers'][number];
};

describe('what a container is given from elsewhere', () => {
  const settings =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: prod}\ndata: {A: "1", B: "2"}\n';

  it('are variables of ConfigMaps: its own stand over those', async () => {
    const found = await containerOf(
      'env:\n  - {name: A, value: own}\n  - name: C\n    valueFrom: {configMapKeyRef: {name: settings, key: B}}\nenvFrom:\n  - configMapRef: {name: settings}\n    prefix: X_\n  - configMapRef: {name: settings}',
      settings,
    );
    expect(found.environment.map(({ name, value }) => [name, value.value])).toEqual([
      ['A', 'own'],
      ['C', '2'],
      ['X_A', '1'],
      ['X_B', '2'],
      ['B', '2'],
    ]);
    expect(found.environment[1]).toMatchObject({ key: 'B', configMap: { name: 'settings' } });
  });

  it('are what its image sets and starts, where the manifest says nothing else', async () => {
    const dockerfile: File = {
      file: 'Dockerfile',
      text: 'FROM python:3.12\nENV A=1 B=2\nENTRYPOINT ["tini", "--"]\nCMD ["gunicorn", "app"]\n',
    };
    const plain = await containerOf('env:\n  - {name: A, value: own}', dockerfile);
    expect(plain.words.map(({ value }) => value)).toEqual(['tini', '--', 'gunicorn', 'app']);
    expect(plain.fixedWords).toBe(true);
    expect(plain.environment.map(({ name, value }) => [name, value.value])).toEqual([
      ['A', 'own'],
      ['B', '2'],
    ]);
    const other = await containerOf('args: [python, -m, app]', dockerfile);
    expect(other.words.map(({ value }) => value)).toEqual(['tini', '--', 'python', '-m', 'app']);
    expect(other.fixedWords).toBe(false);
    const whole = await containerOf('command: [python]\nargs: [-m, app]', dockerfile);
    expect(whole.words.map(({ value }) => value)).toEqual(['python', '-m', 'app']);
  });
});
