import type { Cluster, Place, ServiceObject, Workload } from '../../../model/workload.ts';
import type { Links } from './links.ts';
import { standTogether } from './objects.ts';

/** A workload that a Service's selector fits but for one label. */
export interface NearlyFits {
  workload: Workload;
  key: string;
  /** As the pods have it, and as it is selected. */
  value: string;
  selected: string;
  /** Of the selector. */
  place: Place;
}

/**
 * Labels that say which of several it is, or that are set when pods run: operators write a role, Argo Rollouts a hash, the
 * StatefulSet's controller a name. What they select need not stand in any file.
 */
const WHICH =
  /role|hash|revision|pod-name|pod-index|ordinal|leader|primary|master|track|colou?r|slot|version|release|stage|tier|env|instance/;

/** @returns null where none is, or more than one, or where nothing tells that it is the one that is meant */
export function nearlyFits(
  service: ServiceObject,
  { endpoints }: Cluster,
  workloads: readonly Workload[],
  links: Links,
): NearlyFits | null {
  const { selector, selectorPlace, name, namespace } = service;
  if (selectorPlace === null) return null;
  // Read from the cluster, where it leads to somebody.
  if (endpoints.some((one) => one.service === name && one.namespace === namespace && one.addresses.length > 0)) {
    return null;
  }
  const found = workloads.flatMap((workload): NearlyFits[] => {
    if (!standTogether(workload, service)) return [];
    const wrong = [...selector].filter(([key, selected]) => workload.podLabels.get(key) !== selected);
    const [only, ...others] = wrong;
    if (only === undefined || others.length > 0) return [];
    const [key, selected] = only;
    const value = workload.podLabels.get(key);
    if (value === undefined || WHICH.test(key)) return [];
    if (workload.name !== name && !isSlip(value, selected)) return [];
    return [{ workload, key, value, selected, place: selectorPlace }];
  });
  const [only, ...others] = found;
  // Where another Service leads to it, this one is for somebody else.
  return only === undefined || others.length > 0 || links.servicesOf(only.workload).length > 0 ? null : only;
}

// `order` and `orders`; of shorter words one letter makes another word.
const LEAST_LETTERS = 5;

/** One letter more, less or other, and no digit: `worker-1` and `worker-2` are two. */
function isSlip(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (short.length < LEAST_LETTERS || long.length - short.length > 1) return false;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start++;
  const differs = `${short[start] ?? ''}${long[start] ?? ''}`;
  const isSame = short.length === long.length ? short.slice(start + 1) : short.slice(start);
  return isSame === long.slice(start + 1) && !/\d/.test(differs);
}
