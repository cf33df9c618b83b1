import { parseV4, parseV6 } from '../base/addresses.ts';

/** One side of a packet in tcpdump's text: `10.0.0.1.53`, `fe80::1.53`, `kube-dns.kube-system.svc.domain`. */
export interface Endpoint {
  host: string;
  /** -1 where there is none. */
  port: number;
  /** The port as a word, where it stands so (no `-n`) and has no number here. */
  service: string | null;
  isName: boolean;
}

export const DNS_PORT = 53;

const SERVICES: ReadonlyMap<string, number> = new Map([
  ['domain', DNS_PORT],
  ['mdns', 5353],
  ['llmnr', 5355],
  ['http', 80],
  ['https', 443],
]);

/** tcpdump sets the port behind the last dot of the host. */
export function readEndpoint(text: string): Endpoint {
  const dot = text.lastIndexOf('.');
  if (dot < 0 || parseV4(text) !== null) return withoutPort(text);
  const host = text.slice(0, dot);
  const word = text.slice(dot + 1);
  if (/^\d{1,5}$/.test(word) && Number(word) <= 65_535) {
    return { host, port: Number(word), service: null, isName: isName(host) };
  }
  const known = SERVICES.get(word);
  if (known !== undefined) return { host, port: known, service: null, isName: isName(host) };
  return { host, port: portOfWord(word), service: word, isName: isName(host) };
}

/** A port that stands by itself, as a number or as a word. */
export const portOf = (word: string): number =>
  /^\d{1,5}$/.test(word) ? Number(word) : (SERVICES.get(word) ?? portOfWord(word));

const withoutPort = (host: string): Endpoint => ({ host, port: -1, service: null, isName: isName(host) });

const isName = (host: string): boolean => parseV4(host) === null && parseV6(host) === null;

/**
 * A number that stands for a service's name: the same name, the same number, so that a query and its
 * reply still meet (FNV-1a). It is above 1023, for it stands for the client's port.
 */
function portOfWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < word.length; index++) {
    hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193);
  }
  return 1024 + ((hash >>> 0) % (65_536 - 1024));
}
