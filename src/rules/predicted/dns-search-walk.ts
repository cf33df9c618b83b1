import { NDOTS } from '../../knowledge/cluster-defaults.ts';
import type { Fix, Predicted } from '../../model/finding.ts';
import type { Place, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { manifestFix, optionEdit } from '../support/manifests/changes.ts';
import { asksClusterDns, dnsOption } from '../support/manifests/dns.ts';
import { hasAutopath, namedHosts, type NamedHost } from '../support/manifests/names.ts';
import { notInResolvConf } from '../support/manifests/not-arrived.ts';
import { judgedWorkloads, objectWords, placedSetting } from '../support/manifests/objects.ts';

// What the kubelet writes for ClusterFirst: the namespace's, `svc` and the cluster's own.
const SUFFIXES = 3;
const DEFAULT_NDOTS = 5;
// A and AAAA for each name.
const FAMILIES = 2;

export default definePrediction({
  id: 'dns-search-walk',
  title: 'Names are tried with every search suffix first',
  messages: {
    walked: '{workload} asks {dead:query} for names that cannot exist before {name} (ndots:{ndots}, {dots:dot})',
    contrary:
      '{workload} sets ndots:{ndots}, yet its lookups walk the search list: what runs is not what this file says',
    autopath: 'CoreDNS walks the search list itself (autopath)',
    clear: 'no workload names a host that would walk the search list ({total:workload})',
  },
  predict({ cluster, report, clear, isObserved }) {
    const workloads = judgedWorkloads(cluster).filter(asksClusterDns);
    if (workloads.length === 0) return;
    const examined = { count: workloads.length, unit: 'workloads' };
    if (hasAutopath(cluster)) return clear('autopath', {}, examined);
    let reported = 0;
    for (const workload of workloads) {
      const option = dnsOption(workload, 'ndots');
      const ndots = Number(option?.value?.value ?? DEFAULT_NDOTS);
      const walking = namedHosts(workload).filter(
        ({ host, dots }) => !host.endsWith('.') && dots < ndots && !isMeantToWalk(host, dots),
      );
      const [first] = walking;
      if (first === undefined && option !== null && ndots < DEFAULT_NDOTS && isObserved(workload)) {
        reported++;
        report({ ...contrary(workload, option.name.place, ndots) });
      }
      if (first === undefined) continue;
      reported++;
      const { resolvConf, searches } = workload.pod;
      const suffixes = resolvConf?.searches.length ?? SUFFIXES + searches.length;
      report({
        message: 'walked',
        data: {
          workload: objectWords(workload),
          dead: suffixes * FAMILIES,
          name: walking.length === 1 ? first.host : `${first.host} and ${walking.length - 1} more`,
          ndots,
          dots: first.dots,
        },
        subject: workload,
        // Some round trips inside the cluster; what they cost, only a capture tells.
        severity: 'info',
        severityBecause: 'each costs a round trip to the cluster DNS, mostly under a millisecond',
        confidence: 'likely',
        confidenceBecause: 'every resolver with a search list asks in this order',
        assumed: ['the program looks the name up as it is written, and keeps no answers'],
        evidence: [
          {
            says: `${first.variable === '' ? 'its command' : first.variable} names ${first.host}`,
            place: first.said.place,
          },
          ...(option === null ? [] : [{ says: `ndots ${ndots}`, place: option.name.place }]),
        ],
        because: [
          option === null
            ? { ...NDOTS, origin: 'default' }
            : placedSetting('dnsConfig', 'ndots', String(ndots), option.name.place),
          placedSetting('the name', `dots in ${first.host}`, `${first.dots}, no trailing dot`, first.said.place),
        ],
        fix: fixesFor(workload, walking),
      });
    }
    if (reported === 0) clear('clear', { total: workloads.length }, examined);
  },
});

const contrary = (workload: Workload, place: Place, ndots: number): Predicted<'contrary'> => ({
  ...notInResolvConf(workload),
  data: { workload: objectWords(workload), ndots },
  subject: workload,
  confidence: 'likely',
  confidenceBecause: `no lookup of a name with ${ndots} dots or more walks with ndots:${ndots}`,
  assumed: ['the names that were looked up have so many dots'],
  evidence: [{ says: `ndots ${ndots}`, place }],
  because: [placedSetting('dnsConfig', 'ndots', String(ndots), place)],
});

/** `service.namespace` needs the search list to be found. */
const isMeantToWalk = (host: string, dots: number): boolean => {
  if (host.endsWith('.svc')) return true;
  return dots === 1 && !PUBLIC_SUFFIX.test(host);
};

/** Of two labels only these are taken for names outside the cluster. */
const PUBLIC_SUFFIX = /\.(?:com|net|org|io|dev|cloud|app|ai|co|eu|de|fr|uk|us|gov|edu)$/;

function fixesFor(workload: Workload, walking: readonly NamedHost[]): Fix[] {
  // `service.namespace` (one dot) still goes through the search list.
  const ndots = Math.min(2, ...walking.map(({ dots }) => dots));
  const [first] = walking;
  return [
    manifestFix(workload, `ndots:${ndots}: names with ${ndots} dots or more are asked for as they are first`, [
      optionEdit(workload, 'ndots', String(ndots)),
    ]),
    advice(
      'manifest',
      `write the name with a trailing dot: ${first?.host ?? ''}.`,
      objectWords(workload),
      'take the dot away',
    ),
  ];
}
