import { nanoseconds, seconds, type Duration } from '../../../base/time.ts';
import { isOpened, type Connection } from '../../../model/connection.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { SIGN_IN } from '../exchanges/ordinary-exchanges.ts';
import { connectCost } from './single-use.ts';

// Connections that are signing in, or whose end has not come yet.
const MAX_SESSIONS = 1 << 12;
// What a driver sets first (PyMySQL: three), BEGIN, a statement and COMMIT: what one request asks of a database in one go.
const MOST_STATEMENTS = 6;
// A pool keeps what it opened for minutes; who closes within a second has done what he came for.
const SHORT_LIFE = seconds(1);

/** What a client asks of a database before it may ask anything else; MongoDB's drivers greet on each connection. */
const SETS_UP: ReadonlySet<string> = new Set([
  'STARTTLS',
  SIGN_IN,
  'hello',
  'isMaster',
  'ismaster',
  'saslStart',
  'saslContinue',
]);

/** Of a wait: what it asks for. */
export const setsUp = (what: string): boolean => SETS_UP.has(what);

export const isSignIn = ({ method, path }: Pick<Exchange, 'method' | 'path'>): boolean => path === '' && setsUp(method);

interface SignIn {
  calls: number;
  readonly from: number;
  until: number;
}

/** One connection to a database, from signing in on. */
export interface Session {
  /** Calls beside those that signed in. */
  readonly statements: number;
  /** Opened for one piece of work, and closed: by its client, or by the server that it told so. */
  readonly isSingle: boolean;
  /** What connecting and signing in took, as far as it can be read. */
  readonly cost: Duration;
  /** Nobody can read what was said behind its TLS handshake: it signed in there. */
  readonly isSealed: boolean;
}

/** Tells sessions of databases, whose connections begin with calls of their own. */
export function createSessions() {
  const signIns = new Map<string, SignIn>();
  return {
    add({ connection, startedAt, duration }: Exchange): void {
      const until = startedAt + duration;
      const known = signIns.get(connection);
      if (known === undefined) {
        if (signIns.size < MAX_SESSIONS) signIns.set(connection, { calls: 1, from: startedAt, until });
        return;
      }
      known.calls++;
      known.until = Math.max(known.until, until);
    },
    /** Of a connection that has ended; null where nobody was seen to sign in. */
    take(connection: Connection): Session | null {
      const signIn = signIns.get(connection.id);
      if (signIn === undefined) return null;
      signIns.delete(connection.id);
      if (!isOpened(connection) || !(connection.connectDuration >= 0)) return null;
      const { exchanges, ending, startedAt, duration, tls } = connection;
      const statements = exchanges - signIn.calls;
      // It asked for TLS, and goes on inside.
      const securedAt = tls === null ? Number.NaN : tls.startedAt + tls.handshakeDuration;
      const until = securedAt > signIn.until ? securedAt : signIn.until;
      const took = connectCost(connection) + until - signIn.from;
      return {
        statements,
        isSingle:
          statements >= 1 &&
          statements <= MOST_STATEMENTS &&
          ending === 'fin' &&
          startedAt + duration - signIn.until <= SHORT_LIFE,
        cost: nanoseconds(Math.min(duration, took)),
        isSealed: tls !== null && !tls.decrypted,
      };
    },
  };
}
