import { formatSeconds } from '../../base/quantities.ts';
import type { Predicted } from '../../model/finding.ts';
import type { Cluster, Located, Place, Route, RouteRule, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { createLinks, type Links } from '../support/manifests/links.ts';
import type { Front, FrontTime } from '../support/manifests/front.ts';
import { frontOf, frontsOf } from '../support/manifests/fronts.ts';
import {
  judgedWorkloads,
  objectWords,
  placedSetting,
  placeWords,
  sameNamespace,
} from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';
import { workTimeOf, type ServerTime } from '../support/manifests/servers.ts';

export default definePrediction({
  id: 'timeout-order',
  title: 'A hop in between gives up before the answer comes',
  messages: {
    retries: '{route} gives up after {outer}, but one try may take {inner}: its retries never run',
    inner: '{front} gives up after {outer}, while {workload} works on a request for {inner} ({setting})',
    short: '{route} lets {front} give up after {outer}',
    clear: 'no outer timeout is shorter than the inner one ({total:route})',
  },
  predict({ cluster, report, clear, isObserved }) {
    const links = createLinks(cluster);
    let reported = 0;
    for (const route of cluster.routes) {
      for (const rule of route.rules) {
        const finding = retriesOf(route, rule);
        if (finding === null) continue;
        reported++;
        report(finding);
      }
      const seen = payersOf(cluster, links, route);
      const front = frontOf(cluster, route);
      if (front?.wait?.place == null || !seen.some(isObserved)) continue;
      reported++;
      report(shortOf(route, { ...front, wait: front.wait }, front.wait.place, seen));
    }
    for (const workload of judgedWorkloads(cluster)) {
      for (const container of running(workload)) {
        const work = workTimeOf(container);
        if (work === null || work.said === null) continue;
        const front = frontsOf(cluster, links, workload).find(
          ({ wait }) => wait !== null && wait.seconds < work.seconds,
        );
        if (front?.wait == null) continue;
        reported++;
        report(innerOf(workload, work, work.said, { ...front, wait: front.wait }));
      }
    }
    if (reported === 0 && cluster.routes.length > 0) {
      clear('clear', { total: cluster.routes.length }, { count: cluster.routes.length, unit: 'routes' });
    }
  },
});

/** The time for all tries is over with the first. */
function retriesOf(route: Route, { timeout, tryTimeout, attempts }: RouteRule): Predicted<'retries'> | null {
  if (timeout === null || tryTimeout === null || timeout.value <= 0) return null;
  if (attempts?.value === 0 || timeout.value > tryTimeout.value) return null;
  // Gateway API: `request` must not be shorter than `backendRequest`, and may be the same without retries.
  if (attempts === null && timeout.value === tryTimeout.value) return null;
  return {
    message: 'retries',
    data: { route: objectWords(route), outer: formatSeconds(timeout.value), inner: formatSeconds(tryTimeout.value) },
    subject: route,
    severity: 'minor',
    severityBecause: 'what was meant to mend a slow try ends the request',
    confidence: 'likely',
    confidenceBecause: 'both times stand in one rule',
    assumed: ['a try takes as long as it may now and then'],
    evidence: [
      { says: `all tries together: ${formatSeconds(timeout.value)}`, place: timeout.place },
      { says: `each try: ${formatSeconds(tryTimeout.value)}`, place: tryTimeout.place },
    ],
    because: [
      placedSetting(objectWords(route), 'timeout', formatSeconds(timeout.value), timeout.place),
      placedSetting(objectWords(route), 'timeout of a try', formatSeconds(tryTimeout.value), tryTimeout.place),
    ],
    fix: [
      advice(
        'manifest',
        'a timeout longer than the tries together, or a shorter one for each try',
        objectWords(route),
        'set the former times again',
      ),
    ],
  };
}

type Waiting = Front & { wait: FrontTime };

function innerOf(workload: Workload, work: ServerTime, said: Located<string>, front: Waiting): Predicted<'inner'> {
  const isSet = front.wait.place !== null;
  return {
    message: 'inner',
    data: {
      front: front.name,
      outer: formatSeconds(front.wait.seconds),
      workload: objectWords(workload),
      inner: formatSeconds(work.seconds),
      setting: work.setting,
    },
    subject: workload,
    severity: isSet ? 'minor' : 'info',
    severityBecause: isSet
      ? 'callers get 504 for answers that are still being made'
      : 'requests may never take so long',
    confidence: isSet ? 'likely' : 'possible',
    confidenceBecause: isSet ? 'both times are set' : `${front.wait.setting} stands at its default`,
    assumed: [`a request takes longer than ${formatSeconds(front.wait.seconds)} now and then`],
    evidence: [
      { says: `${work.setting} ${formatSeconds(work.seconds)}`, place: said.place },
      { says: `${objectWords(front.object)}: ${front.name}`, place: front.wait.place ?? front.object.place },
    ],
    because: [
      waitSetting(front),
      placedSetting(objectWords(workload), work.setting, formatSeconds(work.seconds), said.place),
    ],
    fix: [
      advice(
        'manifest',
        `${front.wait.setting} of ${formatSeconds(work.seconds)} or more, or a shorter ${work.setting}`,
        objectWords(front.object),
        'set the former time again',
      ),
    ],
  };
}

/** What explains a request that was given up: never by itself a fault. */
const shortOf = (route: Route, front: Waiting, place: Place, payers: readonly Workload[]): Predicted<'short'> => ({
  message: 'short',
  data: { route: objectWords(route), front: front.name, outer: formatSeconds(front.wait.seconds) },
  subject: route,
  payers,
  severity: 'info',
  severityBecause: 'a short timeout is no fault by itself',
  confidence: 'possible',
  confidenceBecause: 'how long answers take, only a capture tells',
  assumed: [`an answer takes longer than ${formatSeconds(front.wait.seconds)} now and then`],
  evidence: [{ says: `${front.wait.setting} ${formatSeconds(front.wait.seconds)}`, place }],
  because: [waitSetting(front)],
  fix: [
    advice(
      'manifest',
      `a longer ${front.wait.setting}, once the answer cannot be made sooner`,
      objectWords(route),
      'set the former time again',
    ),
  ],
});

const waitSetting = ({ name, wait: { setting, seconds, place, source } }: Waiting) => ({
  component: name,
  setting,
  value: formatSeconds(seconds),
  origin: place === null ? ('default' as const) : ('manifest' as const),
  source: place === null ? source : placeWords(place),
  ...(place === null ? {} : { place }),
});

/** The workloads behind a route, and the gateways that serve it. */
const payersOf = (cluster: Cluster, links: Links, route: Route): Workload[] => [
  ...cluster.services
    .filter(
      (service) => sameNamespace(route, service) && route.rules.some(({ backends }) => backends.includes(service.name)),
    )
    .flatMap(links.workloadsOf),
  ...cluster.workloads.filter(({ pod }) =>
    pod.containers.some(({ image }) => /ingress|nginx|haproxy|traefik|envoy/.test(image?.value ?? '')),
  ),
];
