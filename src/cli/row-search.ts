import { copyConnection, openingDuration, type Connection } from '../model/connection.ts';
import { copyExchange, type Exchange } from '../model/exchange.ts';
import { copyLookup, type Lookup } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';
import { copyRequest, type Request } from '../model/request.ts';
import { UserError } from '../model/user-error.ts';

// A request first: it has the lookups, connections and exchanges that it waited for.
export const SHOWN_KINDS = ['request', 'lookup', 'exchange', 'connection'] as const;
export type ShownKind = (typeof SHOWN_KINDS)[number];

/** A row's id, as it stands in answers and rows; a bare number means it in any input. */
export interface RowId {
  input: number | null;
  number: number;
}

/** The word that stands for the slowest of its kind. */
const SLOWEST = 'slowest';

const LETTERS: Readonly<Record<ShownKind, string>> = { lookup: 'l', exchange: 'e', connection: 'c', request: 'r' };

/** `0.l17`, `l17`, `17`, or null for `slowest`. @param option what the user wrote it after */
export function parseRowId(kind: ShownKind, text: string, option: string = kind): RowId | null {
  const id = text.trim();
  if (id === SLOWEST) return null;
  const match = /^(?:(\d{1,4})\.)?([lecr]?)(\d{1,15})$/.exec(id);
  const example = `0.${LETTERS[kind]}17`;
  if (match === null) throw new UserError(`--${option} ${text}: is no id; write ${example} or 17, or the word slowest`);
  const letter = match[2] as string;
  if (letter !== '' && letter !== LETTERS[kind]) {
    const meant = SHOWN_KINDS.find((other) => LETTERS[other] === letter) as ShownKind;
    throw new UserError(
      `--${option} ${text}: is the id of ${meant === 'exchange' ? 'an' : 'a'} ${meant}; write --${meant} ${id}`,
    );
  }
  return { input: match[1] === undefined ? null : Number(match[1]), number: Number(match[3]) };
}

// A bare number may stand for one row in each input; naming a few is enough to say so.
const MAX_SAME_NUMBER = 5;

/** Looks for rows of one kind as they come by. */
export interface Search<Row> {
  /** Rows that came by. */
  readonly count: number;
  readonly found: readonly Row[];
  take(row: Row): void;
}

function createSearch<Row extends { id: string }>(
  letter: string,
  wanted: RowId | null,
  copy: (row: Row) => Row,
  tookOf: (row: Row) => number,
): Search<Row> {
  const ending = `.${letter}${wanted?.number}`;
  const id = wanted === null || wanted.input === null ? null : `${wanted.input}${ending}`;
  const fits = (row: Row): boolean => (id === null ? row.id.endsWith(ending) : row.id === id);
  let found: Row[] = [];
  let longest = -Infinity;
  let count = 0;
  return {
    get count() {
      return count;
    },
    get found() {
      return found;
    },
    take(row) {
      count++;
      if (wanted !== null) {
        if (fits(row) && found.length < MAX_SAME_NUMBER) found.push(copy(row));
        return;
      }
      const took = tookOf(row);
      if (found.length > 0 && !(took > longest)) return;
      longest = Number.isNaN(took) ? -Infinity : took;
      found = [copy(row)];
    },
  };
}

export interface RowSearch {
  readonly observer: Observer;
  readonly lookups: Search<Lookup>;
  readonly exchanges: Search<Exchange>;
  readonly connections: Search<Connection>;
  readonly requests: Search<Request>;
  /** The connection that an exchange went over, where it came by. */
  connectionOf(exchange: Exchange): Connection | null;
}

/** Looks for one row by its id, or for the slowest of each kind where `wanted` is null. */
export function createRowSearch(wanted: RowId | null): RowSearch {
  const lookups = createSearch<Lookup>(LETTERS.lookup, wanted, copyLookup, ({ duration }) => duration);
  const exchanges = createSearch<Exchange>(LETTERS.exchange, wanted, copyExchange, tookOfExchange);
  const connections = createSearch<Connection>(LETTERS.connection, wanted, copyConnection, tookOfConnection);
  const requests = createSearch<Request>(LETTERS.request, wanted, copyRequest, ({ duration }) => duration);
  let carrying: Connection[] = [];
  return {
    lookups,
    exchanges,
    connections,
    requests,
    observer: {
      request: requests.take,
      lookup: lookups.take,
      exchange: exchanges.take,
      connection(connection) {
        connections.take(connection);
        // An exchange comes before its connection.
        carrying = carrying.filter(({ id }) => exchanges.found.some((exchange) => exchange.connection === id));
        if (exchanges.found.some((exchange) => exchange.connection === connection.id)) {
          carrying.push(copyConnection(connection));
        }
      },
    },
    connectionOf: (exchange) => carrying.find(({ id }) => id === exchange.connection) ?? null,
  };
}

/** What lasts by design is no slow answer: of streams and upgrades the wait for the first byte counts. */
const tookOfExchange = ({ shape, duration, startedAt, firstByteAt }: Exchange): number =>
  shape === 'call' ? duration : firstByteAt - startedAt;

/** What was waited for it: until it was open, or while it stalled. */
const tookOfConnection = (connection: Connection): number =>
  Math.max(openingDuration(connection) || 0, connection.stallTime);
