import { microseconds, milliseconds, nanoseconds, seconds, type Duration } from '../base/time.ts';
import { AddressTable, parseV4, parseV6 } from '../base/addresses.ts';
import { UserError } from '../model/user-error.ts';
import type { ServiceChoice } from '../model/request.ts';

/** Parsers of option values. Each throws a UserError that shows how to write the value. */

const UNITS: Readonly<Record<string, (count: number) => Duration>> = {
  ns: nanoseconds,
  us: microseconds,
  µs: microseconds,
  ms: milliseconds,
  s: seconds,
  m: (count) => seconds(count * 60),
};

// More than a day is a typing error, and keeps the sum exact.
const MAX_DURATION = seconds(86_400);

/** `500ms`, `2s`, `1.5s`. */
export function parseDuration(text: string): Duration {
  const match = /^(\d+(?:\.\d+)?)\s?([a-zµ]+)$/.exec(text.trim());
  const unit = match === null ? undefined : UNITS[match[2] as string];
  if (match === null || unit === undefined) {
    throw new UserError(`--slower-than ${text}: is no duration; write 500ms or 2s`);
  }
  const value = unit(Number(match[1]));
  if (value > MAX_DURATION) throw new UserError(`--slower-than ${text}: is more than a day; write 500ms or 2s`);
  return value;
}

/** `53` or `53,5353`. */
export function parsePorts(text: string, before: readonly number[] = []): number[] {
  const ports = listOf(text).map((part) => {
    const port = /^\d{1,5}$/.test(part) ? Number(part) : 0;
    if (port < 1 || port > 0xffff) throw new UserError(`--dns-port ${text}: is no port; write 53 or 53,5353`);
    return port;
  });
  if (ports.length === 0) throw new UserError(`--dns-port: needs a port; write 53 or 53,5353`);
  return [...new Set([...before, ...ports])];
}

/**
 * Addresses, or names where the capture is a text that holds names. An address in any spelling
 * becomes the one that rows hold.
 */
export function parseClients(text: string, before: readonly string[] = []): string[] {
  const table = new AddressTable();
  const clients = listOf(text).map((client) => {
    // What has a colon or only digits, dots and a mask was meant for an address.
    const meantAsAddress = /^[\d./]+$/.test(client) || client.includes(':');
    if (meantAsAddress && parseV4(client) === null && parseV6(client) === null) {
      throw new UserError(
        `--client ${client}: is no address; write 10.0.3.7 or 10.0.3.7,10.0.3.8, without port or mask`,
      );
    }
    return table.text(table.internText(client));
  });
  if (clients.length === 0) throw new UserError(`--client: needs an address; write 10.0.3.7`);
  return [...new Set([...before, ...clients])];
}

/** `10.0.3.7`, `10.0.3.7:8080`, `[fd00::7]:8080`. */
export function parseService(text: string): ServiceChoice {
  const match = /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d{1,5}))?$/.exec(text.trim());
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = match?.[3] === undefined ? null : Number(match[3]);
  if ((parseV4(address) === null && parseV6(address) === null) || (port !== null && (port < 1 || port > 0xffff))) {
    throw new UserError(`--service ${text}: is no address; write 10.0.3.7 or 10.0.3.7:8080`);
  }
  const table = new AddressTable();
  return { address: table.text(table.internText(address)), port };
}

const TRACES_PATH = '/v1/traces';

/** `http://localhost:4318`, or with a path of its own. */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new UserError(
      '--endpoint: is no address of a collector; write http://localhost:4318, without user or password',
    );
  }
  if (url.pathname === '/') url.pathname = TRACES_PATH;
  return url;
}

/** A whole number of at least 1. */
export function parseTop(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UserError(`--top ${text}: is no number of at least 1; write --top 10`);
  return Number(text);
}

/** Appends what an option that may stand several times was given. */
export function parseName(text: string, before: readonly string[] = []): string[] {
  const names = listOf(text);
  // A variable of a script that is empty would ask for all of them.
  if (names.length === 0) throw new UserError(`--name: needs a name; write payments or '*.svc.cluster.local'`);
  return [...before, ...names];
}

/** A file, of an option that may stand several times. */
export const parsePath = (path: string, before: readonly string[] = []): string[] => [...before, path];

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
