import type { Located, NamedValue, Software } from '../model/workload.ts';
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
  /** The libc that the base's name tells, with its version where the release is known. */
  software: Software[];
  /** What the last stage and those that it is made from set of JAVA_TOOL_OPTIONS, GODEBUG, GRPC_… */
  environment: NamedValue[];
  /** Options of the JVM in CMD and ENTRYPOINT that begin with -D. */
  properties: NamedValue[];
}

/** Names that change how lookups, gRPC or the JVM behave. */
const TELLING =
  /^(?:JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|JAVA_OPTS|_JAVA_OPTIONS|GODEBUG|RES_OPTIONS|LOCALDOMAIN|NODE_OPTIONS|UV_THREADPOOL_SIZE|AWS_(?:METADATA_SERVICE|EC2_METADATA|STS_REGIONAL)_\w+|GRPC_\w+)$/;

/** libc of distributions' releases, by what their repositories ship. */
const LIBC: readonly (readonly [image: RegExp, component: 'glibc' | 'musl', version: string | null])[] = [
  [/(?:^|[/:-])alpine[:-]?v?3\.(?:18|19)(?:[.\-@]|$)/, 'musl', '1.2.4'],
  [/(?:^|[/:-])alpine[:-]?v?3\.2[0-3](?:[.\-@]|$)/, 'musl', '1.2.5'],
  [/(?:^|[/:-])alpine/, 'musl', null],
  [/bookworm|(?:^|\/)debian:12|debian12/, 'glibc', '2.36'],
  [/bullseye|(?:^|\/)debian:11|debian11/, 'glibc', '2.31'],
  [/(?:^|\/)ubuntu:(?:24\.04|noble)|-noble/, 'glibc', '2.39'],
  [/(?:^|\/)ubuntu:(?:22\.04|jammy)|-jammy/, 'glibc', '2.35'],
  [/(?:^|\/)ubuntu:(?:20\.04|focal)|-focal/, 'glibc', '2.31'],
  [/(?:^|[/:-])(?:debian|ubuntu|slim|trixie|buster)\b|distroless\/(?:base|cc|java|python|nodejs)/, 'glibc', null],
];

interface Stage {
  name: string;
  image: Located<string>;
  environment: NamedValue[];
  properties: NamedValue[];
}

/** Is it named as Dockerfiles are: `Dockerfile`, `Dockerfile.prod`, `app.dockerfile`, `Containerfile`? */
export const isDockerfile = (name: string): boolean =>
  /^(?:Dockerfile|Containerfile)(?:\.[\w-]+)?$|\.dockerfile$/i.test(name);

/** @param file as the user named it */
export function readDockerfile(file: string, text: string): DockerfileFacts {
  const facts: DockerfileFacts = { base: null, software: [], environment: [], properties: [] };
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
      stages.push({ name: (match[2] ?? '').toLowerCase(), image, environment: [], properties: [] });
    } else if (keyword === 'ENV' && stage !== undefined) readEnvironment(rest, from, stage, lines);
    else if ((keyword === 'CMD' || keyword === 'ENTRYPOINT') && stage !== undefined) {
      readProperties(rest, from, stage, lines);
    }
  }
  collect(stages, facts);
  return facts;
}

/** The last stage, and back along those that it was made from. */
function collect(stages: readonly Stage[], facts: DockerfileFacts): void {
  let index = stages.length - 1;
  while (index >= 0) {
    const { image, environment, properties } = stages[index]!;
    // What a later stage sets stands over what it was given.
    const set = new Set(facts.environment.map(({ name }) => name));
    facts.environment.push(...environment.filter(({ name }) => !set.has(name)));
    if (facts.properties.length === 0) facts.properties.push(...properties);
    facts.base = image;
    // Only an earlier stage can be meant, so that it ends.
    const earlier = stages
      .slice(0, index)
      .findLastIndex(({ name }, at) => name === image.value.toLowerCase() && (name !== '' || at < 0));
    if (earlier < 0) break;
    index = earlier;
  }
  if (facts.base === null || facts.base.value.includes('$')) {
    facts.base = null;
    return;
  }
  const { value, place } = facts.base;
  const known = LIBC.find(([image]) => image.test(value));
  if (known !== undefined) facts.software.push({ component: known[1], version: known[2], quote: { value, place } });
}

/** `ENV a=b c="d e"`, and the old `ENV a b`. The last of a name counts. */
function readEnvironment(rest: string, from: number, stage: Stage, lines: Lines): void {
  const pairs = /^\w+=/.test(rest)
    ? rest.matchAll(/(?<=^|\s)(\w{1,100})=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']*)/g)
    : rest.matchAll(/^(\w{1,100})\s+(.+?)\s*$/g);
  for (const match of pairs) {
    if (!TELLING.test(match[1]!) || stage.environment.length >= MAX_VALUES) continue;
    const quoted = /^["']/.test(match[2]!) && match[2]!.length > 1 ? 1 : 0;
    const end = from + match.index + match[0].trimEnd().length - quoted;
    const start = end - (match[2]!.length - 2 * quoted);
    const value = { value: match[2]!.slice(quoted, match[2]!.length - quoted), place: lines.place(start, end) };
    stage.environment = [...stage.environment.filter(({ name }) => name !== match[1]), { name: match[1]!, value }];
  }
}

function readProperties(rest: string, from: number, stage: Stage, lines: Lines): void {
  for (const match of rest.matchAll(/(?<=^|[\s"'[,])-D([\w.]{1,200})=([^\s"',\]]{0,200})/g)) {
    if (stage.properties.length >= MAX_VALUES) return;
    const end = from + match.index + match[0].length;
    stage.properties.push({
      name: match[1]!,
      value: { value: match[2]!, place: lines.place(end - match[2]!.length, end) },
    });
  }
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
