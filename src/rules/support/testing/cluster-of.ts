import * as yaml from 'yaml';
import { createCollector } from '../../../cluster/collect.ts';
import { readManifestText } from '../../../cluster/manifest-text.ts';
import { predict } from '../../../diagnosis/predict.ts';
import type { Finding } from '../../../model/diagnosis.ts';
import type { Cluster } from '../../../model/workload.ts';
import type { Prediction } from '../define-prediction.ts';

/** What manifests say, as it would be read from files of these names. */
export async function clusterOf(...texts: readonly string[]): Promise<Cluster> {
  const collector = createCollector();
  for (const [index, text] of texts.entries()) {
    await readManifestText(`${index}.yaml`, text, collector, () => Promise.resolve(yaml));
  }
  return collector.cluster();
}

/** What a configuration side says of them. */
export async function predictionOf(prediction: Prediction, ...texts: readonly string[]): Promise<Finding[]> {
  return predict(await clusterOf(...texts), [prediction]).found.map(({ finding }) => finding);
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
