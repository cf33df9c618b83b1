import { asksToLast } from '../http1/target.ts';
import { MAX_PATH, MAX_TARGET, redactHost, redactPath, redactMethod } from '../redact.ts';

/** `/package.Service/Method`: names of a protocol file, which hold nothing of a caller. */
const GRPC_PATH = /^\/[\w.-]+\/\w+$/;
// Calls of one service ask for the same few hundred; longer ones are rare, and the cache stays small.
const MAX_CACHED = 2048;
const MAX_CACHED_LENGTH = 256;

interface Target {
  path: string;
  /** The query asks for an answer that lasts. */
  lasts: boolean;
}

/** What of names in a request may become a row. */
export class Names {
  readonly #targets = new Map<string, Target>();
  readonly #calls = new Map<string, Target>();
  readonly #hosts = new Map<string, string>();

  /** A method's name, '' where it is missing. */
  method(text: string): string {
    return text === '' ? '' : redactMethod(text);
  }

  target(text: string, isGrpc: boolean): Target {
    // The same text may be a method of gRPC, to be shown, and a secret of HTTP.
    const cache = isGrpc ? this.#calls : this.#targets;
    const known = cache.get(text);
    if (known !== undefined) return known;
    const target = targetOf(text.slice(0, MAX_TARGET), isGrpc);
    remember(cache, text, target);
    return target;
  }

  host(text: string): string {
    const known = this.#hosts.get(text);
    if (known !== undefined) return known;
    const host = redactHost(text);
    remember(this.#hosts, text, host);
    return host;
  }
}

function targetOf(text: string, isGrpc: boolean): Target {
  if (isGrpc && text.length <= MAX_PATH && GRPC_PATH.test(text)) return { path: text, lasts: false };
  const query = text.indexOf('?');
  return { path: redactPath(text), lasts: query >= 0 && asksToLast(text.slice(query + 1)) };
}

function remember<Value>(cache: Map<string, Value>, text: string, value: Value): void {
  if (text.length > MAX_CACHED_LENGTH) return;
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(text, value);
}
