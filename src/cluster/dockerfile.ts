import { languageOfImage, libcOfImage } from '../knowledge/images.ts';
import type { ImageRecipe, Located, NamedValue, Software } from '../model/workload.ts';
import { createLines, type Lines } from './yaml/lines.ts';

// Written by hand: a larger one is something else.
const MAX_LENGTH = 1 << 20;
const MAX_STAGES = 200;
const MAX_VALUES = 200;
// `ARG a=$b` may go round in circles.
const MAX_EXPANSIONS = 20;
// Far beyond a reference: what grows past it is an attack.
const MAX_IMAGE_LENGTH = 512;

/** What runs in the image that a Dockerfile makes: that of its last stage. */
export interface DockerfileFacts {
  /** Where the last stage begins, with ARG filled in; null where there is none, or it cannot be told. */
  base: Located<string> | null;
  /** The libc and the language that bases' names tell. */
  software: Software[];
  recipe: ImageRecipe;
}

interface Stage {
  name: string;
  image: Located<string>;
  environment: NamedValue[];
  entrypoint: Command | null;
  command: Command | null;
  /** Names or numbers of stages that it copies from. */
  copies: string[];
}

interface Command {
  words: Located<string>[];
  shell: boolean;
}

/** Is it named as Dockerfiles are: `Dockerfile`, `Dockerfile.prod`, `app.dockerfile`, `Containerfile`? */
export const isDockerfile = (name: string): boolean =>
  /^(?:Dockerfile|Containerfile)(?:\.[\w-]+)?$|\.dockerfile$/i.test(name);

/** @param file as the user named it */
export function readDockerfile(file: string, text: string): DockerfileFacts {
  const facts: DockerfileFacts = {
    base: null,
    software: [],
    recipe: { file, environment: [], entrypoint: [], command: [], shell: false },
  };
  if (text.length > MAX_LENGTH) return facts;
  const lines = createLines(file, text);
  const stages: Stage[] = [];
  const args = new Map<string, string>();
  for (const { keyword, rest, from } of instructionsOf(text)) {
    const stage = stages.at(-1);
    if (keyword === 'ARG' && stage === undefined) {
      const match = /^(\w{1,100})=["']?([^\s"']{0,400})/.exec(rest);
      if (match !== null && args.size < MAX_VALUES) args.set(match[1]!, expand(match[2]!, args));
    } else if (keyword === 'FROM') {
      const match = /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?/i.exec(rest);
      if (match === null || stages.length >= MAX_STAGES) continue;
      const start = from + match[0].indexOf(match[1]!, match[0].search(/(?:^|\s)[^-\s]/));
      const image = { value: expand(match[1]!, args), place: lines.place(start, start + match[1]!.length) };
      const name = (match[2] ?? '').toLowerCase();
      stages.push({ name, image, environment: [], entrypoint: null, command: null, copies: [] });
    } else if (stage === undefined) continue;
    else if (keyword === 'ENV') readEnvironment(rest, from, stage, lines);
    else if (keyword === 'CMD') stage.command = commandOf(rest, from, lines);
    else if (keyword === 'ENTRYPOINT') {
      stage.entrypoint = commandOf(rest, from, lines);
      // What an earlier stage or base had as arguments was meant for its own.
      stage.command = null;
    } else if (keyword === 'COPY') {
      const source = /--from=(\S{1,200})/.exec(rest)?.[1];
      if (source !== undefined && stage.copies.length < MAX_VALUES) stage.copies.push(source.toLowerCase());
    }
  }
  collect(stages, facts);
  return facts;
}

/** The last stage, and back along those that it was made from. */
function collect(stages: readonly Stage[], facts: DockerfileFacts): void {
  const { recipe } = facts;
  const copied: string[] = [];
  let isCommandSet = false;
  let index = stages.length - 1;
  while (index >= 0) {
    const { image, environment, entrypoint, command, copies } = stages[index]!;
    // What a later stage sets stands over what it was given.
    const set = new Set(recipe.environment.map(({ name }) => name));
    recipe.environment = [...recipe.environment, ...environment.filter(({ name }) => !set.has(name))];
    if (!isCommandSet && (entrypoint !== null || command !== null)) {
      isCommandSet = true;
      recipe.entrypoint = entrypoint?.words ?? [];
      recipe.command = command?.words ?? [];
      recipe.shell = entrypoint?.shell === true || command?.shell === true;
    }
    copied.push(...copies);
    facts.base = image;
    // Only an earlier stage can be meant, so that it ends.
    const earlier = stages
      .slice(0, index)
      .findLastIndex(({ name }) => name !== '' && name === image.value.toLowerCase());
    if (earlier < 0) break;
    index = earlier;
  }
  if (facts.base === null || facts.base.value.includes('$')) facts.base = null;
  else facts.software.push(...softwareOf(facts.base));
  if (facts.software.some(({ component }) => component !== 'glibc' && component !== 'musl')) return;
  // What a base does not tell, what was built for it does: a Go program in an image of Alpine.
  for (const source of copied) {
    const stage = stages.find(({ name }, at) => name === source || String(at) === source);
    const language = stage === undefined ? null : languageOfImage(stage.image.value);
    if (stage !== undefined && language !== null && COMPILED.has(language)) {
      facts.software.push({ component: language, version: null, quote: stage.image });
    }
  }
}

/** Builders of these leave a program that needs no runtime of theirs. */
const COMPILED: ReadonlySet<string> = new Set(['go', 'rust']);

function softwareOf(base: Located<string>): Software[] {
  const libc = libcOfImage(base.value);
  const language = languageOfImage(base.value);
  return [
    ...(libc === null ? [] : [{ component: libc, version: null, quote: base }]),
    ...(language === null ? [] : [{ component: language, version: null, quote: base }]),
  ];
}

/** `ENV a=b c="d e"`, and the old `ENV a b`. The last of a name counts. */
function readEnvironment(rest: string, from: number, stage: Stage, lines: Lines): void {
  const pairs = /^\w+=/.test(rest)
    ? rest.matchAll(/(?<=^|\s)(\w{1,100})=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']*)/g)
    : rest.matchAll(/^(\w{1,100})\s+(.+?)\s*$/g);
  for (const match of pairs) {
    if (stage.environment.length >= MAX_VALUES) continue;
    const quoted = /^["']/.test(match[2]!) && match[2]!.length > 1 ? 1 : 0;
    const end = from + match.index + match[0].trimEnd().length - quoted;
    const start = end - (match[2]!.length - 2 * quoted);
    const value = { value: match[2]!.slice(quoted, match[2]!.length - quoted), place: lines.place(start, end) };
    stage.environment = [...stage.environment.filter(({ name }) => name !== match[1]), { name: match[1]!, value }];
  }
}

/** `["java", "-jar", "a.jar"]`, or a line for a shell. */
function commandOf(rest: string, from: number, lines: Lines): Command {
  const shell = !rest.trimStart().startsWith('[');
  const found = shell
    ? rest.matchAll(/[^\s;&|"']{1,1000}/g)
    : rest.matchAll(/(?<=")(?:[^"\\]|\\.){1,1000}(?="(?:\s*[,\]]))/g);
  const words: Located<string>[] = [];
  for (const match of found) {
    if (words.length >= MAX_VALUES) break;
    const start = from + match.index;
    words.push({ value: match[0], place: lines.place(start, start + match[0].length) });
  }
  return { words, shell };
}

/** `$name`, `${name}`, `${name:-default}`; what is not known stays as it is. */
function expand(text: string, args: ReadonlyMap<string, string>): string {
  let rounds = 0;
  return text
    .replace(
      /\$(?:(\w{1,100})|\{(\w{1,100})(?::?-([^}$]{0,200}))?\})/g,
      (whole, plain?: string, braced?: string, other?: string) =>
        ++rounds > MAX_EXPANSIONS ? whole : (args.get(plain ?? braced ?? '') ?? other ?? whole),
    )
    .slice(0, MAX_IMAGE_LENGTH);
}

/** Instructions with lines joined where they end in a backslash; joints are blanks, so that places stay. */
function* instructionsOf(text: string): Generator<{ keyword: string; rest: string; from: number }> {
  const joined = text.replace(/\\[ \t]{0,20}\r?\n(?:[ \t]{0,200}#[^\n]{0,2000}\n)*/g, (joint) =>
    ' '.repeat(joint.length),
  );
  for (const match of joined.matchAll(/^[ \t]{0,200}([A-Za-z]{2,12})[ \t]+([^\n]*)$/gm)) {
    yield {
      keyword: match[1]!.toUpperCase(),
      rest: match[2]!.replace(/\r$/, ''),
      from: match.index + match[0].length - match[2]!.length,
    };
  }
}
