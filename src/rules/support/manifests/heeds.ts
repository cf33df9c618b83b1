import type { ResolverName } from '../../../model/lookup.ts';

/** Set against lost or late answers: who believes in them waits on. */
export const AGAINST_WAITS: ReadonlySet<string> = new Set([
  'single-request',
  'single-request-reopen',
  'use-vc',
  'no-aaaa',
  'rotate',
]);

/** What each resolver leaves alone (measured; facts: options honoured). */
const IGNORED: Readonly<Partial<Record<ResolverName, readonly string[]>>> = {
  musl: ['single-request', 'single-request-reopen', 'use-vc', 'no-aaaa', 'rotate', 'trust-ad', 'edns0'],
  'c-ares': ['single-request', 'single-request-reopen', 'no-aaaa', 'trust-ad'],
  node: ['single-request', 'single-request-reopen', 'no-aaaa', 'ndots'],
  netty: ['single-request', 'single-request-reopen', 'no-aaaa'],
};

/** A resolv.conf option that this resolver is known not to heed. */
export const ignores = (resolver: ResolverName, option: string): boolean =>
  IGNORED[resolver]?.includes(option) === true;
