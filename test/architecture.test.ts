import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  everyFileHasARoom,
  fewTouchTheOutside,
  filesStaySmall,
  noCycles,
  onePublicIndex,
  onlyCliTouchesTheTerminal,
  packagesHaveTheirRooms,
  roomOf,
  roomsKeepTheirWalls,
  rulesAreWhole,
  startsFast,
  type Check,
} from './architecture/checks.ts';
import { parseSource, readSources, type SourceFile } from './architecture/graph.ts';
import {
  EAGER_FILES,
  HEAVY_PACKAGES,
  MAX_LINES,
  OUTSIDE,
  OUTSIDE_MODULES,
  PACKAGES,
  TEXT_WALLS,
  WALLS,
} from './architecture/walls.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = readSources(root, 'src');
const all = [
  ...sources,
  ...['test', 'bench', 'lab'].flatMap((folder) => (existsSync(`${root}/${folder}`) ? readSources(root, folder) : [])),
];

/** A file that imports others, in a house of its own. */
const file = (path: string, ...imports: string[]): SourceFile =>
  parseSource(path, imports.map((specifier) => `import { thing } from '${specifier}';`).join('\n'));

/** Some file of a room, and the way to it from a folder two deep. */
const fileIn = (room: string): string => (room.endsWith('.ts') ? `src/${room}` : `src/${room}/some-file.ts`);
const wayTo = (from: string, to: string): string => `${'../'.repeat(from.split('/').length - 1)}${to}`;

/** A house whose every answer passes a file with this text. */
const house = (how: string): SourceFile[] => [
  file('src/analyze.ts', './model/diagnosis.ts'),
  parseSource('src/model/diagnosis.ts', how),
];

describe('the house as it stands', () => {
  it.each<[string, Check, readonly SourceFile[]]>([
    ['every file has a room', everyFileHasARoom, sources],
    ['rooms keep their walls', roomsKeepTheirWalls, sources],
    ['few rooms touch files and network', fewTouchTheOutside, sources],
    ['packages have their rooms', packagesHaveTheirRooms, sources],
    ['only cli touches the terminal, the environment and the clock', onlyCliTouchesTheTerminal, sources],
    ['no cycles', noCycles, sources],
    ['no index but the public one', onePublicIndex, all],
    ['nothing slow to load on the way to an answer', startsFast, sources],
    ['no file is long', filesStaySmall, all],
  ])('%s', (_, check, given) => {
    expect(given.length).toBeGreaterThan(5);
    expect(check(given)).toEqual([]);
  });

  it('reads the imports that are there', () => {
    const counted = sources.reduce((sum, source) => sum + source.imports.length, 0);
    const lines = sources.flatMap((source) => source.text.split('\n'));
    const statements = lines.filter((line) => /^(?:import|export) .*from '|^\} from '|^import '/.test(line)).length;
    expect(counted).toBeGreaterThanOrEqual(statements);
    expect(statements).toBeGreaterThan(20);
  });

  it('starts from files that exist', () => {
    expect(EAGER_FILES.filter((path) => !existsSync(`${root}/${path}`))).toEqual([]);
  });

  it('has whole rules', async () => {
    const registry = sources.find((source) => source.path === 'src/rules/registry.ts');
    expect(registry, 'src/rules/registry.ts').toBeDefined();
    expect(
      rulesAreWhole(
        readdirSync(`${root}/src/rules`).filter((name) => name.includes('.')),
        registry!,
      ),
    ).toEqual([]);
    const { RULES } = (await import('../src/rules/registry.ts')) as { RULES: readonly { id: string }[] };
    const files = readdirSync(`${root}/src/rules`)
      .filter((name) => name.endsWith('.md'))
      .map((name) => basename(name, '.md'));
    expect(RULES.map((rule) => rule.id).toSorted()).toEqual(files.toSorted());
  });
});

describe('the walls, each of which must be able to fail', () => {
  const rooms = WALLS.map((wall) => wall.room);

  it.each(WALLS)('$room: $because', ({ room: from, may, because }) => {
    for (const to of rooms.filter((room) => room !== from)) {
      const violations = roomsKeepTheirWalls([file(fileIn(from), wayTo(fileIn(from), fileIn(to))), file(fileIn(to))]);
      const expected = may.includes(to) ? [] : [`${fileIn(from)} imports ${fileIn(to)}: ${because}`];
      expect(violations, `${from} → ${to}`).toEqual(expected);
    }
  });

  it('a type import, a dynamic import and a re-export cross a wall too', () => {
    for (const text of [
      `import type { Thing } from '../capture/thing.ts';`,
      `import {\n  type Thing,\n} from '../capture/thing.ts';`,
      `const thing = await import('../capture/thing.ts');`,
      `export { thing } from '../capture/thing.ts';`,
      `export * from '../capture/thing.ts';`,
      `import '../capture/thing.ts';`,
    ]) {
      expect(roomsKeepTheirWalls([parseSource('src/report/a.ts', text)]), text).toHaveLength(1);
    }
  });

  it('a comment or a string is no import', () => {
    const text = `// import { a } from '../capture/a.ts';\n/* import { b } from '../capture/b.ts'; */\nconst says = "not from '../capture/c.ts'";\n`;
    expect(parseSource('src/report/a.ts', text).imports).toEqual([]);
  });

  it('rules do not import each other, and no room imports tests', () => {
    expect(roomsKeepTheirWalls([file('src/rules/a.ts', './b.ts')])).toHaveLength(1);
    expect(roomsKeepTheirWalls([file('src/base/a.ts', './b.ts')])).toEqual([]);
    expect(roomsKeepTheirWalls([file('src/base/a.ts', './b.test.ts')])).toHaveLength(1);
    expect(roomsKeepTheirWalls([file('src/rules/a.ts', './testing/b.ts')])).toHaveLength(1);
    expect(roomsKeepTheirWalls([file('src/base/a.test.ts', '../cli/run.ts')])).toEqual([]);
    expect(roomsKeepTheirWalls([file('src/base/a.ts', '../../test/b.ts')])).toHaveLength(1);
  });

  it('a file outside every room', () => {
    expect(everyFileHasARoom([file('src/utilities/a.ts')])).toHaveLength(1);
    expect(everyFileHasARoom([file('src/helper.ts')])).toHaveLength(1);
    expect(roomOf('src/rules/support/tally.ts')).toBe('rules/support');
    expect(roomOf('src/rules/registry.ts')).toBe('rules/registry.ts');
    expect(roomOf('src/rules/dns-race.ts')).toBe('rules');
  });

  it('a module that reaches outside the process', () => {
    for (const [room, module] of rooms.flatMap((name) => [...OUTSIDE_MODULES].map((known) => [name, known] as const))) {
      const crossed = !OUTSIDE.includes(room);
      expect(fewTouchTheOutside([file(fileIn(room), `node:${module}`)]), room).toHaveLength(crossed ? 1 : 0);
      expect(fewTouchTheOutside([file(fileIn(room), module)]), room).toHaveLength(crossed ? 1 : 0);
    }
  });

  it.each([...PACKAGES])('package %s', (name, { rooms: homes }) => {
    for (const room of rooms) {
      const specifier = `${name}/part`;
      expect(packagesHaveTheirRooms([file(fileIn(room), specifier)]), room).toHaveLength(homes.includes(room) ? 0 : 1);
    }
  });

  it('a package that nobody gave a room', () => {
    expect(packagesHaveTheirRooms([file('src/cli/a.ts', 'left-pad')])).toHaveLength(1);
    expect(packagesHaveTheirRooms([file('src/cli/a.ts', '@scope/left-pad/deep')])[0]).toContain('@scope/left-pad:');
    expect(packagesHaveTheirRooms([file('src/cli/a.ts', 'path')])).toHaveLength(1);
    expect(packagesHaveTheirRooms([file('src/cli/a.ts', 'node:path')])).toEqual([]);
  });

  it.each([
    'process.env.HOME',
    'process.stdout.write("")',
    'console.log(1)',
    'process.exit(1)',
    'Date.now()',
    'performance.now()',
    'new Date()',
  ])('%s', (use) => {
    const text = `export const thing = () => ${use};`;
    expect(onlyCliTouchesTheTerminal([parseSource('src/report/a.ts', text)])).toHaveLength(1);
    expect(onlyCliTouchesTheTerminal([parseSource('src/cli/a.ts', text)])).toEqual([]);
    expect(onlyCliTouchesTheTerminal([parseSource('src/report/a.ts', `// ${use}`)])).toEqual([]);
    expect(TEXT_WALLS.some((wall) => wall.pattern.test(use))).toBe(true);
  });

  it('a ring of imports', () => {
    const ring = [file('src/base/a.ts', './b.ts'), file('src/base/b.ts', './c.ts'), file('src/base/c.ts', './a.ts')];
    expect(noCycles(ring)).toEqual([
      expect.stringContaining('src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts'),
    ]);
    expect(noCycles(ring.slice(0, 2))).toEqual([]);
    expect(noCycles([file('src/base/a.ts', './a.ts')])).toHaveLength(1);
  });

  it('an index inside a room', () => {
    expect(onePublicIndex([file('src/report/index.ts')])).toHaveLength(1);
    expect(onePublicIndex([file('src/index.ts')])).toEqual([]);
  });

  it.each([...HEAVY_PACKAGES])('%s on the way to an answer', (name) => {
    expect(startsFast(house(`import { Type } from '${name}';`))).toHaveLength(1);
    expect(startsFast(house(`import { Type } from '${name}/value';`))).toHaveLength(1);
    expect(startsFast(house(`import type { Static } from '${name}';`))).toEqual([]);
    expect(startsFast(house(`import { type Static } from '${name}';`))).toEqual([]);
    expect(startsFast(house(`const late = () => import('${name}');`))).toEqual([]);
  });

  it('a long file', () => {
    expect(filesStaySmall([parseSource('bench/a.ts', 'x\n'.repeat(MAX_LINES + 1))])).toHaveLength(1);
    expect(filesStaySmall([parseSource('bench/a.ts', 'x\n'.repeat(MAX_LINES))])).toEqual([]);
  });

  it('a rule that is not whole', () => {
    const registry = file('src/rules/registry.ts', './dns-race.ts');
    const whole = ['registry.ts', 'dns-race.ts', 'dns-race.test.ts', 'dns-race.md'];
    expect(rulesAreWhole(whole, registry)).toEqual([]);
    for (const missing of ['dns-race.ts', 'dns-race.test.ts', 'dns-race.md']) {
      expect(
        rulesAreWhole(
          whole.filter((name) => name !== missing),
          registry,
        ),
        missing,
      ).not.toEqual([]);
    }
    expect(rulesAreWhole(whole, file('src/rules/registry.ts'))).toHaveLength(1);
    expect(rulesAreWhole([...whole, 'dns-loss.md'], registry)).toHaveLength(1);
  });
});
