import { isLanguage, languageOfImage, libcOfImage, type Language } from '../../../knowledge/images.ts';
import type { Quote } from '../../../model/finding.ts';
import type { Container, Located, Software, Workload } from '../../../model/workload.ts';

/** What a container runs, as far as its manifest tells. */
export interface Program {
  libc: 'glibc' | 'musl' | null;
  libcQuote: Quote | null;
  language: Language | null;
  /** A Go program that is told to ask through libc. */
  throughLibc: boolean;
  grpc: GrpcUse | null;
}

export interface GrpcUse {
  /** gRPC's C core, which has a resolver of its own: Python, Ruby, PHP, C++. Null: not told. */
  core: boolean | null;
  /** `GRPC_DNS_RESOLVER`. */
  resolver: Located<string> | null;
  quote: Quote;
}

const COMMANDS: readonly (readonly [Language, RegExp])[] = [
  ['java', /^(?:.*\/)?java$/],
  ['node', /^(?:.*\/)?(?:node|npm|npx|yarn|pnpm)$/],
  ['python', /^(?:.*\/)?(?:python\d?(?:\.\d+)?|gunicorn|uvicorn|hypercorn|celery|daphne)$/],
  ['ruby', /^(?:.*\/)?(?:ruby|bundle|rails|puma|unicorn)$/],
  ['php', /^(?:.*\/)?php(?:-fpm)?$/],
  ['dotnet', /^(?:.*\/)?dotnet$/],
];

/** They start another program, which counts. */
const STARTERS = /^(?:.*\/)?(?:tini|dumb-init|env|exec|nice|opentelemetry-instrument|ddtrace-run|--?)$/;

/** Variables that only one language's runtime reads. */
const VARIABLES: readonly (readonly [Language, RegExp])[] = [
  [
    'java',
    /^(?:JAVA_(?:TOOL_)?OPTS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|CATALINA_OPTS|JVM_OPTS|SPRING_.*)$/,
  ],
  ['node', /^(?:NODE_OPTIONS|NODE_ENV|UV_THREADPOOL_SIZE)$/],
  ['python', /^(?:PYTHON[A-Z]+|DJANGO_SETTINGS_MODULE|GUNICORN_CMD_ARGS|WEB_CONCURRENCY)$/],
  ['go', /^(?:GODEBUG|GOMAXPROCS|GOGC|GOMEMLIMIT|GOTRACEBACK)$/],
  ['ruby', /^(?:RAILS_[A-Z_]+|RUBYOPT|RACK_ENV|BUNDLE_[A-Z_]+)$/],
  ['dotnet', /^(?:ASPNETCORE_[A-Z_]+|DOTNET_[A-Z_a-z]+)$/],
];

/** Only gRPC's C core reads these (grpc/grpc doc/environment_variables.md). */
const CORE_VARIABLES =
  /^GRPC_(?:DNS_RESOLVER|TRACE|VERBOSITY|POLL_STRATEGY|ENABLE_FORK_SUPPORT|ABORT_ON_LEAKS|DEFAULT_SSL_ROOTS_FILE_PATH|CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS)$/;

const CORE_LANGUAGES: ReadonlySet<Language> = new Set(['python', 'ruby', 'php']);

/** @param software what is known of the program besides: its lock files and Dockerfile */
export function programOf(container: Container, software: readonly Software[]): Program {
  const language = languageOf(container) ?? languageOfSoftware(software);
  const throughLibc =
    language === 'go' &&
    container.environment.some(({ name, value }) => name === 'GODEBUG' && /(?:^|,)netdns=cgo/.test(value.value));
  const { libc, libcQuote } = libcOf(container, language === 'go' && !throughLibc, software);
  const grpc = grpcOf(container, language) ?? grpcOfSoftware(container, software);
  return { libc, libcQuote, language, throughLibc, grpc };
}

/** Packages that only one language has. */
const PACKAGES: readonly (readonly [component: RegExp, language: Language])[] = [
  [/^(?:com|org|io|software)\.[\w.]+:/, 'java'],
  [/^@|^aws-sdk$|^undici$/, 'node'],
  [/^aws-sdk-core$|^grpc$/, 'ruby'],
  [
    /^(?:boto\w*|grpcio|gunicorn|uvicorn|hypercorn|aiohttp|httpx|requests|google-auth|azure-identity|sqlalchemy)$/,
    'python',
  ],
  [/^(?:github\.com|golang\.org|google\.golang\.org)\//, 'go'],
];

const languageOfSoftware = (software: readonly Software[]): Language | null => {
  for (const { component } of software) {
    if (isLanguage(component)) return component;
    const known = PACKAGES.find(([name]) => name.test(component));
    if (known !== undefined) return known[1];
  }
  return null;
};

/** gRPC's C core, and those that are written in their own language. */
const GRPC_PACKAGES: readonly (readonly [component: RegExp, core: boolean])[] = [
  [/^grpcio$|^grpc$/, true],
  [/^@grpc\/grpc-js$|^google\.golang\.org\/grpc$|^io\.grpc:/, false],
];

function grpcOfSoftware({ environment }: Container, software: readonly Software[]): GrpcUse | null {
  for (const { component, version, quote } of software) {
    const known = GRPC_PACKAGES.find(([name]) => name.test(component));
    if (known === undefined) continue;
    const resolver = environment.find(({ name }) => name === 'GRPC_DNS_RESOLVER')?.value ?? null;
    return { core: known[1], resolver, quote: { says: `${component} ${version ?? ''}`.trim(), place: quote.place } };
  }
  return null;
}

/** @param byItself it asks without libc: its image's tells nothing */
function libcOf(
  { image }: Container,
  byItself: boolean,
  software: readonly Software[],
): Pick<Program, 'libc' | 'libcQuote'> {
  const unknown = { libc: null, libcQuote: null };
  if (image === null || byItself) return unknown;
  const named = libcOfImage(image.value);
  if (named !== null) {
    const says = `image ${image.value.replace(/@sha256:.*/, '')}`;
    return { libc: named, libcQuote: { says, place: image.place } };
  }
  // The Dockerfile that the image is made from.
  const base = software.find(({ component }) => component === 'glibc' || component === 'musl');
  if (base === undefined) return unknown;
  return {
    libc: base.component === 'musl' ? 'musl' : 'glibc',
    libcQuote: { says: `image ${base.quote.value}`, place: base.quote.place },
  };
}

function languageOf({ image, words, fixedWords, environment }: Container): Language | null {
  // A script may start it anywhere: `cd /app && exec java -jar …`.
  const starting = fixedWords ? words : words.filter(({ value }) => !STARTERS.test(value)).slice(0, 1);
  for (const [language, command] of COMMANDS) if (starting.some(({ value }) => command.test(value))) return language;
  const told = image === null ? null : languageOfImage(image.value);
  if (told !== null) return told;
  for (const [language, name] of VARIABLES)
    if (environment.some((variable) => name.test(variable.name))) return language;
  return null;
}

function grpcOf({ environment, ports, grpcProbe, place, image }: Container, language: Language | null): GrpcUse | null {
  const resolver = environment.find(({ name }) => name === 'GRPC_DNS_RESOLVER')?.value ?? null;
  const variable = environment.find(({ name }) => CORE_VARIABLES.test(name));
  const core =
    variable !== undefined || (language !== null && CORE_LANGUAGES.has(language))
      ? true
      : language === null
        ? null
        : false;
  if (variable !== undefined) {
    const quote = { says: `${variable.name} is read by gRPC's C core`, place: variable.value.place };
    return { core, resolver, quote };
  }
  const port = ports.find(({ name }) => /^grpc(?:-|$)/.test(name));
  if (port !== undefined)
    return { core, resolver, quote: { says: `port ${port.name} speaks gRPC`, place: port.place } };
  if (grpcProbe) return { core, resolver, quote: { says: 'its probe speaks gRPC', place } };
  const named = environment.find(({ name }) => /(?:^|_)GRPC(?:_|$)/.test(name));
  if (named !== undefined) return { core, resolver, quote: { says: `${named.name} is set`, place: named.value.place } };
  if (image !== null && /grpc/i.test(image.value))
    return { core, resolver, quote: { says: `image ${image.value}`, place: image.place } };
  return null;
}

/** The containers that serve or call while requests come. */
export const running = ({ pod }: Workload): Container[] => pod.containers.filter(({ initial }) => !initial);
