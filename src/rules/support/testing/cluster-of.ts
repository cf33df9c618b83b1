import * as yaml from 'yaml';
import { createCollector } from '../../../cluster/collect.ts';
import { readText } from '../../../cluster/read.ts';
import { predict } from '../../../diagnosis/predict.ts';
import type { Finding } from '../../../model/diagnosis.ts';
import type { Cluster, Manifests } from '../../../model/workload.ts';
import type { Prediction } from '../define-prediction.ts';

/** A manifest, or a file that stands beside manifests, by its name. */
export type File = string | { file: string; text: string };

/** What manifests say, as it would be read from files of these names. */
export async function clusterOf(...files: readonly File[]): Promise<Cluster> {
  const collector = createCollector();
  for (const [index, one] of files.entries()) {
    const { file, text } = typeof one === 'string' ? { file: `${index}.yaml`, text: one } : one;
    await readText(file, text, collector, () => Promise.resolve(yaml));
  }
  return collector.cluster();
}

/** As if it was all that was read. */
export const oneCluster = (cluster: Cluster): Manifests => ({
  environments: [{ name: '', cluster }],
  objects: cluster.objects,
  workloads: cluster.workloads.length,
  kustomizations: [],
  outside: [],
});

/** What a configuration side says of them. */
export async function predictionOf(prediction: Prediction, ...files: readonly File[]): Promise<Finding[]> {
  return predict(await clusterOf(...files), [prediction]).found.map(({ finding }) => finding);
}

interface Parts {
  kind?: string;
  name?: string;
  image?: string;
  /** Lines of the pod's spec, each indented as a key of it. */
  pod?: string;
  /** Lines of the container. */
  container?: string;
  replicas?: number;
  labels?: string;
  annotations?: string;
}

const indented = (text: string, by: number): string =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${' '.repeat(by)}${line}\n`)
    .join('');

/** A Deployment as people write it. */
export const deployment = ({
  kind = 'Deployment',
  name = 'orders',
  image = 'registry.example.com/orders:1',
  pod = '',
  container = '',
  replicas,
  labels = `app: ${name}`,
  annotations = '',
}: Parts = {}): string =>
  `apiVersion: apps/v1
kind: ${kind}
metadata:
  name: ${name}
  namespace: prod
spec:
${replicas === undefined ? '' : `  replicas: ${replicas}\n`}  selector:
    matchLabels: {${labels}}
  template:
    metadata:
      labels: {${labels}}
${annotations === '' ? '' : `      annotations: {${annotations}}\n`}    spec:
${indented(pod, 6)}      containers:
        - name: ${name}
          image: ${image}
${indented(container, 10)}`;
