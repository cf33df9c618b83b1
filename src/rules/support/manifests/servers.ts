import { parseGoDuration } from '../../../base/quantities.ts';
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
  /** The flag that sets it, null where none does. */
  flag: string | null;
  /** The program's code may set it too, so that a default is a guess. */
  code: boolean;
  source: string;
}

const isCalled = ({ words }: Container, name: string): boolean =>
  words.some(({ value }) => value === name || value.endsWith(`/${name}`));

const numberOf = (said: Located<string> | null): number | null =>
  said !== null && /^\d+(?:\.\d+)?$/.test(said.value) ? Number(said.value) : null;

/** How long a server keeps an idle connection open; null where its manifest does not tell. */
export function keepAliveOf(container: Container, software: readonly Software[]): ServerTime | null {
  const variable = container.environment.find(({ name }) => KEEP_ALIVE.test(name));
  const set = variable === undefined ? null : timeOf(variable.name, variable.value.value);
  if (variable !== undefined && set !== null) {
    return {
      seconds: set,
      setting: variable.name,
      server: 'the server',
      said: variable.value,
      flag: null,
      code: true,
      source: '',
    };
  }
  if (isCalled(container, 'uvicorn')) {
    const said = flagOf(container, '--timeout-keep-alive');
    return {
      seconds: numberOf(said) ?? 5,
      setting: '--timeout-keep-alive',
      server: 'uvicorn',
      said: numberOf(said) === null ? null : said,
      flag: '--timeout-keep-alive',
      code: false,
      source: 'uvicorn config.py: timeout_keep_alive 5',
    };
  }
  if (isCalled(container, 'gunicorn')) {
    // Workers of the kind `sync` close after each answer: there is nothing to reuse.
    const kind = flagOf(container, '-k') ?? flagOf(container, '--worker-class');
    const threads = numberOf(flagOf(container, '--threads')) ?? 1;
    if ((kind === null || kind.value === 'sync') && threads <= 1) return null;
    const said = flagOf(container, '--keep-alive');
    return {
      seconds: numberOf(said) ?? 2,
      setting: '--keep-alive',
      server: 'gunicorn',
      said: numberOf(said) === null ? null : said,
      flag: '--keep-alive',
      code: false,
      source: 'gunicorn config.py: keepalive 2',
    };
  }
  if (programOf(container, software).language === 'node' && container.words.length > 0) {
    return {
      seconds: 5,
      setting: 'keepAliveTimeout',
      server: 'Node',
      said: null,
      flag: null,
      code: true,
      source: 'Node http server.keepAliveTimeout: 5 s',
    };
  }
  return null;
}

const KEEP_ALIVE =
  /^(?:(?:SERVER|HTTP|NODE|APP)_)?(?:SERVER_|TOMCAT_|HTTP_)?KEEP_?ALIVE_?TIMEOUT(?:_(?:MS|S|SEC|SECONDS))?$/i;

/** How long a server works on a request before it gives up; null where nothing says so. */
export function workTimeOf(container: Container): ServerTime | null {
  const variable = container.environment.find(({ name }) => WORK_TIME.test(name));
  const set = variable === undefined ? null : timeOf(variable.name, variable.value.value);
  if (variable !== undefined && set !== null) {
    return {
      seconds: set,
      setting: variable.name,
      server: 'the server',
      said: variable.value,
      flag: null,
      code: true,
      source: '',
    };
  }
  if (isCalled(container, 'gunicorn')) {
    const said = flagOf(container, '--timeout') ?? flagOf(container, '-t');
    const seconds = numberOf(said);
    return seconds === null
      ? null
      : {
          seconds,
          setting: '--timeout',
          server: 'gunicorn',
          said,
          flag: '--timeout',
          code: false,
          source: 'gunicorn settings: timeout',
        };
  }
  return null;
}

const WORK_TIME = /^(?:(?:SERVER|HTTP|APP)_)?(?:REQUEST|RESPONSE|HANDLER|WRITE)_TIMEOUT(?:_(?:MS|S|SEC|SECONDS))?$/i;

// A bare number above this is of milliseconds.
const MOST_SECONDS = 3_600;

function timeOf(name: string, value: string): number | null {
  if (!/^\d+(?:\.\d+)?$/.test(value)) return parseGoDuration(value);
  const count = Number(value);
  if (/_MS$/i.test(name)) return count / 1000;
  return count >= MOST_SECONDS ? count / 1000 : count;
}
