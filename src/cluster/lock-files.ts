import type { Software } from '../model/workload.ts';
import { createLines, type Lines } from './yaml/lines.ts';

// The largest lock files of public projects have some 5 MB.
const MAX_LENGTH = 32 << 20;
// What rules ask for is a handful; more of it is a list that nobody wrote.
const MAX_FOUND = 500;

/** What has defaults that make requests slow: SDKs, gRPC, pools and HTTP clients. */
const WANTED: readonly RegExp[] = [
  /^com\.amazonaws:|^software\.amazon\.awssdk:/,
  /^io\.grpc:|^com\.zaxxer:HikariCP$|^com\.squareup\.okhttp3:okhttp$|^org\.apache\.httpcomponents/,
  /^io\.netty:netty-resolver-dns$|^io\.projectreactor\.netty:/,
  /^aws-sdk(?:-core|-[a-z0-9]+)?$|^@aws-sdk\/|^@smithy\/credential-provider-imds$|^@grpc\/grpc-js$|^google-auth-library$|^undici$/,
  /^boto$|^boto3$|^botocore$|^grpcio$|^google-auth$|^azure-identity$|^gunicorn$|^uvicorn$|^hypercorn$|^aiohttp$|^httpx$|^requests$/,
  /^github\.com\/aws\/aws-sdk-go(?:-v2)?(?:\/|$)|^google\.golang\.org\/grpc$|^golang\.org\/x\/oauth2$/,
  /^grpc$|^sqlalchemy$/,
];

type Found = (component: string, version: string | null, from: number, to: number) => void;
type Reader = (text: string, found: Found) => void;

const READERS: Readonly<Record<string, Reader>> = {
  'package-lock.json': readPackageLock,
  'npm-shrinkwrap.json': readPackageLock,
  'go.mod': readGoMod,
  'pom.xml': readPom,
  'gradle.lockfile': readGradle,
  'build.gradle': readGradle,
  'build.gradle.kts': readGradle,
  'requirements.txt': readRequirements,
  'poetry.lock': readPoetryLock,
  'Gemfile.lock': readGemfileLock,
};

/** Does a file's name say that it lists what a program is made of? */
export const isLockFile = (name: string): boolean => Object.hasOwn(READERS, name);

/**
 * The libraries of a lock file that rules know of, with the place of each version, or of the name
 * where no version is said. Scanned, not parsed: broken files give what stands in them unharmed.
 * @param file as the user named it
 */
export function readLockFile(file: string, text: string): Software[] {
  const reader = READERS[file.slice(file.lastIndexOf('/') + 1)];
  if (reader === undefined || text.length > MAX_LENGTH) return [];
  const lines: Lines = createLines(file, text);
  const software: Software[] = [];
  reader(text, (component, version, from, to) => {
    if (software.length >= MAX_FOUND || !WANTED.some((one) => one.test(component))) return;
    software.push({ component, version, quote: { value: text.slice(from, to), place: lines.place(from, to) } });
  });
  return software;
}

/** The object of a package, and its version, which npm writes first. */
function readPackageLock(text: string, found: Found): void {
  for (const match of text.matchAll(
    /"(?:[^"\n]{0,400}node_modules\/)?((?:@[\w.-]{1,100}\/)?[\w.-]{1,200})":\s{0,40}\{\s{0,40}"version":\s{0,4}"([^"\n]{1,60})"/g,
  )) {
    const to = match.index + match[0].length - 1;
    found(match[1]!, match[2]!, to - match[2]!.length, to);
  }
}

function readGoMod(text: string, found: Found): void {
  for (const match of text.matchAll(
    /^[ \t]{0,8}(?:require[ \t]{1,8})?([\w.-]{1,100}\.[\w.-]{1,20}\/[\w./-]{1,200})[ \t]{1,8}v(\d[^\s/]{0,80})/gm,
  )) {
    const to = match.index + match[0].length;
    found(match[1]!, match[2]!, to - match[2]!.length, to);
  }
}

function readPom(text: string, found: Found): void {
  // Blanked, not cut: places stay.
  const plain = text.replace(/<!--[^]*?(?:-->|$)/g, (comment) => ' '.repeat(comment.length));
  const properties = new Map<string, { value: string; from: number }>();
  for (const { start, inside } of blocksOf(plain, 'properties')) {
    for (const match of inside.matchAll(/<([\w.-]{1,100})>\s{0,20}([^<\s]{1,100})\s{0,20}<\/\1>/g)) {
      properties.set(match[1]!, {
        value: match[2]!,
        from: start + match.index + match[0].indexOf(match[2]!, match[1]!.length + 2),
      });
    }
  }
  for (const { start, inside } of blocksOf(plain, 'dependency')) {
    const group = element(inside, 'groupId');
    const artifact = element(inside, 'artifactId');
    if (group === null || artifact === null) continue;
    const version = element(inside, 'version');
    const property = version === null ? undefined : properties.get(/^\$\{([\w.-]+)\}$/.exec(version.value)?.[1] ?? '');
    const said = property ?? (version === null ? null : { value: version.value, from: start + version.from });
    const component = `${group.value}:${artifact.value}`;
    if (said === null || said.value.includes('$')) {
      found(component, null, start + artifact.from, start + artifact.from + artifact.value.length);
    } else found(component, said.value, said.from, said.from + said.value.length);
  }
}

/** `group:artifact:version`, in quotes or at the beginning of a locked line. */
function readGradle(text: string, found: Found): void {
  for (const match of text.matchAll(/(?:^|["'])([\w.-]{1,100}:[\w.-]{1,100}):(\d[\w.-]{0,60})/gm)) {
    const to = match.index + match[0].length;
    found(match[1]!, match[2]!, to - match[2]!.length, to);
  }
}

/** By searching, not by pattern: a thousand beginnings without an end cost one look each. */
function* blocksOf(text: string, name: string): Generator<{ start: number; inside: string }> {
  const open = `<${name}>`;
  for (let at = text.indexOf(open); at >= 0;) {
    const start = at + open.length;
    const end = text.indexOf(`</${name}>`, start);
    if (end < 0) return;
    yield { start, inside: text.slice(start, end) };
    at = text.indexOf(open, end);
  }
}

function element(text: string, name: 'groupId' | 'artifactId' | 'version'): { value: string; from: number } | null {
  const match = new RegExp(`<${name}>\\s{0,40}([^<\\s]{1,200})\\s{0,40}</${name}>`).exec(text);
  return match === null ? null : { value: match[1]!, from: match.index + match[0].indexOf(match[1]!, name.length + 2) };
}

function readRequirements(text: string, found: Found): void {
  for (const match of text.matchAll(
    /^[ \t]{0,8}([A-Za-z0-9][\w.-]{0,100})(?:\[[^\]\n]{0,100}\])?[ \t]{0,8}(?:(===?)[ \t]{0,8}([\w.!+-]{1,60}))?/gm,
  )) {
    const name = match[1]!.toLowerCase().replaceAll('_', '-');
    const end = match.index + match[0].length;
    const start = match.index + match[0].indexOf(match[1]!);
    if (match[3] === undefined) found(name, null, start, start + match[1]!.length);
    else found(name, match[3], end - match[3].length, end);
  }
}

function readPoetryLock(text: string, found: Found): void {
  for (const match of text.matchAll(/^\[\[package\]\]\r?\nname = "([^"\n]{1,100})"\r?\nversion = "([^"\n]{1,60})"/gm)) {
    const to = match.index + match[0].length - 1;
    found(match[1]!.toLowerCase(), match[2]!, to - match[2]!.length, to);
  }
}

/** What is installed stands four deep; what it needs, six deep, is not. */
function readGemfileLock(text: string, found: Found): void {
  for (const match of text.matchAll(/^ {4}([\w.-]{1,100}) \((\d[^)\n]{0,60})\)/gm)) {
    const to = match.index + match[0].length - 1;
    found(match[1]!, match[2]!, to - match[2]!.length, to);
  }
}
