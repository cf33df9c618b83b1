import { parseBitRate } from '../../base/quantities.ts';
import { formatBytes } from '../../base/text.ts';
import type { Predicted } from '../../model/finding.ts';
import type { Located, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { editOf, manifestFix } from '../support/manifests/changes.ts';
import { judgedWorkloads, objectWords, placedSetting } from '../support/manifests/objects.ts';
import { defaultSetting } from '../support/settings.ts';
import { LINK_RATE } from '../support/exchanges/transfers.ts';

const BITS = 8;
// What pods' links carry at least.
const WIDE = '1G';
// As large as a page of results or an image.
const MEGABYTE = 1_000_000;

/** What the CNI's bandwidth plugin and Cilium read of a pod. */
const ANNOTATIONS = {
  'kubernetes.io/ingress-bandwidth': 'receive',
  'kubernetes.io/egress-bandwidth': 'send',
} as const;
type Annotation = keyof typeof ANNOTATIONS;

export default definePrediction({
  id: 'bandwidth-limit',
  title: 'Large bodies pass at the rate of a limit',
  messages: {
    limited: '{workload} may {does} {limit} bit/s ({annotation}): each megabyte takes {seconds} s',
    clear: 'no limit of a pod’s bandwidth is below what a body should take ({total:limit})',
  },
  predict({ cluster, report, clear, isObserved }) {
    let total = 0;
    let reported = 0;
    for (const workload of judgedWorkloads(cluster)) {
      for (const annotation of Object.keys(ANNOTATIONS) as Annotation[]) {
        const said = workload.podAnnotations.get(annotation);
        const rate = said === undefined ? null : parseBitRate(said.value);
        if (said === undefined || rate === null || rate <= 0) continue;
        total++;
        if (rate / BITS >= LINK_RATE && !isObserved(workload)) continue;
        reported++;
        report(findingOf(workload, annotation, said, rate / BITS));
      }
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'limits' });
  },
});

/** @param rate bytes a second */
function findingOf(
  workload: Workload,
  annotation: Annotation,
  { value, place }: Located<string>,
  rate: number,
): Predicted<'limited'> {
  const seconds = Number((MEGABYTE / rate).toPrecision(2));
  const pods = [...workload.pod.path.slice(0, -1), 'metadata', 'annotations', annotation];
  return {
    message: 'limited',
    data: { workload: objectWords(workload), does: ANNOTATIONS[annotation], limit: value, annotation, seconds },
    subject: workload,
    severity: 'info',
    severityBecause: 'whether bodies are so large, only a capture tells',
    confidence: 'possible',
    confidenceBecause: 'a limit alone slows nobody who sends little',
    assumed: ['its CNI enforces the annotation (the bandwidth plugin, Cilium’s bandwidth manager)'],
    evidence: [{ says: `${annotation}: ${value}, that is ${formatBytes(rate)}/s`, place }],
    because: [
      placedSetting(objectWords(workload), annotation, value, place),
      defaultSetting(objectWords(workload), 'bodies', 'of a megabyte and more', 'assumed; a capture shows their sizes'),
    ],
    fix: [manifestFix(workload, `${annotation}: ${WIDE}, or none`, [editOf(workload, pods, WIDE)])],
  };
}
