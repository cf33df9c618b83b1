import { formatSeconds } from '../../base/quantities.ts';
import type { Fix, Predicted } from '../../model/finding.ts';
import type { Container, Place, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { environmentEdit, flagEdit, manifestFix } from '../support/manifests/changes.ts';
import type { Front, FrontTime } from '../support/manifests/front.ts';
import { frontsOf } from '../support/manifests/fronts.ts';
import { createLinks } from '../support/manifests/links.ts';
import { judgedWorkloads, meshOf, objectWords, placeWords } from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';
import { inUnitOf, keepAliveOf, type ServerTime } from '../support/manifests/servers.ts';

// So much longer must the server wait: clocks differ, and a request may be on its way.
const MARGIN_SECONDS = 5;

export default definePrediction({
  id: 'tcp-idle-reuse',
  title: 'Idle connections are used again just as the server closes them',
  messages: {
    earlier:
      '{workload} ({server}) closes idle connections after {closes}, {front} keeps them for {keeps}: a request can meet one that is being closed',
    clear: 'no server closes idle connections before what stands in front of it ({total:server})',
  },
  predict({ cluster, report, clear }) {
    const links = createLinks(cluster);
    let total = 0;
    let reported = 0;
    for (const workload of judgedWorkloads(cluster)) {
      for (const container of running(workload)) {
        const server = keepAliveOf(container, workload.software);
        if (server === null) continue;
        total++;
        const front = frontsOf(cluster, links, workload)
          // Behind a mesh's proxy, which speaks to it over the pod's own loopback, that one counts.
          .filter(({ object }) => meshOf(cluster, workload) === null || object.kind !== 'Ingress')
          .find(({ idle }) => idle !== null && server.seconds <= idle.seconds);
        if (front?.idle == null) continue;
        reported++;
        report(findingOf(workload, container, server, { ...front, idle: front.idle }));
      }
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'servers' });
  },
});

function findingOf(
  workload: Workload,
  container: Container,
  server: ServerTime,
  front: Front & { idle: FrontTime },
): Predicted<'earlier'> {
  const { asksAgain } = front;
  const isSure = asksAgain === null && (server.said !== null || !server.code);
  const place = server.said?.place ?? (container.words[0] ?? container.image)?.place ?? container.place;
  return {
    message: 'earlier',
    data: {
      workload: objectWords(workload),
      server: server.server,
      closes: formatSeconds(server.seconds),
      front: front.name,
      keeps: formatSeconds(front.idle.seconds),
    },
    subject: workload,
    severity: isSure ? 'minor' : 'info',
    severityBecause:
      asksAgain ??
      (isSure
        ? 'each such request fails with 502, or is sent again'
        : 'the program may set its own time, which manifests do not show'),
    confidence: isSure ? 'likely' : 'possible',
    confidenceBecause:
      server.said === null
        ? `${server.server} closes after ${formatSeconds(server.seconds)} by default`
        : `${server.setting} is set`,
    assumed: [
      ...(server.code ? ['the program does not set another time in its code'] : []),
      'connections are idle for so long now and then',
    ],
    evidence: [
      {
        says:
          server.said === null
            ? `${server.server} without ${server.setting}: ${formatSeconds(server.seconds)}`
            : `${server.setting} ${formatSeconds(server.seconds)}`,
        place,
      },
      { says: `${objectWords(front.object)}: ${front.name}`, place: front.idle.place ?? front.object.place },
    ],
    because: [
      settingOf(objectWords(workload), server.setting, server.seconds, server.said?.place ?? null, server.source),
      settingOf(front.name, front.idle.setting, front.idle.seconds, front.idle.place, front.idle.source),
    ],
    fix: fixesFor(workload, container, server, front.idle.seconds + MARGIN_SECONDS),
  };
}

const settingOf = (component: string, setting: string, seconds: number, place: Place | null, source: string) => ({
  component,
  setting,
  value: formatSeconds(seconds),
  origin: place === null ? ('default' as const) : ('manifest' as const),
  source: place === null ? source : placeWords(place),
  ...(place === null ? {} : { place }),
});

function fixesFor(workload: Workload, container: Container, server: ServerTime, seconds: number): Fix[] {
  return [
    ...changesFor(workload, container, server, seconds),
    advice(
      'code',
      `keep idle connections open for ${seconds} s or more in the server (${server.setting})`,
      objectWords(workload),
      'set the former time again',
    ),
  ];
}

function changesFor(workload: Workload, container: Container, { set, said }: ServerTime, seconds: number): Fix[] {
  if (set === null) return [];
  if ('flag' in set) {
    if (container.fixedWords) return [];
    const title = `${set.flag}=${seconds}: the server closes after what stands in front of it`;
    return [manifestFix(workload, title, [flagEdit(workload, container, set.flag, String(seconds))])];
  }
  const value = inUnitOf(set.variable, said?.value ?? '', seconds);
  const title = `${set.variable}=${value}: the server closes after what stands in front of it`;
  return [manifestFix(workload, title, [environmentEdit(workload, container, set.variable, value)], 'environment')];
}
