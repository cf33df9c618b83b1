import { settingsOf } from '../../knowledge/resolver-settings.ts';
import { DNAT_RACE } from '../../knowledge/cluster-defaults.ts';
import type { Fix, Predicted, Quote } from '../../model/finding.ts';
import type { DnsOption, Located, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { honours, newerKernel, nodeLocalCache, pairSetting } from '../support/fixes.ts';
import { environmentEdit, manifestFix, optionEdit } from '../support/manifests/changes.ts';
import { askersOf, asksClusterDns, dnsOption, hasNodeLocalCache, type Asker } from '../support/manifests/dns.ts';
import { kubeProxyOf } from '../support/manifests/kube-proxy.ts';
import { kernelsOf } from '../support/manifests/kernels.ts';
import { notInResolvConf } from '../support/manifests/not-arrived.ts';
import { judgedWorkloads, objectWords, placedSetting } from '../support/manifests/objects.ts';

/** Each keeps the two queries of a pair from meeting at the DNAT. */
const REMEDIES = ['single-request-reopen', 'single-request', 'use-vc', 'no-aaaa'] as const;

export default definePrediction({
  id: 'dns-race',
  title: 'One of two queries from one port is lost at the DNAT',
  messages: {
    racing:
      '{resolver} in {workload} sends A and AAAA from one port; kernel {kernel} can lose one of them, which costs {wait} s',
    risk: '{resolver} in {workload} sends A and AAAA from one port, which kernels before 5.6 can lose: {wait} s each time',
    contrary:
      '{workload} sets {option}, yet its queries leave from one port: what runs is not what this file says, or its resolver does not heed it',
    cache: 'pods ask a cache on their node (NodeLocal DNSCache), without DNAT ({total:workload})',
    kernels: 'no node has a kernel that loses one of two queries ({nodes:node})',
    clear: 'no pod is known to send two queries from one port through the DNS Service ({total:workload})',
  },
  predict({ cluster, report, clear, isObserved }) {
    const workloads = judgedWorkloads(cluster);
    const examined = { count: workloads.length, unit: 'workloads' };
    if (workloads.length === 0) return;
    const kernels = kernelsOf(cluster);
    if (hasNodeLocalCache(cluster)) return clear('cache', { total: workloads.length }, examined);
    if (kernels.known > 0 && kernels.racing === null) {
      return clear('kernels', { nodes: kernels.known }, { count: kernels.known, unit: 'nodes' });
    }
    const { mode } = kubeProxyOf(cluster);
    let reported = 0;
    for (const workload of workloads) {
      if (!asksClusterDns(workload)) continue;
      // Where a capture shows it, what the manifest does not set explains it, whatever the image.
      const seen = isObserved(workload);
      const asker = askersOf(workload).find((one) =>
        isExposed(workload, seen ? { ...one, resolver: one.resolver ?? UNKNOWN } : one),
      );
      const remedy = REMEDIES.map((option) => dnsOption(workload, option)).find((option) => option !== null) ?? null;
      // Where a resolver is known to ignore the option, that explains it.
      if (seen && remedy !== null && asker?.resolver == null) {
        reported++;
        report(contrary(workload, remedy));
        continue;
      }
      if (asker === undefined) continue;
      const { program } = asker;
      const resolver = asker.resolver ?? UNKNOWN;
      reported++;
      const { racing } = kernels;
      const name = resolver.name;
      report({
        message: racing === null ? 'risk' : 'racing',
        data: {
          resolver: name,
          workload: objectWords(workload),
          wait: WAITS[resolver.resolver] ?? '5',
          ...(racing === null ? {} : { kernel: racing.value }),
        },
        subject: workload,
        severity: racing === null ? 'info' : 'minor',
        severityBecause:
          racing === null ? 'the kernel of the nodes is not known' : 'a lookup that loses an answer waits for seconds',
        confidence: racing === null ? 'possible' : 'likely',
        confidenceBecause:
          racing === null
            ? 'no manifest says which kernel the nodes run (give `kubectl get nodes -o yaml` too)'
            : `a node runs kernel ${racing.value}`,
        assumed: [
          ...(mode === null ? ['kube-proxy or the like translates the address of the DNS Service'] : []),
          ...assumptions(asker),
        ],
        evidence: evidenceOf(workload, asker, racing, remedy),
        because: [
          { ...pairSetting(resolver), ...(program.libcQuote?.place == null ? {} : { place: program.libcQuote.place }) },
          racing === null
            ? { ...DNAT_RACE, origin: 'default' as const }
            : { ...DNAT_RACE, value: `kernel ${racing.value}`, origin: 'manifest' as const, place: racing.place },
          ...(mode === null ? [] : [modeSetting(mode)]),
        ],
        fix: fixesFor(workload, asker),
      });
    }
    if (reported === 0) clear('clear', { total: workloads.length }, examined);
  },
});

const modeSetting = (mode: Located<string>) => placedSetting('kube-proxy', 'mode', mode.value, mode.place);

const contrary = (workload: Workload, { name }: DnsOption): Predicted<'contrary'> => ({
  ...notInResolvConf(workload),
  data: { workload: objectWords(workload), option: name.value },
  subject: workload,
  confidence: 'likely',
  confidenceBecause: `with ${name.value} in effect no two queries leave at once from one port`,
  assumed: ['the pods were started after the option was set'],
  evidence: [{ says: `option ${name.value}`, place: name.place }],
  because: [placedSetting('dnsConfig', name.value, 'on', name.place)],
});

const UNKNOWN = settingsOf('unknown', null);

/** Seconds until the resolver asks again. */
const WAITS: Readonly<Record<string, string>> = { glibc: '5', musl: '2.5', 'c-ares': '5 to 6' };

/** Sends its pair from one port, and nothing that it heeds keeps it from that. */
function isExposed(workload: Workload, { resolver }: Asker): boolean {
  if (resolver === null || !resolver.onePort) return false;
  return !REMEDIES.some((option) => {
    if (dnsOption(workload, option) === null) return false;
    return option === 'single-request' ? resolver.resolver === 'glibc' : honours(resolver, option);
  });
}

const assumptions = ({ program, resolver }: Asker): string[] => [
  ...(program.libcQuote === null ? [] : [`${program.libcQuote.says} uses ${program.libc ?? 'its libc'}`]),
  ...(resolver?.detail === 'gRPC' ? ["gRPC's C core resolves with c-ares, as it is built by default"] : []),
];

function evidenceOf(
  workload: Workload,
  { program, container }: Asker,
  racing: { value: string; place: Quote['place'] } | null,
  remedy: DnsOption | null,
): [Quote, ...Quote[]] {
  const option =
    remedy === null
      ? { says: 'no dnsConfig option keeps the two queries apart', place: workload.pod.dnsConfig ?? workload.pod.place }
      : { says: `${remedy.name.value} is set, which its resolver ignores`, place: remedy.name.place };
  return [
    ...(program.libcQuote === null ? [] : [program.libcQuote]),
    ...(program.grpc === null ? [] : [program.grpc.quote]),
    ...(racing === null ? [] : [{ says: `kernel ${racing.value}`, place: racing.place }]),
    option,
    ...(program.libcQuote === null && program.grpc === null
      ? [{ says: `container ${container.name}`, place: container.place }]
      : []),
  ] as [Quote, ...Quote[]];
}

function fixesFor(workload: Workload, { resolver, program, container }: Asker): Fix[] {
  const option = optionEdit(workload, 'single-request-reopen');
  const fixes: Fix[] = [];
  if (resolver?.resolver === 'glibc') {
    fixes.push(manifestFix(workload, 'single-request-reopen: AAAA is asked after A, from a port of its own', [option]));
  }
  // Through libc, gRPC heeds the option; musl does not.
  if (resolver?.detail === 'gRPC' && program.libc === 'glibc') {
    fixes.push(
      manifestFix(
        workload,
        'GRPC_DNS_RESOLVER=native together with single-request-reopen: gRPC then asks through libc, which heeds the option',
        [environmentEdit(workload, container, 'GRPC_DNS_RESOLVER', 'native'), option],
        'environment',
      ),
    );
  }
  return [...fixes, ...nodeLocalCache(), newerKernel()];
}
