import type { Edit } from '../model/edit.ts';
import { blockLines, type Value } from './render.ts';
import { built } from './splice.ts';

/** What charts mostly call what they pass on to a pod (helm create, Bitnami, prometheus-community). */
const CONVENTIONS: Readonly<Record<string, string>> = {
  dnsConfig: 'dnsConfig',
  env: 'extraEnvVars (or env, extraEnv)',
  args: 'extraArgs',
};

/** What to set in a chart's values for a change, in lines; null where the object is of no chart. */
export function helmLines({ object, path, value }: Edit): string[] | null {
  if (object.source === undefined) return null;
  const [chart = '', ...file] = object.source.split('/');
  const from = path.findIndex((step) => typeof step === 'string' && step in CONVENTIONS);
  const key = from < 0 ? 'args' : (path[from] as string);
  const last = path.at(-1);
  const inner =
    typeof last === 'object' && 'flag' in last
      ? [`${last.flag}=${String(value)}`]
      : built(path.slice(from + 1), value as Value);
  return [
    `chart ${chart}, ${file.join('/')}: in values.yaml, where the chart passes it on as ${CONVENTIONS[key] ?? key}:`,
    ...blockLines({ [key]: inner }, 2, 2),
    `where it does not: helm upgrade … --post-renderer with the patch of --patch-dir`,
  ];
}
