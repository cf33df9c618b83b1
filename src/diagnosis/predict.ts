import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import type { Predicted, Quote } from '../model/finding.ts';
import type { Cluster, Place, Workload } from '../model/workload.ts';
import type { Prediction } from '../rules/support/define-prediction.ts';
import { fixRow, messageOf } from './finding-row.ts';

/** What was predicted, with the object that it is about. */
export interface PredictedFinding {
  finding: Finding;
  predicted: Predicted;
}

export interface Predictions {
  found: PredictedFinding[];
  ruledOut: Diagnosis['ruledOut'];
}

/**
 * Asks the rules' configuration sides about all manifests.
 * @param observed whether a capture shows a rule's pathology at a workload
 */
export function predict(
  cluster: Cluster,
  predictions: readonly Prediction[],
  observed: (rule: string, workload: Workload) => boolean = () => false,
): Predictions {
  const found: PredictedFinding[] = [];
  const ruledOut: Diagnosis['ruledOut'] = [];
  for (const prediction of predictions) {
    const reports: Predicted[] = [];
    prediction.predict({
      cluster,
      isObserved: (workload) => observed(prediction.id, workload),
      report: (predicted) => void reports.push(predicted),
      clear: (message, data, examined) =>
        void ruledOut.push({ rule: prediction.id, says: messageOf(prediction, message, data), examined }),
    });
    for (const predicted of reports) {
      found.push({ predicted, finding: predictedRow(prediction, predicted, cluster) });
    }
  }
  return { found, ruledOut };
}

const NO_COST = { totalSeconds: 0, p50Seconds: 0, maxSeconds: 0, shareOfLatency: 0 };

function predictedRow(prediction: Prediction, predicted: Predicted, cluster: Cluster): Finding {
  const { subject } = predicted;
  return {
    rule: prediction.id,
    title: prediction.title,
    severity: predicted.severity,
    severityBecause: predicted.severityBecause,
    confidence: predicted.confidence,
    confidenceBecause: predicted.confidenceBecause,
    basis: 'predicted',
    says: messageOf(prediction, predicted.message, predicted.data),
    subject: { kind: subject.kind, name: nameOf(subject), workload: nameOf(subject) },
    occurrences: { count: 1, of: Math.max(1, cluster.workloads.length), unit: 'objects' },
    affected: null,
    cost: NO_COST,
    input: 0,
    examples: [],
    evidence: predicted.evidence.map((quote) => quoteRow(cluster, quote)),
    assumed: [...predicted.assumed],
    filter: null,
    because: predicted.because.map(({ place, ...setting }) => ({
      ...setting,
      source: place === undefined ? setting.source : placeWords(place),
      ...(place === undefined ? {} : { place: placeRow(cluster, place) }),
    })),
    fix: predicted.fix.map(fixRow),
    whatIf: null,
    whatIfBecause: 'no capture was read',
    absorbs: [],
    documentation: `kubelag rules ${prediction.id}`,
  };
}

/** `prod/checkout`. */
export const nameOf = ({ namespace, name }: { namespace: string; name: string }): string =>
  namespace === '' ? name : `${namespace}/${name}`;

type PlaceRow = NonNullable<Finding['evidence'][number]['place']>;

const placeRow = (cluster: Cluster, place: Place): PlaceRow => ({
  file: place.file,
  line: place.line,
  column: place.column,
  range: [place.range[0], place.range[1]],
  quote: cluster.quote(place),
});

export const placeWords = ({ file, line }: { file: string; line: number }): string =>
  `${file === '-' ? 'standard input' : file}:${line}`;

/** A line of a manifest as evidence: it has no packets. */
const quoteRow = (cluster: Cluster, { says, place }: Quote): Finding['evidence'][number] => ({
  says,
  packets: [],
  ...(place === null ? {} : { place: placeRow(cluster, place) }),
});
