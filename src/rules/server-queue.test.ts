import { at } from '../base/time.ts';
import { exchangeOf } from '../model/testing/rows.ts';
import type { Exchange } from '../model/exchange.ts';
import rule from './server-queue.ts';
import { ruleTester } from './support/testing/rule-tester.ts';

const MS = 1e6;

/** Three callers at one server, of which each asks on when it is answered; a call takes 50 ms, and stands behind the others. */
function inLine(rounds: number, parts: Partial<Exchange> = {}, takes = 50): { exchanges: Exchange[] } {
  const exchanges: Exchange[] = [];
  let free = 0;
  for (let round = 0; round < rounds; round++) {
    const began = free + 10 * MS;
    for (let caller = 0; caller < 3; caller++) {
      const startedAt = began + caller * MS;
      free = Math.max(free, startedAt) + takes * MS;
      exchanges.push(
        exchangeOf({
          id: `0.e${round}-${caller}`,
          connection: `0.c${caller}`,
          clientPort: 40_000 + caller,
          startedAt: at(startedAt),
          requestedAt: at(startedAt),
          firstByteAt: at(free),
          duration: (free - startedAt) as Exchange['duration'],
          ...parts,
        }),
      );
    }
  }
  return { exchanges };
}

/** Health checks that find nobody there, and are answered at once. */
const checks = Array.from({ length: 40 }, (_, index) =>
  exchangeOf({
    id: `0.h${index}`,
    connection: `0.h${index}`,
    clientPort: 50_000 + index,
    path: '/healthz',
    startedAt: at(index * 1000 * MS + 5 * MS),
    requestedAt: at(index * 1000 * MS + 5 * MS),
    firstByteAt: at(index * 1000 * MS + 6 * MS),
    duration: MS as Exchange['duration'],
  }),
);

/** Twelve callers, of which each asks on when it is answered, at a server that works at four at a time, 40 ms each. */
function behindFour(parts: Partial<Exchange> = {}, workers = 4): { exchanges: Exchange[] } {
  const free = Array.from({ length: workers }, () => 0);
  const asks = Array.from({ length: 12 }, (_, caller) => caller * 3);
  const exchanges: Exchange[] = [];
  for (let index = 0; index < 120; index++) {
    const caller = asks.indexOf(Math.min(...asks));
    const startedAt = asks[caller] as number;
    const worker = free.indexOf(Math.min(...free));
    free[worker] = Math.max(startedAt, free[worker] as number) + 40;
    asks[caller] = (free[worker] as number) + 1;
    exchanges.push(
      exchangeOf({
        id: `0.e${index}`,
        connection: `0.c${caller}`,
        clientPort: 40_000 + caller,
        startedAt: at(startedAt * MS),
        requestedAt: at(startedAt * MS),
        firstByteAt: at((free[worker] as number) * MS),
        duration: (((free[worker] as number) - startedAt) * MS) as Exchange['duration'],
        ...parts,
      }),
    );
  }
  return { exchanges: exchanges.toSorted((a, b) => a.startedAt + a.duration - b.startedAt - b.duration) };
}

const numbered = (exchange: Exchange, index: number): Exchange => ({ ...exchange, id: `0.e${index}` });

/** A gateway before it, whose callers wait as long and a little longer. */
function throughGateway(rounds: number, gatewayTakes: number, behindTakes: number): { exchanges: Exchange[] } {
  const GATEWAY = '10.0.5.5';
  const { exchanges: asked } = inLine(rounds, { server: GATEWAY, serverPort: 80 }, gatewayTakes);
  const { exchanges: behind } = inLine(rounds, { client: GATEWAY, server: '10.0.6.6' }, behindTakes);
  return {
    exchanges: [...asked, ...behind]
      .toSorted((a, b) => a.startedAt + a.duration - b.startedAt - b.duration)
      .map(numbered),
  };
}

ruleTester(rule, {
  finds: [
    {
      name: 'callers that stand in line',
      ...inLine(20),
      reports: [
        {
          says: /^40 of 60 exchanges with 10\.96\.44\.12:8080 waited \d+ ms in line there: its answers leave one after another, 50 ms apart$/,
          count: 40,
          of: 60,
          confidence: 'likely',
          evidence: [/, behind others$/],
          onlyInfo: true,
          settings: [/50 ms apart/, /up to 3/],
          fixes: [/more replicas/, /quicker/],
        },
      ],
    },
    {
      name: 'callers that stand in line, beside health checks that do not',
      exchanges: [...inLine(20).exchanges, ...checks].toSorted(
        (a, b) => a.startedAt + a.duration - b.startedAt - b.duration,
      ),
      reports: [{ message: 'queued', count: 40, of: 100 }],
    },
    {
      name: 'callers that stand in line before four workers',
      ...behindFour(),
      reports: [
        {
          message: 'several',
          says: /^116 of 120 exchanges with 10\.96\.44\.12:8080 waited 79 ms in line there: it works at about 4 at a time, 40 ms each$/,
          count: 116,
          of: 120,
          cost: [0.078, 0.08],
          confidence: 'likely',
          onlyInfo: true,
          settings: [/about 4 requests at a time/, /up to 12/],
        },
      ],
    },
    {
      name: 'callers of a gateway before it: the line is not the gateway’s',
      ...throughGateway(20, 52, 50),
      reports: [{ count: 40, subject: '10.0.6.6:8080' }],
    },
    {
      name: 'two lines, of which the one behind is far shorter',
      ...throughGateway(20, 100, 30),
      reports: [{ subject: '10.0.5.5:80' }, { subject: '10.0.6.6:8080' }],
    },
    {
      name: 'the same over one connection of HTTP/2',
      ...inLine(20, { protocol: 'http/2', inFlight: 2 }),
      reports: [{ count: 40 }],
    },
    {
      name: 'also where the quick ones of them are ordinary calls',
      ...inLine(20, {}, 30),
      reports: [{ count: 40, cost: [0.028, 0.059] }],
    },
  ],
  clear: [
    { name: 'as many workers as callers', ...behindFour({}, 12) },
    { name: 'requests in order on one connection, before four workers', ...behindFour({ inFlight: 1 }) },
    { name: 'requests in order on one connection', ...inLine(20, { inFlight: 1 }) },
    { name: 'streams', ...inLine(20, { shape: 'stream' }) },
    { name: 'a few', ...inLine(5) },
  ],
  unobservable: [{ name: 'nothing', lookups: [], why: /no exchange/ }],
});
