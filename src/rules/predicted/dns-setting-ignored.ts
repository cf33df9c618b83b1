import type { Fix, Predicted, Quote } from '../../model/finding.ts';
import type { Container, DnsOption, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice, newerKernel, nodeLocalCache } from '../support/fixes.ts';
import { environmentEdit, manifestFix } from '../support/manifests/changes.ts';
import { askersOf, optionsOf, type Asker } from '../support/manifests/dns.ts';
import { AGAINST_WAITS, ignores } from '../support/manifests/heeds.ts';
import { javaProperties, type JavaProperty } from '../support/manifests/jvm.ts';
import { judgedWorkloads, objectWords, placedSetting } from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';
import { defaultSetting } from '../support/settings.ts';

/** What resolv.conf(5) of glibc knows; a word beyond is heeded by nobody. */
const KNOWN = new Set([
  'ndots', 'timeout', 'attempts', 'rotate', 'single-request', 'single-request-reopen', 'use-vc', 'no-aaaa', 'edns0',
  'trust-ad', 'no-tld-query', 'no-reload', 'no-check-names', 'inet6', 'ip6-bytestring', 'ip6-dotint', 'no-ip6-dotint',
  'debug', 'strict-error', 'insecure1', 'insecure2',
]); // prettier-ignore

export default definePrediction({
  id: 'dns-setting-ignored',
  title: 'A DNS option that the resolver in use does not heed',
  messages: {
    ignored: '{workload} sets {option}, which {resolver} ignores',
    maybe: '{workload} sets {option}; if its gRPC is the C core (Python, Ruby, PHP, C++), its resolver ignores it',
    property:
      '{workload} sets -D{option} for the JVM, which takes it from its security properties alone: the option does nothing',
    unknown: '{workload} sets the DNS option {option}, which no resolver knows',
    clear: 'no DNS option is set that the resolver in use is known to ignore ({total:option})',
  },
  predict({ cluster, report, clear }) {
    let total = 0;
    let reported = 0;
    for (const workload of judgedWorkloads(cluster)) {
      const askers = askersOf(workload);
      for (const container of running(workload)) {
        for (const property of javaProperties(container)) {
          if (!SECURITY_PROPERTIES.has(property.name)) continue;
          total++;
          reported++;
          report(propertyOf(workload, container, property));
        }
      }
      for (const option of optionsOf(workload.pod)) {
        total++;
        const found = KNOWN.has(option.name.value) ? ignoring(option, askers) : 'unknown';
        if (found === null) continue;
        reported++;
        const name = option.name.value;
        const base = {
          data: { workload: objectWords(workload), option: name },
          subject: workload,
          because: [placedSetting('dnsConfig', name, option.value?.value ?? 'on', option.name.place)],
        };
        if (found === 'unknown') {
          report({
            ...base,
            message: 'unknown',
            severity: 'minor',
            severityBecause: 'a setting that does nothing was meant to do something',
            confidence: 'likely',
            confidenceBecause: 'resolv.conf(5) of glibc has no such option, and musl and c-ares know fewer',
            assumed: ['no newer libc has learnt it'],
            evidence: [{ says: `option ${name}`, place: option.name.place }],
            fix: [],
          });
          continue;
        }
        const { asker, sure } = found;
        // Set for another container of the pod, which heeds it.
        const heeded = askers.find(({ resolver: one }) => one !== null && !ignores(one.resolver, name)) ?? null;
        const { resolver, program } = asker;
        report({
          ...base,
          data: { ...base.data, resolver: resolver?.name ?? 'gRPC' },
          message: sure ? 'ignored' : 'maybe',
          ...severityFor(name, heeded),
          confidence: sure ? 'likely' : 'possible',
          confidenceBecause: sure
            ? `${toldBy(asker)}; ${resolver?.honoursSource ?? ''}`
            : `${program.grpc?.quote.says ?? 'gRPC'}, but not in which language`,
          assumed: [
            sure
              ? `the program asks through ${resolver?.name ?? 'its own resolver'}`
              : 'gRPC resolves with c-ares, as its C core does by default',
          ],
          evidence: evidenceOf(option, asker),
          because: [
            ...base.because,
            defaultSetting(
              resolver?.name ?? 'gRPC (c-ares)',
              'options that it heeds',
              resolver?.honours.join(', ') ?? 'ndots, rotate',
              resolver?.honoursSource ?? 'c-ares: ares_sysconfig_files.c has no single-request',
            ),
          ],
          fix: fixesFor(workload, name, asker),
        });
      }
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'options' });
  },
});

function severityFor(option: string, heeded: Asker | null): Pick<Predicted, 'severity' | 'severityBecause'> {
  if (heeded !== null) {
    return { severity: 'info', severityBecause: `container ${heeded.container.name} beside it heeds it` };
  }
  return AGAINST_WAITS.has(option)
    ? { severity: 'minor', severityBecause: 'what it was set against still costs seconds' }
    : { severity: 'info', severityBecause: 'it changes how names are asked, not how long that takes' };
}

/** Security properties, and the system properties that the JVM takes in their place. */
const SECURITY_PROPERTIES: ReadonlyMap<string, string> = new Map([
  ['networkaddress.cache.ttl', 'sun.net.inetaddr.ttl'],
  ['networkaddress.cache.negative.ttl', 'sun.net.inetaddr.negative.ttl'],
]);

function propertyOf(workload: Workload, container: Container, property: JavaProperty): Predicted<'property'> {
  const { name, value, said, variable } = property;
  const heeded = SECURITY_PROPERTIES.get(name) ?? '';
  const title = `-D${heeded}=${value}: the system property that the JVM heeds in its place`;
  return {
    message: 'property',
    data: { workload: objectWords(workload), option: name },
    subject: workload,
    severity: 'minor',
    severityBecause: 'a setting that does nothing was meant to do something',
    confidence: 'likely',
    confidenceBecause: 'OpenJDK sun.net.InetAddressCachePolicy asks Security.getProperty for it',
    assumed: ['the program does not hand it on to Security.setProperty'],
    evidence: [{ says: `-D${name}=${value}`, place: said.place }],
    because: [
      placedSetting(objectWords(workload), `-D${name}`, value, said.place),
      defaultSetting(
        'JVM',
        'where it is read from',
        'java.security',
        'OpenJDK src/java.base/share/classes/sun/net/InetAddressCachePolicy.java',
      ),
    ],
    fix:
      variable === null
        ? [advice('manifest', title, objectWords(workload), 'set the former option again')]
        : [
            manifestFix(
              workload,
              title,
              [environmentEdit(workload, container, variable, said.value.replace(`-D${name}=`, `-D${heeded}=`))],
              'environment',
            ),
          ],
  };
}

/** The container that does not heed an option, and whether that is told; null where all heed it, or nobody knows. */
function ignoring({ name }: DnsOption, askers: readonly Asker[]): { asker: Asker; sure: boolean } | null {
  for (const asker of askers) {
    const { resolver } = asker;
    if (resolver !== null && ignores(resolver.resolver, name.value)) return { asker, sure: true };
  }
  for (const asker of askers) {
    const { grpc } = asker.program;
    if (grpc === null || grpc.core !== null || grpc.resolver !== null) continue;
    if (AGAINST_WAITS.has(name.value) && ignores('c-ares', name.value)) return { asker, sure: false };
  }
  return null;
}

const toldBy = ({ program, resolver }: Asker): string =>
  resolver?.detail === 'gRPC'
    ? (program.grpc?.quote.says ?? 'gRPC')
    : `${program.libcQuote?.says ?? 'the image'} uses ${resolver?.name ?? 'its libc'}`;

function evidenceOf(option: DnsOption, { program, resolver }: Asker): [Quote, ...Quote[]] {
  const grpc = program.grpc !== null && (resolver === null || resolver.detail === 'gRPC') ? [program.grpc.quote] : [];
  const libc = program.libcQuote !== null && resolver?.detail !== 'gRPC' ? [program.libcQuote] : [];
  return [{ says: `option ${option.name.value}`, place: option.name.place }, ...grpc, ...libc];
}

function fixesFor(workload: Workload, option: string, { program, resolver, container }: Asker): Fix[] {
  if (!AGAINST_WAITS.has(option)) return [];
  const viaCore = resolver === null || resolver.detail === 'gRPC';
  // Through libc the option is heeded; with musl it would not be.
  const native =
    viaCore && program.libc !== 'musl'
      ? [
          manifestFix(
            workload,
            `GRPC_DNS_RESOLVER=native: gRPC then asks through libc, which heeds ${option} (glibc images)`,
            [environmentEdit(workload, container, 'GRPC_DNS_RESOLVER', 'native')],
            'environment',
          ),
        ]
      : [];
  return [...native, ...nodeLocalCache(), newerKernel()];
}
