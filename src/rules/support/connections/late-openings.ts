import { at, milliseconds, nanoseconds, type Duration } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import { copyExchange, isResponded, type Exchange } from '../../../model/exchange.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { openings } from './openings.ts';
import { stalledTime, stallsOf } from '../exchanges/stalls.ts';
import { givenUpAt } from './vanished.ts';

// SYNs are sent again after a second (RFC 6298 section 2.1), less what a timer may come early.
const SYN_SENT_AGAIN = milliseconds(900);
// First exchanges of connections that opened late: a connection's end is awaited.
const MAX_KEPT = 1 << 12;

/** Whether its connection opened only after a SYN was sent again: it met lost SYNs or a full accept queue. */
export const isOpenedLate = ({ connectDuration }: Exchange): boolean => connectDuration >= SYN_SENT_AGAIN;

export interface LateOpenings extends Observer {
  /** How long the first call on a connection that opened late waited for data to be sent again; ask in `finish`. */
  firstWait(connection: Pick<Connection, 'id'>): Duration;
}

/**
 * What a connection that opened late meets next: its first data finds the same path, or the same full accept queue,
 * whose server takes neither the last acknowledgment of the handshake nor what follows it.
 */
export const lateOpenings = defineFact({
  id: 'late-openings',
  create(fact): LateOpenings {
    const opened = fact(openings);
    const firsts = new Map<string, Exchange>();
    const add = (exchange: Exchange): void => {
      if (!isOpenedLate(exchange) || resentIn(exchange).length === 0 || firsts.size >= MAX_KEPT) return;
      firsts.set(exchange.connection, copyExchange(exchange));
    };
    return {
      unusualExchange: add,
      turn: add,
      firstWait({ id }) {
        const first = firsts.get(id);
        if (first === undefined) return nanoseconds(0);
        const { startedAt, duration } = first;
        const until = at(startedAt + duration);
        const end = isResponded(first) ? until : givenUpAt({ exchange: first, until }, opened);
        return stalledTime({ ...first, duration: nanoseconds(end - startedAt) }, resentIn(first));
      },
    };
  },
});

const resentIn = (exchange: Exchange) => stallsOf(exchange, 'loss').filter(({ resends }) => resends > 0);

/** Its server sent its SYN-ACK again, though the client had acknowledged it and sent data: nobody had accepted it. */
export const wasAskedAgain = ({ synAcks, stalls }: Connection): boolean =>
  stalls.some(
    ({ reason, from, startedAt, resends }) =>
      reason === 'loss' && from === 'client' && resends > 0 && synAcks.some(({ at: time }) => time > startedAt),
  );
