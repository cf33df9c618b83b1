import { parseGoDuration } from '../../../base/quantities.ts';
import { knownDefault, valueOf } from '../../../knowledge/known.ts';
import type { Container, Located, Software } from '../../../model/workload.ts';
import { flagOf } from './providers.ts';
import { programOf } from './program.ts';

/** A server's time that its command or a variable sets, or that it has by default. */
export interface ServerTime {
  seconds: number;
  setting: string;
  server: string;
  /** Null where it is the default. */
  said: Located<string> | null;
  /** What a change must set, null where nothing in a manifest does. */
  set: { flag: string } | { variable: string } | null;
  /** The program's code may set it too, so that a default is a guess. */
  code: boolean;
  source: string;
}

const isCalled = ({ words }: Container, name: string): boolean =>
  words.some(({ value }) => value === name || value.endsWith(`/${name}`));

const numberOf = (said: Located<string> | null): number | null =>
  said !== null && /^\d+(?:\.\d+)?$/.test(said.value) ? Number(said.value) : null;

/** A flag on the command line, or among the arguments that gunicorn takes from its variable as well. */
function argumentOf(container: Container, ...flags: string[]): Located<string> | null {
  for (const flag of flags) {
    const said = flagOf(container, flag);
    if (said !== null) return said;
  }
  const variable = container.environment.find(({ name }) => name === 'GUNICORN_CMD_ARGS');
  if (variable === undefined) return null;
  const { value, place } = variable.value;
  const words = value.split(/\s+/).map((word) => ({ value: word, place }));
  return flags.map((flag) => flagOf({ ...container, words }, flag)).find((said) => said !== null) ?? null;
}

/** Servers whose command line sets how long they keep an idle connection. */
const SERVERS = [
  { server: 'uvicorn', setting: 'timeout_keep_alive', flag: '--timeout-keep-alive' },
  { server: 'gunicorn', setting: 'keepalive', flag: '--keep-alive' },
  { server: 'hypercorn', setting: 'keep_alive_timeout', flag: '--keep-alive' },
] as const;

/** Servers whose image tells which they are; their own configuration files may set another time. */
const SERVER_IMAGES = [
  { server: 'Apache httpd', image: /(?:^|\/)httpd(?:[:@]|$)|(?:^|\/)php:[^/]*apache/, component: 'httpd', setting: 'KeepAliveTimeout' },
  { server: 'Tomcat', image: /(?:^|\/)tomcat(?:[:@]|$)/, component: 'tomcat', setting: 'keepAliveTimeout', where: 'shipped server.xml' },
  { server: 'Jetty', image: /(?:^|\/)jetty(?:[:@]|$)/, component: 'jetty', setting: 'idleTimeout' },
  { server: 'NGINX', image: /(?:^|\/)nginx(?:-unprivileged)?(?:[:@]|$)/, component: 'nginx', setting: 'keepalive_timeout' },
] as const; // prettier-ignore

function keepAliveOfImage({ image, ports }: Container): ServerTime | null {
  // Beside the program that serves, such an image is something else.
  const known = SERVER_IMAGES.find((one) => one.image.test(image?.value ?? ''));
  if (known === undefined || ports.length === 0) return null;
  const where = 'where' in known ? known.where : undefined;
  return {
    seconds: valueOf(known.component, known.setting, null, where),
    setting: known.setting,
    server: known.server,
    said: null,
    set: null,
    code: true,
    source: knownDefault(known.component, known.setting, null, where)?.source ?? '',
  };
}

/** How long a server keeps an idle connection open; null where its manifest does not tell. */
export function keepAliveOf(container: Container, software: readonly Software[]): ServerTime | null {
  const set = variableOf(container, KEEP_ALIVE);
  if (set !== null) return set;
  for (const { server, setting, flag } of SERVERS) {
    if (!isCalled(container, server)) continue;
    if (server === 'gunicorn' && isSync(container)) return null;
    const said = argumentOf(container, flag);
    const seconds = numberOf(said);
    return {
      seconds: seconds ?? valueOf(server, setting),
      setting: flag,
      server,
      said: seconds === null ? null : said,
      set: { flag },
      code: false,
      source: knownDefault(server, setting)?.source ?? '',
    };
  }
  const image = keepAliveOfImage(container);
  if (image !== null) return image;
  if (programOf(container, software).language !== 'node' || container.words.length === 0) return null;
  return {
    seconds: valueOf('node', 'server.keepAliveTimeout'),
    setting: 'keepAliveTimeout',
    server: 'Node',
    said: null,
    set: null,
    code: true,
    source: knownDefault('node', 'server.keepAliveTimeout')?.source ?? '',
  };
}

/** Workers of this kind take one request at a time, and close after each answer: there is nothing to reuse. */
function isSync(container: Container): boolean {
  const kind = argumentOf(container, '-k', '--worker-class');
  const threads = numberOf(argumentOf(container, '--threads')) ?? 1;
  return (kind === null || kind.value === 'sync') && threads <= 1;
}

const KEEP_ALIVE =
  /^(?:(?:SERVER|HTTP|NODE|APP)_)?(?:SERVER_|TOMCAT_|HTTP_)?KEEP_?ALIVE_?TIMEOUT(?:_(?:MS|S|SEC|SECONDS))?$/i;

/** How long a server works on a request before it gives up; null where nothing says so. */
export function workTimeOf(container: Container): ServerTime | null {
  const set = variableOf(container, WORK_TIME);
  if (set !== null) return set;
  // Of other workers it is no time for a request (docs.gunicorn.org, settings: timeout).
  if (!isCalled(container, 'gunicorn') || !isSync(container)) return null;
  const said = argumentOf(container, '--timeout', '-t');
  const seconds = numberOf(said);
  if (seconds === null) return null;
  return {
    seconds,
    setting: '--timeout',
    server: 'gunicorn',
    said,
    set: { flag: '--timeout' },
    code: false,
    source: knownDefault('gunicorn', 'timeout')?.source ?? '',
  };
}

const WORK_TIME = /^(?:(?:SERVER|HTTP|APP)_)?(?:REQUEST|RESPONSE|HANDLER|WRITE)_TIMEOUT(?:_(?:MS|S|SEC|SECONDS))?$/i;

/** A time that a variable sets for the program's own code. */
function variableOf({ environment }: Container, isMeant: RegExp): ServerTime | null {
  const variable = environment.find(({ name }) => isMeant.test(name));
  const seconds = variable === undefined ? null : timeOf(variable.name, variable.value.value);
  if (variable === undefined || seconds === null) return null;
  const { name, value } = variable;
  return { seconds, setting: name, server: 'the server', said: value, set: { variable: name }, code: true, source: '' };
}

// A bare number above this is of milliseconds.
const MOST_SECONDS = 3_600;

function timeOf(name: string, value: string): number | null {
  if (!/^\d+(?:\.\d+)?$/.test(value)) return parseGoDuration(value);
  const count = Number(value);
  if (/_MS$/i.test(name)) return count / 1000;
  return count >= MOST_SECONDS ? count / 1000 : count;
}

/** A time as the variable has it: in the unit of what stands there. */
export function inUnitOf(name: string, before: string, seconds: number): string {
  if (!/^\d+(?:\.\d+)?$/.test(before)) return `${seconds}s`;
  return timeOf(name, before) === Number(before) ? String(seconds) : String(seconds * 1000);
}
