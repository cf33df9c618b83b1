import { parseCores } from '../../base/quantities.ts';
import type { Container, ContainerPort, DnsOption, Located, NamedValue, PodSettings } from '../../model/workload.ts';
import { child, itemsAt, scalarAt, textAt, type Node } from '../yaml/node.ts';
import { locatedAs, locatedText, placed, type ExtractContext } from './context.ts';

// A pod of more containers, words or variables is none that people write.
const MAX_CONTAINERS = 100;
const MAX_WORDS = 500;
const MAX_VARIABLES = 1_000;

/** A pod's spec: @param path keys that lead to it from the object */
export function podSettings(context: ExtractContext, spec: Node, path: readonly string[]): PodSettings {
  const dns = child(spec, 'dnsConfig');
  return {
    path,
    place: context.lines.place(spec.start, spec.start),
    hostNetwork: scalarAt(spec, 'hostNetwork')?.value === true,
    dnsPolicy: locatedText(context, spec, 'dnsPolicy'),
    dnsOptions: itemsAt(dns, 'options')
      .slice(0, MAX_WORDS)
      .flatMap((option) => dnsOption(context, option)),
    dnsConfig: dns === null ? null : context.lines.place(dns.start, dns.start),
    searches: words(context, itemsAt(dns, 'searches')),
    nameservers: words(context, itemsAt(dns, 'nameservers')),
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
    ],
  };
}

function dnsOption(context: ExtractContext, node: Node | null): DnsOption[] {
  const name = locatedText(context, node, 'name');
  return name === null ? [] : [{ name, value: locatedText(context, node, 'value') }];
}

const words = (context: ExtractContext, items: readonly (Node | null)[]): Located<string>[] =>
  items.slice(0, MAX_WORDS).flatMap((item) => (item?.type === 'scalar' ? [placed(context, item)] : []));

function namedValues(context: ExtractContext, items: readonly (Node | null)[]): NamedValue[] {
  return items.slice(0, MAX_VARIABLES).flatMap((item) => {
    const name = textAt(item, 'name');
    const value = locatedText(context, item, 'value');
    return name === null || value === null ? [] : [{ name, value }];
  });
}

function containerOf(context: ExtractContext, node: Node | null, initial: boolean): Container[] {
  if (node?.type !== 'map') return [];
  const listed = [...words(context, itemsAt(node, 'command')), ...words(context, itemsAt(node, 'args'))];
  const script = scriptOf(listed);
  return [
    {
      name: textAt(node, 'name') ?? '',
      initial,
      image: locatedText(context, node, 'image'),
      words: [...listed, ...script],
      shell: script.length > 0,
      environment: namedValues(context, itemsAt(node, 'env')),
      ports: itemsAt(node, 'ports').flatMap((port) => portOf(context, port)),
      cpuLimit: locatedAs(context, parseCores, node, 'resources', 'limits', 'cpu'),
      cpuRequest: locatedAs(context, parseCores, node, 'resources', 'requests', 'cpu'),
      grpcProbe: ['readinessProbe', 'livenessProbe', 'startupProbe'].some((probe) => isGrpcProbe(child(node, probe))),
      place: context.lines.place(node.start, node.start),
    },
  ];
}

// A longer script does more than to start a server.
const MAX_SCRIPT = 4_000;

/** The words of `sh -c '…'`, each where the script stands. */
function scriptOf(listed: readonly Located<string>[]): Located<string>[] {
  const [shell] = listed;
  if (shell === undefined || !/(?:^|\/)(?:ba|da|a)?sh$/.test(shell.value)) return [];
  const at = listed.findIndex(({ value }) => /^-[a-z]*c$/.test(value));
  const script = at < 0 ? undefined : listed[at + 1];
  if (script === undefined || script.value.length > MAX_SCRIPT) return [];
  return script.value
    .split(/[\s;&|]+/)
    .map((word) => word.replace(/^["']|["']$/g, ''))
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS)
    .map((value) => ({ value, place: script.place }));
}

const isGrpcProbe = (probe: Node | null): boolean =>
  child(probe, 'grpc') !== null ||
  itemsAt(probe, 'exec', 'command').some((word) => word?.type === 'scalar' && word.text.includes('grpc_health_probe'));

function portOf(context: ExtractContext, node: Node | null): ContainerPort[] {
  const number = scalarAt(node, 'containerPort');
  if (number === null) return [];
  const name = scalarAt(node, 'name');
  const shown = name ?? number;
  return [
    {
      name: name?.text ?? '',
      number: Number(number.value),
      place: context.lines.place(shown.start, shown.end),
    },
  ];
}
