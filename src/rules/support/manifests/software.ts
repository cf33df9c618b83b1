import type { Cluster, Software, Workload } from '../../../model/workload.ts';
import { running } from './program.ts';

/** Images that others publish: what a lock file beside them lists is not in them. */
const OTHERS =
  /^(?:docker\.io\/)?(?:library\/)?[\w.-]+(?:[:@]|$)|^(?:quay\.io|registry\.k8s\.io|k8s\.gcr\.io|mcr\.microsoft\.com|public\.ecr\.aws|ghcr\.io\/(?:fluxcd|dexidp|kedacore))\/|^(?:docker\.io\/)?(?:bitnami|grafana|prom|istio|envoyproxy|hashicorp|jaegertracing|otel|jtblin|openzipkin|linkerd|haproxytech|traefik|velero|rancher)\//;

const isOthers = ({ image }: { image: { value: string } | null }): boolean =>
  image === null || OTHERS.test(image.value);

/** Without tag and digest: pods of one image run one program. */
const repositoryOf = (image: string): string => image.replace(/@sha256:.*$/, '').replace(/:[\w.-]+$/, '');

const foldersOf = (file: string): string => file.slice(0, file.lastIndexOf('/') + 1);

/**
 * What each workload's program is made of: the lock files and Dockerfiles of a folder with its name
 * (`services/orders/pom.xml`), else those of the nearest folder above its manifest, if only one
 * program of the user's own can be meant there.
 */
export function createSoftware(cluster: Cluster): (workload: Workload) => readonly Software[] {
  const { software, workloads } = cluster;
  if (software.length === 0) return () => [];
  const byFolder = new Map<string, Software[]>();
  for (const one of software) {
    const folder = foldersOf(one.quote.place.file);
    const known = byFolder.get(folder);
    if (known === undefined) byFolder.set(folder, [one]);
    else known.push(one);
  }
  const named = new Map<string, Software[]>();
  for (const [folder, found] of byFolder) {
    const name = folder.split('/').at(-2);
    if (name !== undefined) named.set(name, [...(named.get(name) ?? []), ...found]);
  }
  const programs = new Map<string, Set<string>>();
  for (const workload of workloads) {
    // A folder of its own tells which program it is.
    if (workload.live || named.has(workload.name)) continue;
    for (const container of running(workload)) {
      if (isOthers(container) || container.image === null) continue;
      for (let folder = foldersOf(workload.place.file); ; folder = foldersOf(folder.slice(0, -1))) {
        const known = programs.get(folder) ?? new Set<string>();
        programs.set(folder, known.add(repositoryOf(container.image.value)));
        if (folder === '' || folder === '/') break;
      }
    }
  }
  return (workload) => {
    const own = named.get(workload.name);
    if (own !== undefined) return own;
    if (workload.live || running(workload).every(isOthers)) return [];
    for (let folder = foldersOf(workload.place.file); ; folder = foldersOf(folder.slice(0, -1))) {
      const found = byFolder.get(folder);
      if (found !== undefined) return (programs.get(folder)?.size ?? 0) <= 1 ? found : [];
      if (folder === '' || folder === '/') return [];
    }
  };
}
