import { parseCores } from '../../base/quantities.ts';
import type { DnsOption, PodSettings } from '../../model/workload.ts';
import { child, itemsAt, scalarAt, textAt, type Node } from '../yaml/node.ts';
import { containerOf, namedValues, words } from './container.ts';
import { locatedAs, locatedText, readNumber, type ExtractContext } from './context.ts';

// A pod of more containers or options is none that people write.
const MAX_CONTAINERS = 100;
const MAX_OPTIONS = 500;

/** A pod's spec: @param path keys that lead to it from the object */
export function podSettings(context: ExtractContext, spec: Node, path: readonly string[]): PodSettings {
  const dns = child(spec, 'dnsConfig');
  // One limit for all of a pod (KEP-2837, by default from Kubernetes 1.34): it holds who has none of its own.
  const shared = locatedAs(context, parseCores, spec, 'resources', 'limits', 'cpu');
  return {
    path,
    place: context.lines.place(spec.start, spec.start),
    hostNetwork: scalarAt(spec, 'hostNetwork')?.value === true,
    grace: locatedAs(context, readNumber, spec, 'terminationGracePeriodSeconds'),
    hostAliases: itemsAt(spec, 'hostAliases')
      .slice(0, MAX_OPTIONS)
      .flatMap((one) => itemsAt(one, 'hostnames').flatMap((name) => (name?.type === 'scalar' ? [name.text] : [])))
      .slice(0, MAX_OPTIONS),
    dnsPolicy: locatedText(context, spec, 'dnsPolicy'),
    dnsOptions: itemsAt(dns, 'options')
      .slice(0, MAX_OPTIONS)
      .flatMap((option) => dnsOption(context, option)),
    dnsConfig: dns === null ? null : context.lines.place(dns.start, dns.start),
    searches: words(context, itemsAt(dns, 'searches')),
    nameservers: words(context, itemsAt(dns, 'nameservers')),
    resolvConf: null,
    serviceAccount: textAt(spec, 'serviceAccountName') ?? textAt(spec, 'serviceAccount'),
    sysctls: namedValues(context, itemsAt(spec, 'securityContext', 'sysctls')),
    containers: [
      ...itemsAt(spec, 'initContainers')
        .slice(0, MAX_CONTAINERS)
        // A sidecar stands among them and runs on (KEP-753).
        .flatMap((node) => containerOf(context, node, textAt(node, 'restartPolicy') !== 'Always')),
      ...itemsAt(spec, 'containers')
        .slice(0, MAX_CONTAINERS)
        .flatMap((node) => containerOf(context, node, false)),
    ].map((container) => ({ ...container, cpuLimit: container.cpuLimit ?? shared })),
  };
}

function dnsOption(context: ExtractContext, node: Node | null): DnsOption[] {
  const name = locatedText(context, node, 'name');
  return name === null ? [] : [{ name, value: locatedText(context, node, 'value') }];
}
