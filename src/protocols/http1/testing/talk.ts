import type { Side } from '../../../model/connection.ts';
import { copyExchange, type Exchange } from '../../../model/exchange.ts';
import type { TrackedConnection } from '../../../model/tracked-connection.ts';
import { createConversations } from '../../conversations.ts';
import type { Protocol, StreamEnd } from '../../protocol.ts';
import { arrivalOf, bytesOf, trackedConnection } from '../../testing/connection.ts';
import { createHttp1 } from '../http1.ts';

/** Milliseconds since the capture's start, of a packet that is handed on late. */
interface When {
  at: number;
}

/** One connection that speaks HTTP/1: each thing said is one packet, a millisecond after the one before. */
export interface Talk {
  readonly connection: TrackedConnection;
  /** What came out of it. */
  readonly exchanges: Exchange[];
  client(text: string, when?: When): Talk;
  server(text: string, when?: When): Talk;
  /** Bytes that the capture lacks. */
  lost(from: Side, length: number): Talk;
  /** Bytes that the capture cut off the last packet. */
  lostWithLast(from: Side, length: number): Talk;
  /** Milliseconds without anything. */
  wait(milliseconds: number): Talk;
  end(from: Side, because: StreamEnd, when?: When): Talk;
  /** Both sides end so. */
  over(because: StreamEnd): Exchange[];
}

export function talk(changes: Partial<TrackedConnection> = {}, others: readonly Protocol[] = []): Talk {
  const exchanges: Exchange[] = [];
  const connection = trackedConnection({ packets: { client: 1, server: 1 }, ...changes });
  const driver = createConversations({
    emit: (exchange) => void exchanges.push(copyExchange(exchange)),
    protocols: [...others, createHttp1()],
  });
  let number = 0;
  let late = 0;
  const arrival = (when?: When) => ({ ...arrivalOf(++number), time: arrivalOf(when?.at ?? number + late).time });
  const say = (from: Side, text: string, when?: When): Talk => {
    const bytes = bytesOf(`~${text}~`);
    driver.data(connection, from, bytes, 1, bytes.length - 1, arrival(when));
    return self;
  };
  const self: Talk = {
    connection,
    exchanges,
    client: (text, when) => say('client', text, when),
    server: (text, when) => say('server', text, when),
    lost(from, length) {
      driver.gap(connection, from, length, arrival(), false);
      return self;
    },
    lostWithLast(from, length) {
      number--;
      return self.lost(from, length);
    },
    wait(milliseconds) {
      late += milliseconds;
      return self;
    },
    end(from, because, when) {
      driver.end(connection, from, arrival(when), because);
      return self;
    },
    over(because) {
      const at = arrival();
      driver.end(connection, 'client', at, because);
      driver.end(connection, 'server', at, because);
      driver.closed(connection);
      return exchanges;
    },
  };
  return self;
}

/** Exchanges in short: `GET /a 200 ok`, `- 408 incomplete`. */
export const inShort = (exchanges: readonly Exchange[]): string[] =>
  exchanges.map(({ method, path, status, outcome, endedBy }) => {
    const answer = status < 0 ? 'unanswered' : status;
    return `${method === '' ? '-' : `${method} ${path}`} ${answer} ${outcome}${endedBy === null ? '' : ` by ${endedBy}`}`;
  });
