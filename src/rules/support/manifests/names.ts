import type { Cluster, Located, Workload } from '../../../model/workload.ts';
import { running } from './program.ts';

/** A name that a program is told to connect to. */
export interface NamedHost {
  host: string;
  dots: number;
  said: Located<string>;
  /** The variable, or '' for a word of the command. */
  variable: string;
}

// Hosts in URLs: `https://user@api.example.com:443/x`.
const URL_HOST =
  /\b[a-z][a-z0-9+.-]*:\/\/(?:[^/\s@]{0,200}@)?([a-z0-9](?:[a-z0-9_.-]{0,250}[a-z0-9])?\.?)(?::\d{1,5})?(?=[/?#\s"',;]|$)/gi;
// `api.example.com:443` alone; a port makes sure that a host is meant.
const HOST_PORT = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\.?):\d{1,5}$/i;
// `inventory:8080`: a Service of the same namespace.
const SHORT_PORT = /^([a-z](?:[a-z0-9-]*[a-z0-9])?):\d{1,5}$/i;
const HOST = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\.?)$/i;
const MEANS_HOST = /(?:^|_)(?:HOST|HOSTNAME|ADDR|ADDRESS|ENDPOINT|SERVER|URL|BROKERS?|DB_HOST)$/;
// Longer ones are data.
const MAX_LENGTH = 2_000;

/**
 * The names that a workload's programs are told to connect to, each once.
 * @param short those without a dot as well
 */
export function namedHosts(workload: Workload, short = false): NamedHost[] {
  const found = new Map<string, NamedHost>();
  const take = (host: string | undefined, said: Located<string>, variable: string): void => {
    if (host === undefined || /^[\d.]+$/.test(host) || (!short && !host.includes('.')) || found.has(host)) return;
    found.set(host, { host: host.toLowerCase(), dots: host.replace(/\.$/, '').split('.').length - 1, said, variable });
  };
  for (const container of running(workload)) {
    const values = [
      ...container.environment.map(({ name, value }) => ({ variable: name, value })),
      ...container.words.map((value) => ({
        variable: '',
        value: { ...value, value: value.value.replace(/^--?[\w.-]+=/, '') },
      })),
    ];
    for (const { variable, value } of values) {
      if (value.value.length > MAX_LENGTH) continue;
      for (const [, host] of value.value.matchAll(URL_HOST)) take(host, value, variable);
      for (const part of value.value.split(',').slice(0, 20)) {
        take(
          HOST_PORT.exec(part.trim())?.[1] ?? (short ? SHORT_PORT.exec(part.trim())?.[1] : undefined),
          value,
          variable,
        );
        if (MEANS_HOST.test(variable)) take(HOST.exec(part.trim())?.[1], value, variable);
      }
    }
  }
  return [...found.values()];
}

/** CoreDNS walks the search list itself, in one round trip. */
export const hasAutopath = ({ configMaps }: Cluster): boolean =>
  configMaps.some(({ data }) =>
    [...data].some(([key, { value }]) => key.startsWith('Corefile') && /^\s*autopath\s/m.test(value)),
  );
