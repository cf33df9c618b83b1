import type { Edit } from '../model/edit.ts';
import { setFlagAmong } from './apply.ts';

/** Containers and variables are merged by their names there; other lists must be written whole. */
export function mergePatch(patch: Record<string, unknown>, { path, value, list }: Edit): void {
  let at = patch;
  let items: Record<string, unknown>[] = [];
  for (const [index, step] of path.entries()) {
    const isLast = index === path.length - 1;
    if (typeof step === 'string') {
      const next = path[index + 1];
      if (next === undefined) at[step] = value;
      else if (typeof next === 'string') at = (at[step] ??= {}) as Record<string, unknown>;
      else items = (at[step] ??= list?.key === step ? structuredClone(list.items) : []) as typeof items;
    } else if ('flag' in step) {
      const key = list?.key ?? 'args';
      setFlagAmong((at[key] ??= structuredClone(list?.items ?? [])) as unknown[], step.flag, String(value));
    } else {
      let item = items.find((one) => one[step.key] === step.is);
      if (item === undefined) items.push((item = { [step.key]: step.is }));
      if (isLast) Object.assign(item, value);
      at = item;
    }
  }
}
