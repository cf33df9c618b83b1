import { knownDefault, valueOf } from '../../knowledge/known.ts';
import type { Fix, Predicted } from '../../model/finding.ts';
import type { Container, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { environmentEdit, manifestFix } from '../support/manifests/changes.ts';
import { javaProperties, type JavaProperty } from '../support/manifests/jvm.ts';
import { notArrived } from '../support/manifests/not-arrived.ts';
import { judgedWorkloads, objectWords, placedSetting } from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';
import { defaultSetting } from '../support/settings.ts';

/** The system property that the JVM heeds (OpenJDK sun.net.InetAddressCachePolicy). */
const PROPERTY = 'sun.net.inetaddr.ttl';
const SECURITY_PROPERTY = 'networkaddress.cache.ttl';
const DEFAULT_SECONDS = valueOf('jvm', SECURITY_PROPERTY, null, 'without SecurityManager');

export default definePrediction({
  id: 'dns-lookup-per-request',
  title: 'The same name is looked up again for each connection',
  messages: {
    uncached: '{workload} lets the JVM keep no address (-D{property}=0): each new connection looks its name up again',
    contrary:
      '{workload} lets the JVM keep addresses for {seconds} s, yet looks names up again: what runs is not what this file says, or another resolver asks',
    clear: 'no JVM is told to keep no addresses ({total:JVM} with a word on it)',
  },
  predict({ cluster, report, clear, isObserved }) {
    let total = 0;
    let reported = 0;
    for (const workload of judgedWorkloads(cluster)) {
      for (const container of running(workload)) {
        const property = javaProperties(container).find(({ name }) => name === PROPERTY);
        if (property === undefined || !/^-?\d+$/.test(property.value)) continue;
        total++;
        if (Number(property.value) === 0) report(uncached(workload, container, property));
        else if (isObserved(workload)) report(contrary(workload, property));
        else continue;
        reported++;
      }
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'JVMs' });
  },
});

const baseOf = (workload: Workload, { name, value, said }: JavaProperty) => ({
  subject: workload,
  evidence: [{ says: `-D${name}=${value}`, place: said.place }] as const,
  because: [
    placedSetting(objectWords(workload), name, `${value} s`, said.place),
    defaultSetting(
      'JVM',
      SECURITY_PROPERTY,
      `${DEFAULT_SECONDS} s`,
      knownDefault('jvm', SECURITY_PROPERTY, null, 'without SecurityManager')?.source ?? '',
    ),
  ],
});

const uncached = (workload: Workload, container: Container, property: JavaProperty): Predicted<'uncached'> => ({
  ...baseOf(workload, property),
  message: 'uncached',
  data: { workload: objectWords(workload), property: PROPERTY },
  severity: 'info',
  severityBecause: 'each costs a round trip to the cluster DNS, mostly under a millisecond',
  confidence: 'likely',
  confidenceBecause: 'the JVM reads it when it starts',
  assumed: ['java.security of its image sets no other time'],
  fix: fixesFor(workload, container, property),
});

const contrary = (workload: Workload, property: JavaProperty): Predicted<'contrary'> => ({
  ...baseOf(workload, property),
  ...notArrived(
    workload,
    'look at the command line of the running JVM (jcmd 1 VM.system_properties), and for a resolver of its own (Netty)',
  ),
  data: { workload: objectWords(workload), seconds: property.value },
  confidence: 'likely',
  confidenceBecause: 'within this time the JVM asks for no name again',
  assumed: ['the lookups are of this container, and of java.net.InetAddress'],
});

function fixesFor(workload: Workload, container: Container, { said, variable }: JavaProperty): Fix[] {
  const title = `-D${PROPERTY}=${DEFAULT_SECONDS}, as the JVM does by default`;
  if (variable === null) return [advice('manifest', title, objectWords(workload), 'set the former time again')];
  const value = said.value.replace(`-D${PROPERTY}=0`, `-D${PROPERTY}=${DEFAULT_SECONDS}`);
  return [
    {
      ...manifestFix(workload, title, [environmentEdit(workload, container, variable, value)], 'environment'),
      risk: `an address that changes is used for ${DEFAULT_SECONDS} s more; the pods start anew`,
    },
  ];
}
