import { addTo } from '../base/group-by.ts';
import type {
  ConfigMapObject,
  Container,
  ImageRecipe,
  ResolvConf,
  Software,
  Variable,
  Workload,
} from '../model/workload.ts';

/** Images that others publish: what a lock file beside them lists is not in them. */
const OTHERS =
  /^(?:docker\.io\/)?(?:library\/)?[\w.-]+(?:[:@]|$)|^(?:quay\.io|registry\.k8s\.io|k8s\.gcr\.io|mcr\.microsoft\.com|public\.ecr\.aws|ghcr\.io\/(?:fluxcd|dexidp|kedacore))\/|^(?:docker\.io\/)?(?:bitnami|grafana|prom|istio|envoyproxy|hashicorp|jaegertracing|otel|jtblin|openzipkin|linkerd|haproxytech|traefik|velero|rancher)\//;

/** Images of a language alone: what runs in them is the user's own program, mounted or copied in. */
const LANGUAGES =
  /^(?:docker\.io\/)?(?:library\/)?(?:python|node|ruby|php|golang|rust|openjdk|eclipse-temurin|amazoncorretto|sapmachine|perl|elixir|erlang|swift|bun|denoland\/deno)(?:[:@]|$)/;

/** What stands beside manifests and says what their programs are made of. */
export interface Found {
  software: readonly Software[];
  recipes: readonly ImageRecipe[];
  resolvConfs: readonly ResolvConf[];
  configMaps: readonly ConfigMapObject[];
}

/** Workloads with what their manifests leave to others: variables in ConfigMaps, and what stands in their images. */
export function withContents(workloads: readonly Workload[], found: Found): Workload[] {
  const { software, recipes, resolvConfs, configMaps } = found;
  const softwareOf = createFinder(workloads, software, (one) => one.quote.place.file);
  const recipesOf = createFinder(workloads, recipes, (one) => one.file);
  const resolvConfsOf = createFinder(workloads, resolvConfs, (one) => one.file);
  const maps = new Map(configMaps.map((one) => [`${one.namespace}/${one.name}`, one]));
  return workloads.map((workload): Workload => {
    const own = softwareOf(workload);
    const made = recipesOf(workload);
    const [resolvConf = null] = resolvConfsOf(workload);
    const hasReferences = maps.size > 0 && workload.pod.containers.some(({ references }) => references.length > 0);
    if (own.length === 0 && made.length === 0 && resolvConf === null && !hasReferences) return workload;
    // Of several Dockerfiles (for tests, for debugging) nobody says which it is.
    const recipe = made.length === 1 ? made[0] : undefined;
    const containers = workload.pod.containers.map((container) => {
      const told = hasReferences ? withConfigMaps(container, workload.namespace, maps) : container;
      return recipe === undefined || isOthers(container) || container.initial ? told : withImage(told, recipe);
    });
    return { ...workload, software: own, pod: { ...workload.pod, containers, resolvConf } };
  });
}

function withConfigMaps(
  container: Container,
  namespace: string,
  maps: ReadonlyMap<string, ConfigMapObject>,
): Container {
  const { environment, references } = container;
  const set = new Set(environment.map(({ name }) => name));
  const found: Variable[] = [];
  for (const { name, configMap: called, key, prefix } of references) {
    const configMap = maps.get(`${namespace}/${called}`) ?? maps.get(`/${called}`);
    if (configMap === undefined) continue;
    for (const [entry, value] of configMap.data) {
      const variable = name ?? `${prefix}${entry}`;
      if ((name !== null && entry !== key) || set.has(variable)) continue;
      found.push({ name: variable, value, configMap, key: entry });
    }
  }
  return { ...container, environment: [...environment, ...found] };
}

/** As a kubelet starts it: `command` stands over ENTRYPOINT and its CMD, `args` over CMD. */
function withImage(container: Container, { environment, entrypoint, command, shell }: ImageRecipe): Container {
  const set = new Set(container.environment.map(({ name }) => name));
  const image = container.command.length > 0 ? [] : [...entrypoint, ...(container.args.length > 0 ? [] : command)];
  return {
    ...container,
    words: [...image, ...container.words],
    fixedWords: container.fixedWords || (image.length > 0 && (shell || container.args.length === 0)),
    environment: [...container.environment, ...environment.filter(({ name }) => !set.has(name))],
  };
}

const isOthers = ({ image }: { image: { value: string } | null }): boolean =>
  image === null || (OTHERS.test(image.value) && !LANGUAGES.test(image.value));

/** Without tag and digest: pods of one image run one program. */
const repositoryOf = (image: string): string => image.replace(/@sha256:.*$/, '').replace(/:[\w.-]+$/, '');

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/') + 1);

/** Where a project's one program stands beside its manifests. */
const SOURCE_FOLDERS = ['src', 'app', 'server', 'service', 'backend', 'code'];

/**
 * What each workload's program is made of: the files of a folder with its name or its image's
 * (`services/orders/pom.xml`), else those of the nearest folder above its manifest, if only one
 * program of the user's own can be meant there.
 */
function createFinder<One>(
  workloads: readonly Workload[],
  all: readonly One[],
  fileOf: (one: One) => string,
): (workload: Workload) => readonly One[] {
  if (all.length === 0) return () => [];
  const byFolder = new Map<string, One[]>();
  for (const one of all) addTo(byFolder, folderOf(fileOf(one)), one);
  const named = new Map<string, One[]>();
  for (const [folder, found] of byFolder) {
    const name = folder.split('/').at(-2);
    if (name !== undefined) for (const one of found) addTo(named, name, one);
  }
  const byName = (workload: Workload): One[] | undefined =>
    [workload.name, ...ownImages(workload).map((image) => image.split('/').at(-1) ?? '')]
      .map((name) => named.get(name))
      .find((found) => found !== undefined);
  const programs = new Map<string, Set<string>>();
  for (const workload of workloads) {
    // A folder of its own tells which program it is.
    if (workload.live || byName(workload) !== undefined) continue;
    for (const image of ownImages(workload)) {
      for (const folder of foldersAbove(workload.place.file)) {
        programs.set(folder, (programs.get(folder) ?? new Set<string>()).add(image));
      }
    }
  }
  return (workload) => {
    const own = byName(workload);
    if (own !== undefined) return own;
    if (workload.live || ownImages(workload).length === 0) return [];
    for (const folder of foldersAbove(workload.place.file)) {
      const found = [folder, ...SOURCE_FOLDERS.map((name) => `${folder}${name}/`)].flatMap(
        (one) => byFolder.get(one) ?? [],
      );
      if (found.length > 0) return (programs.get(folder)?.size ?? 0) <= 1 ? found : [];
    }
    return [];
  };
}

const ownImages = ({ name, pod }: Workload): string[] =>
  pod.containers
    .filter((container) => !container.initial && !isOthers(container))
    // Of a language's image each workload runs a program of its own.
    .map(
      ({ image }) => `${repositoryOf(image?.value ?? '')}${LANGUAGES.test(image?.value ?? '') ? ` of ${name}` : ''}`,
    );

function* foldersAbove(file: string): Generator<string> {
  for (let folder = folderOf(file); ; folder = folderOf(folder.slice(0, -1))) {
    yield folder;
    if (folder === '' || folder === '/') return;
  }
}
