import { basename } from 'node:path';
import { isTest, type Import, type SourceFile } from './graph.ts';
import {
  EAGER_FILES,
  HEAVY_BECAUSE,
  HEAVY_PACKAGES,
  MAX_LINES,
  NO_NEIGHBOURS,
  OUTSIDE,
  OUTSIDE_BECAUSE,
  OUTSIDE_MODULES,
  PACKAGES,
  TEXT_WALLS,
  WALLS,
} from './walls.ts';

/** Each check is a function of the sources alone, gives one sentence per violation, and is tested to fail. */
export type Check = (sources: readonly SourceFile[]) => string[];

/** The room that holds a file of src, null where the file belongs to none. */
export function roomOf(path: string): string | null {
  const within = path.startsWith('src/') ? path.slice('src/'.length) : null;
  if (within === null) return null;
  const rooms = WALLS.map((wall) => wall.room).filter((room) => within === room || within.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? null;
}

const product = (sources: readonly SourceFile[]): SourceFile[] =>
  sources.filter((source) => source.path.startsWith('src/') && !isTest(source.path));

function eachImport(
  sources: readonly SourceFile[],
  say: (source: SourceFile, found: Import) => string | null,
): string[] {
  return product(sources).flatMap((source) =>
    source.imports.map((found) => say(source, found)).filter((word) => word !== null),
  );
}

export const everyFileHasARoom: Check = (sources) =>
  product(sources)
    .filter((source) => roomOf(source.path) === null)
    .map((source) => `${source.path} stands in no room: add its room and the reason of its walls to test/architecture`);

export const roomsKeepTheirWalls: Check = (sources) =>
  eachImport(sources, (source, found) => {
    const from = roomOf(source.path);
    if (from === null || found.target === null) return null;
    if (isTest(found.target)) return `${source.path} imports ${found.target}: tests and their helpers are not shipped`;
    const to = roomOf(found.target);
    if (to === null) return `${source.path} imports ${found.target}, which stands in no room of src`;
    if (from === to) {
      const reason = NO_NEIGHBOURS.get(from);
      return reason === undefined ? null : `${source.path} imports ${found.target}: ${reason}`;
    }
    const wall = WALLS.find((candidate) => candidate.room === from)!;
    return wall.may.includes(to) ? null : `${source.path} imports ${found.target}: ${wall.because}`;
  });

export const fewTouchTheOutside: Check = (sources) =>
  eachImport(sources, (source, found) => {
    const module = found.specifier.replace(/^node:/, '');
    if (found.target !== null || !OUTSIDE_MODULES.has(module)) return null;
    return OUTSIDE.includes(roomOf(source.path) ?? '')
      ? null
      : `${source.path} imports ${found.specifier}: ${OUTSIDE_BECAUSE}`;
  });

const NODE_MODULES_WITHOUT_PREFIX = /^(?:assert|buffer|crypto|events|fs|os|path|stream|string_decoder|url|util|zlib)$/;

export const packagesHaveTheirRooms: Check = (sources) =>
  eachImport(sources, (source, found) => {
    if (found.target !== null || found.specifier.startsWith('node:')) return null;
    if (NODE_MODULES_WITHOUT_PREFIX.test(found.specifier))
      return `${source.path} imports ${found.specifier}: write node:${found.specifier}`;
    const name = found.specifier
      .split('/')
      .slice(0, found.specifier.startsWith('@') ? 2 : 1)
      .join('/');
    const known = PACKAGES.get(name);
    if (known === undefined)
      return `${source.path} imports ${name}: give the new package its rooms and its reason in test/architecture`;
    return known.rooms.includes(roomOf(source.path) ?? '') ? null : `${source.path} imports ${name}: ${known.because}`;
  });

export const onlyCliTouchesTheTerminal: Check = (sources) =>
  product(sources).flatMap((source) =>
    TEXT_WALLS.flatMap((wall) => {
      if (wall.rooms.includes(roomOf(source.path) ?? '')) return [];
      const line = source.text.split('\n').find((text) => !/^\s*(?:\/\/|\/?\*)/.test(text) && wall.pattern.test(text));
      return line === undefined ? [] : [`${source.path} uses ${wall.name} (${line.trim()}): ${wall.because}`];
    }),
  );

export const noCycles: Check = (sources) => {
  const files = new Map(product(sources).map((source) => [source.path, source]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push(`${[...trail.slice(start), path].join(' → ')}: files in a ring can only be understood together`);
      return;
    }
    if (done.has(path)) return;
    for (const found of files.get(path)?.imports ?? []) {
      if (found.target !== null && files.has(found.target)) visit(found.target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return cycles;
};

export const onePublicIndex: Check = (sources) =>
  sources
    .filter((source) => basename(source.path) === 'index.ts' && source.path !== 'src/index.ts')
    .map((source) => `${source.path}: an index inside a room hides what is used from where; import the file itself`);

export const startsFast: Check = (sources) => {
  const files = new Map(sources.map((source) => [source.path, source]));
  const violations: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const found of files.get(path)?.imports ?? []) {
      if (found.typeOnly || found.dynamic) continue;
      const name = found.specifier.split('/')[0] as string;
      if (HEAVY_PACKAGES.has(name)) violations.push(`${[...trail, path, name].join(' → ')}: ${HEAVY_BECAUSE}`);
      if (found.target !== null) visit(found.target, [...trail, path]);
    }
  };
  for (const path of EAGER_FILES) visit(path, []);
  return violations;
};

export const filesStaySmall: Check = (sources) =>
  sources
    .filter((source) => source.text.split('\n').length > MAX_LINES + 1)
    .map((source) => `${source.path} has more than ${MAX_LINES} lines: one purpose a file`);

/**
 * Each rule has its file, its test, its documentation and its place in the registry.
 * @param names all files of src/rules, without the folder
 */
export function rulesAreWhole(names: readonly string[], registry: SourceFile): string[] {
  const present = new Set(names);
  const rules = names
    .filter((name) => name.endsWith('.ts') && !isTest(name) && name !== 'registry.ts')
    .map((name) => name.slice(0, -3));
  const registered = new Set(
    registry.imports
      .filter((found) => !found.typeOnly && /^src\/rules\/[^/]+\.ts$/.test(found.target ?? ''))
      .map((found) => basename(found.target as string, '.ts')),
  );
  const violations: string[] = [];
  for (const rule of rules) {
    if (!present.has(`${rule}.test.ts`))
      violations.push(`src/rules/${rule}.ts has no ${rule}.test.ts: a rule without near misses is a guess`);
    if (!present.has(`${rule}.md`))
      violations.push(`src/rules/${rule}.ts has no ${rule}.md: 'kubelag rules ${rule}' prints it`);
    if (!registered.has(rule)) violations.push(`src/rules/${rule}.ts is not in registry.ts: it never runs`);
  }
  for (const name of names) {
    const owner = /^(.+?)(?:\.test\.ts|\.md)$/.exec(name)?.[1];
    if (owner !== undefined && owner !== 'registry' && !present.has(`${owner}.ts`))
      violations.push(`src/rules/${name} belongs to no rule`);
  }
  for (const rule of registered) {
    if (!present.has(`${rule}.ts`)) violations.push(`registry.ts names ${rule}, which has no file`);
  }
  return violations;
}
