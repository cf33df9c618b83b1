import { expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Lookup } from '../model/lookup.ts';
import { copyRequest, type Request } from '../model/request.ts';
import { atMs, exchangeOf, inputOf, lookupOf } from '../model/testing/rows.ts';
import { keepLookup } from './kept-lookup.ts';
import { outboundCalls } from './outbound.ts';
import { createRequests } from './requests.ts';

const POD = '10.0.3.7';
const SERVER = '10.96.44.12';
const ROUNDS = 12;

/** So many requests at once, of which one looks the name up; then each opens a connection, and ends as its call does. */
function rounds(callers: number): { lookups: Lookup[]; exchanges: Exchange[] } {
  const lookups: Lookup[] = [];
  const exchanges: Exchange[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = 100 * round;
    lookups.push(
      lookupOf({
        id: `0.l${round}`,
        client: POD,
        answers: [SERVER],
        startedAt: atMs(from + 1),
        duration: milliseconds(12),
      }),
    );
    for (let caller = 0; caller < callers; caller++) {
      const opened = from + 13.1 + 0.1 * caller;
      // In another order than they began.
      const answered = opened + 4 + 0.3 * ((caller * 3 + round) % callers);
      const connection = `0.c${round}-${caller}`;
      exchanges.push(
        exchangeOf({
          id: `0.out${round}-${caller}`,
          client: POD,
          server: SERVER,
          connection,
          place: 0,
          startedAt: atMs(opened + 0.02),
          openedAt: atMs(opened),
          connectDuration: milliseconds(0.01),
          duration: milliseconds(answered - opened - 0.02),
        }),
        exchangeOf({
          id: `0.in${round}-${caller}`,
          client: '10.0.9.2',
          server: POD,
          serverPort: 8080,
          connection: `0.c-in${caller}`,
          startedAt: atMs(from + 0.1 * caller),
          firstByteAt: atMs(answered + 0.1),
          duration: milliseconds(answered + 0.15 - from - 0.1 * caller),
        }),
      );
    }
  }
  return { lookups, exchanges };
}

function requests(callers: number): Request[] {
  const found: Request[] = [];
  const tracer = createRequests({ service: null, emit: (request) => void found.push(copyRequest(request)) });
  tracer.input(inputOf());
  const { lookups, exchanges } = rounds(callers);
  for (const lookup of lookups) tracer.lookup(lookup);
  for (const exchange of exchanges) tracer.exchange(exchange);
  tracer.finish();
  return found;
}

it.each([4, 16])('each of %d requests that share a lookup has waited for it, and has a call of its own', (callers) => {
  const found = requests(callers);
  expect(found).toHaveLength(ROUNDS * callers);
  for (const { waits, startedAt } of found) {
    expect(waits.map(({ reason }) => reason)).toEqual(['dns', 'connect', 'upstream']);
    const [dns] = waits as [Request['waits'][number]];
    expect(dns.startedAt).toBeGreaterThanOrEqual(startedAt);
    expect(dns.duration).toBeGreaterThan(milliseconds(11));
  }
});

it('which of those that share a lookup asked for it nothing tells: none of their calls begins with it', () => {
  const { lookups, exchanges } = rounds(4);
  const calls = outboundCalls({
    lookups: lookups.map((lookup) => keepLookup(lookup, undefined)),
    exchanges: exchanges.filter(({ client }) => client === POD),
    connections: [],
  });
  expect(calls).toHaveLength(ROUNDS * 4);
  for (const { startedAt, shared, waits } of calls) {
    expect(startedAt).toBeGreaterThan(shared?.endedAt as number);
    expect(waits.map(({ reason }) => reason)).toEqual(['connect', 'upstream']);
  }
});
