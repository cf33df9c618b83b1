import { addTo } from '../../../base/group-by.ts';
import type { Cluster, Route, ServiceObject, Workload } from '../../../model/workload.ts';
import { sameNamespace } from './objects.ts';

/** Who leads to whom. A cluster has thousands of each: looked up by labels and names, not one by one. */
export interface Links {
  /** The workloads whose pods a Service selects. */
  workloadsOf(service: ServiceObject): readonly Workload[];
  /** The Services that lead to a workload's pods. */
  servicesOf(workload: Workload): readonly ServiceObject[];
  /** Ingresses and other routes that lead to a workload. */
  routesTo(workload: Workload): readonly Route[];
}

export function createLinks({ workloads, services, routes }: Cluster): Links {
  const byLabel = new Map<string, Workload[]>();
  for (const workload of workloads) {
    for (const [key, value] of workload.podLabels) addTo(byLabel, `${key}=${value}`, workload);
  }
  const bySelector = new Map<string, ServiceObject[]>();
  for (const service of services) {
    const [first] = service.selector;
    if (first !== undefined) addTo(bySelector, `${first[0]}=${first[1]}`, service);
  }
  const byBackend = new Map<string, Route[]>();
  for (const route of routes) {
    const names = new Set(route.rules.flatMap(({ backends }) => backends.map((name) => name.split('.')[0] ?? '')));
    for (const name of names) addTo(byBackend, name, route);
  }

  // Objects of one kind are often alike: what was found for one holds for all with its labels.
  const servicesOf = remembered<Workload, ServiceObject>(
    ({ namespace, podLabels }) => keyOf(namespace, podLabels),
    (workload) =>
      [...workload.podLabels]
        .flatMap(([key, value]) => bySelector.get(`${key}=${value}`) ?? [])
        .filter((service) => sameNamespace(service, workload) && selects(service.selector, workload.podLabels)),
  );

  const workloadsOf = remembered<ServiceObject, Workload>(
    ({ namespace, selector }) => keyOf(namespace, selector),
    (service) => {
      // Of the labels that it asks for, the one that fewest have.
      const candidates = [...service.selector].map(([key, value]) => byLabel.get(`${key}=${value}`) ?? []);
      const [fewest] = candidates.toSorted((a, b) => a.length - b.length);
      return (fewest ?? []).filter(
        (workload) => sameNamespace(service, workload) && selects(service.selector, workload.podLabels),
      );
    },
  );

  const routesTo = remembered<Workload, Route>(
    ({ namespace, podLabels }) => keyOf(namespace, podLabels),
    (workload) => [
      ...new Set(
        servicesOf(workload).flatMap((service) =>
          (byBackend.get(service.name) ?? []).filter((route) => sameNamespace(route, service)),
        ),
      ),
    ],
  );

  return { workloadsOf, servicesOf, routesTo };
}

const keyOf = (namespace: string, labels: ReadonlyMap<string, string>): string =>
  JSON.stringify([namespace, ...labels]);

function remembered<From, To>(keyOfOne: (from: From) => string, find: (from: From) => To[]): (from: From) => To[] {
  const known = new Map<string, To[]>();
  return (from) => {
    const key = keyOfOne(from);
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = find(from);
    known.set(key, found);
    return found;
  };
}

function selects(selector: ReadonlyMap<string, string>, labels: ReadonlyMap<string, string>): boolean {
  if (selector.size === 0) return false;
  for (const [key, value] of selector) if (labels.get(key) !== value) return false;
  return true;
}
