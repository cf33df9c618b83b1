import { describe, expect, it } from 'vitest';
import type { Cluster, Software } from '../../../model/workload.ts';
import { clusterOf, deployment } from '../testing/cluster-of.ts';
import { createSoftware } from './software.ts';

const listed = (file: string): Software => ({
  component: 'grpcio',
  version: '1.51.1',
  quote: { value: 'grpcio==1.51.1', place: { file, line: 1, column: 1, range: [0, 1] } },
});

/** A cluster whose workloads stand in these files. */
async function placed(files: Readonly<Record<string, string>>, ...software: Software[]): Promise<Cluster> {
  const cluster = await clusterOf(...Object.values(files));
  const names = Object.keys(files);
  const workloads = cluster.workloads.map((workload) => ({
    ...workload,
    place: { ...workload.place, file: names[Number.parseInt(workload.place.file, 10)] as string },
  }));
  return { ...cluster, workloads, software };
}

const found = (cluster: Cluster): string[] => {
  const softwareOf = createSoftware(cluster);
  return cluster.workloads.filter((workload) => softwareOf(workload).length > 0).map(({ name }) => name);
};

const own = (name: string, image = `registry.example.com/${name}:1`): string => deployment({ name, image });

describe('lock files and workloads', () => {
  it('belong together by the name of a folder', async () => {
    const files = { 'k8s/orders.yaml': own('orders'), 'k8s/users.yaml': own('users') };
    expect(found(await placed(files, listed('services/orders/requirements.txt')))).toEqual(['orders']);
  });

  it('belong together below one folder, where one program can be meant', async () => {
    expect(found(await placed({ 'k8s/orders.yaml': own('orders') }, listed('requirements.txt')))).toEqual(['orders']);
    const both = { 'k8s/api.yaml': own('api', 'r.io/shop:1'), 'k8s/worker.yaml': own('worker', 'r.io/shop:2') };
    expect(found(await placed(both, listed('requirements.txt')))).toEqual(['api', 'worker']);
  });

  it('do not where several programs are', async () => {
    const files = { 'k8s/orders.yaml': own('orders'), 'k8s/users.yaml': own('users') };
    expect(found(await placed(files, listed('requirements.txt')))).toEqual([]);
  });

  it('have nothing to do with what others publish', async () => {
    const files = {
      'k8s/a.yaml': own('orders'),
      'k8s/b.yaml': own('redis', 'redis:7-alpine'),
      'k8s/c.yaml': own('kiam', 'quay.io/uswitch/kiam:v3.6'),
    };
    expect(found(await placed(files, listed('requirements.txt')))).toEqual(['orders']);
  });

  it('stand apart in folders that are not above', async () => {
    expect(found(await placed({ 'a/k8s.yaml': own('orders') }, listed('b/requirements.txt')))).toEqual([]);
  });
});
