import { formatSeconds, parseGoDuration } from '../../base/quantities.ts';
import { valueOf } from '../../knowledge/known.ts';
import type { Fix } from '../../model/finding.ts';
import type { Container, Located, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { environmentEdit, flagEdit, manifestFix } from '../support/manifests/changes.ts';
import { judgedWorkloads, objectWords, placedSetting } from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';
import { defaultSetting } from '../support/settings.ts';

/** What servers permit by default. */
const MIN_INTERVAL = 'minimum time between pings';
const PERMITTED_SECONDS = valueOf('grpc-core', MIN_INTERVAL, null, 'server');

/** A client's time between pings. */
const CLIENT = /GRPC.*KEEP_?ALIVE.*(?:TIME|INTERVAL|PERIOD)(?:_(?:MS|MILLIS|S|SEC|SECS|SECONDS))?$/i;
/** Of the server, or no time between pings at all. */
const NOT_CLIENT = /MIN|SERVER|TIMEOUT|PERMIT|MAX|ENFORCE|AGE|IDLE/i;
/** What a server permits. */
const SERVER = /GRPC.*(?:MIN|PERMIT|ENFORCE).*(?:TIME|INTERVAL|PING|KEEP_?ALIVE)/i;

interface Said {
  seconds: number;
  name: string;
  said: Located<string>;
  container: Container;
}

export default definePrediction({
  id: 'grpc-too-many-pings',
  title: 'The server closes connections because the client pings too often',
  messages: {
    often:
      '{workload} pings every {every} ({setting}); gRPC servers permit one in {permitted} by default and end connections that ping more often',
    clear: 'no gRPC client pings more often than its server permits ({total:workload})',
  },
  predict({ cluster, report, clear }) {
    const judged = judgedWorkloads(cluster);
    const permitted = judged.flatMap((workload) => settingsOf(workload, (name) => SERVER.test(name)));
    // Nobody says which server it is: the most patient one that is set counts for all.
    const least = Math.min(PERMITTED_SECONDS, ...permitted.map(({ seconds }) => seconds));
    let total = 0;
    let reported = 0;
    for (const workload of judged) {
      const [found] = settingsOf(workload, (name) => CLIENT.test(name) && !NOT_CLIENT.test(name));
      if (found === undefined) continue;
      total++;
      const { seconds, name, said } = found;
      // Zero and the largest numbers turn pings off.
      if (seconds <= 0 || seconds >= least) continue;
      reported++;
      const permits = formatSeconds(PERMITTED_SECONDS);
      report({
        message: 'often',
        data: { workload: objectWords(workload), every: formatSeconds(seconds), setting: name, permitted: permits },
        subject: workload,
        severity: 'minor',
        severityBecause: 'each GOAWAY fails the calls in flight, and the next pays for a new connection',
        confidence: 'possible',
        confidenceBecause: 'these manifests do not say that its server permits more',
        assumed: ['the server keeps its default (one ping in 5 min)', 'calls last long, or pings go on without calls'],
        evidence: [{ says: `${name} ${said.value}`, place: said.place }],
        because: [
          placedSetting(objectWords(workload), name, formatSeconds(seconds), said.place),
          defaultSetting('gRPC server', 'least time between pings', permits, 'grpc/grpc doc/keepalive.md'),
        ],
        fix: [
          ...changesFor(workload, found, permits),
          advice(
            'code',
            `let the server permit it: a least time between pings below ${formatSeconds(seconds)}, and pings without calls`,
            'the gRPC server',
            'take the setting away',
          ),
        ],
      });
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'workloads' });
  },
});

function changesFor(workload: Workload, { container, name, said }: Said, permits: string): Fix[] {
  const value = inUnitOf(name, said.value, PERMITTED_SECONDS);
  const title = `${name}: ${permits} or more, as servers permit by default`;
  if (container.environment.some((variable) => variable.name === name)) {
    return [manifestFix(workload, title, [environmentEdit(workload, container, name, value)], 'environment')];
  }
  return container.fixedWords ? [] : [manifestFix(workload, title, [flagEdit(workload, container, name, value)])];
}

function settingsOf(workload: Workload, isMeant: (name: string) => boolean): Said[] {
  return running(workload).flatMap((container) => [
    ...container.environment.flatMap(({ name, value }) => {
      const seconds = isMeant(name) ? secondsOf(name, value.value) : null;
      return seconds === null ? [] : [{ seconds, name, said: value, container }];
    }),
    ...container.words.flatMap((word, index) => {
      // `--flag=10s`, or `--flag` and its value behind.
      const [flag = '', value = container.words[index + 1]?.value] = word.value.split('=', 2);
      const name = flag.replace(/^-+/, '').replaceAll(/[.-]/g, '_');
      const seconds = value !== undefined && flag.startsWith('-') && isMeant(name) ? secondsOf(name, value) : null;
      return seconds === null
        ? []
        : [{ seconds, name: flag, said: { value: value as string, place: word.place }, container }];
    }),
  ]);
}

// A bare number above this is of milliseconds: nobody pings once in a quarter of an hour.
const MOST_SECONDS = 900;

function secondsOf(name: string, value: string): number | null {
  if (!/^\d+$/.test(value)) return parseGoDuration(value);
  const count = Number(value);
  if (/_(?:MS|MILLIS)$/i.test(name)) return count / 1000;
  if (/_(?:S|SEC|SECS|SECONDS)$/i.test(name)) return count;
  return count > MOST_SECONDS ? count / 1000 : count;
}

function inUnitOf(name: string, before: string, seconds: number): string {
  if (!/^\d+$/.test(before)) return `${seconds}s`;
  return secondsOf(name, before) === Number(before) ? String(seconds) : String(seconds * 1000);
}
