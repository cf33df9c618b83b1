/**
 * The walls of the house as data: which room may import which, and why. The reason is what a
 * failing test prints, so each is written for the person who has just crossed the wall.
 */
export interface Wall {
  room: string;
  /** Rooms it may import besides itself. */
  may: readonly string[];
  because: string;
}

function words(text: string): string[] {
  return text.split(' ');
}

const STAGE = 'a stage that imports another can no longer be plugged elsewhere (a live source, merged captures)';

// Of several rooms that hold a file, the longest counts: `rules/support` before `rules`.
export const WALLS: readonly Wall[] = [
  { room: 'base', may: [], because: 'base is what all rooms share; it knows nothing of ours' },
  { room: 'model', may: ['base'], because: 'model is the vocabulary that all rooms share; it holds no work' },
  { room: 'knowledge', may: ['base', 'model'], because: 'what components do by default is data, and needs no room' },
  { room: 'capture', may: ['base', 'model'], because: STAGE },
  { room: 'decode', may: ['base', 'model'], because: STAGE },
  { room: 'flows', may: ['base', 'model'], because: STAGE },
  { room: 'protocols', may: ['base', 'model'], because: STAGE },
  { room: 'lookups', may: ['base', 'model', 'knowledge'], because: STAGE },
  { room: 'tracing', may: ['base', 'model', 'knowledge'], because: STAGE },
  { room: 'rows', may: ['base', 'model'], because: 'rows stand between the halves and know neither' },
  {
    room: 'cluster',
    may: ['base', 'model', 'knowledge'],
    because: 'manifests become workloads; what is wrong with them is for rules to say',
  },
  {
    room: 'rules/support',
    may: ['base', 'model', 'knowledge'],
    because: 'what rules share must not depend on any one of them',
  },
  {
    room: 'rules/predicted',
    may: ['base', 'model', 'knowledge', 'rules/support'],
    because:
      "a rule's configuration side judges workloads: where their files are and what is shown of them is for others",
  },
  {
    room: 'rules/predicted/registry.ts',
    may: ['rules/predicted', 'rules/support'],
    because: 'the registry is a list of configuration sides and nothing else',
  },
  {
    room: 'rules/registry.ts',
    may: ['rules', 'rules/support'],
    because: 'the registry is a list of rules and nothing else',
  },
  {
    room: 'rules',
    may: ['base', 'model', 'knowledge', 'rules/support'],
    because: 'a rule that parses bytes, formats text or asks another rule is in the wrong room',
  },
  {
    room: 'replay',
    may: ['base', 'model'],
    because: 'what requests would take otherwise is worked out from rows alone, whoever says what would be gone',
  },
  {
    room: 'diagnosis',
    may: ['base', 'model', 'knowledge', 'replay', 'rules/registry.ts', 'rules/support'],
    because: 'diagnosis reads rows, never packets, and knows rules only by their registry',
  },
  {
    room: 'compare',
    may: ['base', 'model'],
    because: 'a comparison reads two Diagnoses and nothing else, so that saved answers compare as captures do',
  },
  { room: 'report', may: ['base', 'model'], because: 'report reads a Diagnosis and nothing else' },
  { room: 'fix', may: ['base', 'model', 'knowledge', 'cluster'], because: 'a fix needs a finding and the manifests' },
  { room: 'export', may: ['base', 'model'], because: 'an exporter is an observer of rows, however they were made' },
  {
    room: 'extract.ts',
    may: ['base', 'model', 'knowledge', 'decode', 'flows', 'protocols', 'lookups'],
    because: 'extract.ts plugs packets to rows: what is read and what rows mean are for others',
  },
  {
    room: 'merge.ts',
    may: ['base', 'model', 'extract.ts'],
    because: 'merge.ts sets the packets of several inputs in order of time, whoever read them',
  },
  {
    room: 'clocks.ts',
    may: ['base', 'model', 'capture', 'decode', 'flows'],
    because: 'clocks.ts finds the packets that several captures share, and makes no rows of them',
  },
  {
    room: 'wanted.ts',
    may: ['base', 'model'],
    because: 'wanted.ts picks rows for the user, whoever made them and whoever reads them',
  },
  {
    room: 'read-inputs.ts',
    may: words('base model capture rows extract.ts merge.ts clocks.ts'),
    because: 'read-inputs.ts is the first half: what rows mean is for the second',
  },
  {
    room: 'transfer',
    may: ['base', 'model', 'read-inputs.ts'],
    because: 'transfer carries rows from one thread to another, and knows neither how they are made nor what they mean',
  },
  {
    room: 'analyze.ts',
    may: words(
      'base model knowledge tracing cluster diagnosis read-inputs.ts wanted.ts rules/registry.ts ' +
        'rules/predicted/registry.ts rules/support',
    ),
    because: 'analyze.ts knows what there is, and nothing of how an answer is shown or how packets are taken apart',
  },
  {
    room: 'lint.ts',
    may: words('base model cluster diagnosis rules/predicted/registry.ts'),
    because: 'lint.ts knows what reads manifests and what judges them, and nothing of how an answer is shown',
  },
  {
    room: 'index.ts',
    may: ['base', 'model', 'analyze.ts', 'rules/registry.ts', 'rules/support'],
    because: 'the public API is analyze, its types and the rules; the rest stays free to change',
  },
  {
    room: 'cli',
    may: words(
      'base model knowledge analyze.ts lint.ts transfer rules/registry.ts rules/support compare report export fix',
    ),
    because: 'commands go through analyze.ts: what the stages are is not their business',
  },
];

/** Rooms whose files must not import one another either. */
export const NO_NEIGHBOURS: ReadonlyMap<string, string> = new Map([
  ['rules', 'one pathology a file: what two rules share stands in rules/support'],
  ['rules/predicted', 'one pathology a file: what two rules share stands in rules/support'],
]);

/** A thing in the text of a file that only some rooms may have. */
export interface TextWall {
  name: string;
  pattern: RegExp;
  rooms: readonly string[];
  because: string;
}

export const TEXT_WALLS: readonly TextWall[] = [
  {
    name: 'the environment and the terminal',
    pattern: /\bprocess\.(?:env|stdout|stderr|stdin|argv|exit|exitCode|on|once|cwd)\b|\bconsole\.\w+\(/,
    rooms: ['cli'],
    because: 'only cli reads the environment and writes to the terminal: all else can be tested by pushing and looking',
  },
  {
    name: 'a clock',
    pattern: /\bDate\.now\b|\bperformance\.now\b|\bnew Date\(\)|\bprocess\.hrtime\b/,
    rooms: ['cli'],
    because: 'time is the time of the capture: a stage that reads a clock gives another answer tomorrow',
  },
];

/** Modules of Node that reach outside the process. */
export const OUTSIDE_MODULES: ReadonlySet<string> = new Set(
  words(
    'fs fs/promises net http https http2 tls dgram dns dns/promises ' +
      'child_process worker_threads cluster os readline tty process repl',
  ),
);

export const OUTSIDE: TextWall['rooms'] = ['capture', 'rows', 'transfer', 'cluster', 'export', 'fix', 'cli'];
export const OUTSIDE_BECAUSE =
  'only capture, rows, transfer, cluster, export, fix and cli touch files, threads or the network: the rest works on what it is handed';

/** Who may use which package. */
export const PACKAGES: ReadonlyMap<string, { rooms: readonly string[]; because: string }> = new Map([
  ['commander', { rooms: ['cli'], because: 'only cli has a command line' }],
  ['cli-progress', { rooms: ['cli'], because: 'only cli draws on the terminal' }],
  ['picocolors', { rooms: ['cli', 'report'], because: 'colours are for those who show something' }],
  ['fzstd', { rooms: ['capture'], because: 'only capture opens compressed files' }],
  ['diff', { rooms: ['fix'], because: 'only fix shows changes' }],
  ['yaml', { rooms: ['cluster'], because: 'only cluster reads manifests' }],
  ['typebox', { rooms: ['model', 'rows', 'cli'], because: 'schemas are part of the vocabulary' }],
]);

/** Slow to load; must not be reached by what runs for every capture. */
export const HEAVY_PACKAGES: ReadonlySet<string> = new Set(['typebox', 'cli-progress', 'yaml', 'diff']);
/** What runs for every capture. Dynamic imports are not followed: they are the way to load late. */
export const EAGER_FILES = ['src/cli/main.ts', 'src/cli/explain.ts', 'src/analyze.ts', 'src/transfer/worker.ts'];
export const HEAVY_BECAUSE =
  'a small capture is answered in under 200 ms, start included, and loading this alone takes half of that: ' +
  'use `import type`, or load it where it is needed with `await import()`';

export const MAX_LINES = 400;
