import { parseCores } from '../../base/quantities.ts';
import type { Container, ContainerPort, Located, NamedValue, Place, Reference } from '../../model/workload.ts';
import { at, child, itemsAt, pairOf, scalarAt, textAt, type Node } from '../yaml/node.ts';
import { locatedAs, locatedText, placed, type ExtractContext } from './context.ts';

// A container of more words or variables is none that people write.
const MAX_WORDS = 500;
const MAX_VARIABLES = 1_000;

export const words = (context: ExtractContext, items: readonly (Node | null)[]): Located<string>[] =>
  items.slice(0, MAX_WORDS).flatMap((item) => (item?.type === 'scalar' ? [placed(context, item)] : []));

export function namedValues(context: ExtractContext, items: readonly (Node | null)[]): NamedValue[] {
  return items.slice(0, MAX_VARIABLES).flatMap((item) => {
    const name = textAt(item, 'name');
    const value = locatedText(context, item, 'value');
    return name === null || value === null ? [] : [{ name, value }];
  });
}

export function containerOf(context: ExtractContext, node: Node | null, initial: boolean): Container[] {
  if (node?.type !== 'map') return [];
  const command = words(context, itemsAt(node, 'command'));
  const args = words(context, itemsAt(node, 'args'));
  const script = scriptOf([...command, ...args]);
  return [
    {
      name: textAt(node, 'name') ?? '',
      initial,
      image: locatedText(context, node, 'image'),
      command,
      args,
      words: [...command, ...args, ...script],
      fixedWords: script.length > 0,
      environment: namedValues(context, itemsAt(node, 'env')),
      references: referencesOf(node),
      ports: itemsAt(node, 'ports').flatMap((port) => portOf(context, port)),
      cpuLimit: locatedAs(context, parseCores, node, 'resources', 'limits', 'cpu'),
      grpcProbe: ['readinessProbe', 'livenessProbe', 'startupProbe'].some((probe) => isGrpcProbe(child(node, probe))),
      readinessProbe: keyPlace(context, node, 'readinessProbe'),
      preStop: keyPlace(context, child(node, 'lifecycle'), 'preStop'),
      place: context.lines.place(node.start, node.start),
    },
  ];
}

/** Where a key stands that has something to say. */
function keyPlace(context: ExtractContext, node: Node | null, key: string): Place | null {
  const pair = node === null ? null : pairOf(node, key);
  return pair?.value === null || pair === null ? null : context.lines.place(pair.key.start, pair.key.end);
}

function referencesOf(node: Node): Reference[] {
  const single = itemsAt(node, 'env')
    .slice(0, MAX_VARIABLES)
    .flatMap((item): Reference[] => {
      const source = at(item, 'valueFrom', 'configMapKeyRef');
      const [name, configMap, key] = [textAt(item, 'name'), textAt(source, 'name'), textAt(source, 'key')];
      return name === null || configMap === null || key === null ? [] : [{ name, configMap, key, prefix: '' }];
    });
  const whole = itemsAt(node, 'envFrom')
    .slice(0, MAX_VARIABLES)
    .flatMap((item): Reference[] => {
      const configMap = textAt(item, 'configMapRef', 'name');
      return configMap === null ? [] : [{ name: null, configMap, key: '', prefix: textAt(item, 'prefix') ?? '' }];
    });
  return [...single, ...whole];
}

// A longer script does more than to start a server.
const MAX_SCRIPT = 4_000;

/** The words of `sh -c '…'`, each where the script stands. */
function scriptOf(listed: readonly Located<string>[]): Located<string>[] {
  const [shell] = listed;
  if (shell === undefined || !/(?:^|\/)(?:ba|da|a)?sh$/.test(shell.value)) return [];
  const option = listed.findIndex(({ value }) => /^-[a-z]*c$/.test(value));
  const script = option < 0 ? undefined : listed[option + 1];
  if (script === undefined || script.value.length > MAX_SCRIPT) return [];
  return (
    script.value
      // A line that goes on, and what is said of it, are no words.
      .replace(/\\\r?\n|(?<=^|\s)#[^\n]*/g, ' ')
      .split(/[\s;&|()]+/)
      .map((word) => word.replace(/^["']|["']$/g, ''))
      .filter((word) => word !== '')
      .slice(0, MAX_WORDS)
      .map((value) => ({ value, place: script.place }))
  );
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
