import { groupBy } from '../base/group-by.ts';
import { partitionPoint } from '../base/sorted.ts';
import { endpoint } from '../base/addresses.ts';
import { Reservoir } from '../base/reservoir.ts';
import { at, toSeconds, type Duration, type Timestamp } from '../base/time.ts';
import { directionOf } from '../model/direction.ts';
import type { Exchange, ExchangeDirection } from '../model/exchange.ts';
import type { Input } from '../model/input.ts';
import type { Lookup } from '../model/lookup.ts';
import type { Request } from '../model/request.ts';
import type { Route } from '../rules/support/routes.ts';
import type { Traffic } from '../rules/support/traffic.ts';
import type { Sampled, SampledKindRow, SampledRows, Samples } from '../model/samples.ts';

// A median's interval from 512 values is some 5 % of their spread wide on either side; more values
// would make a saved answer larger and the interval hardly narrower.
const MAX_ROWS_OF_KIND = 512;
// One service has a few dozen kinds of requests; what is beyond has no kind of its own.
const MAX_KINDS = 256;
// The rest is rare, and stands in the answer as a count.
const MAX_KINDS_WRITTEN = 32;

interface Kind {
  readonly protocol: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly server: string;
  readonly port: number;
  readonly input: number;
  /** One client and backend of it: what tells the direction. */
  readonly client: string;
  readonly backend: string | null;
  readonly kept: Reservoir;
  failed: number;
}

/** What a row has that tells its kind. */
interface KindKey {
  protocol: string;
  method: string;
  path: string;
  host: string;
  server: string;
  serverPort: number;
  input: number;
  client: string;
  backend?: string | null;
}

export interface SampleTaker {
  lookup(lookup: Lookup): void;
  exchange(exchange: Exchange): void;
  ordinaryExchange(exchange: Exchange): void;
  request(request: Request): void;
  rows(inputs: readonly Input[]): Samples;
}

/**
 * Keeps a sample of how long things took, kind by kind: what a comparison works on. What was cut
 * by the capture says nothing of how long it took, and streams last by design: neither counts.
 */
export function createSamples({ routes }: Traffic): SampleTaker {
  const lookups = createLookupKinds();
  const exchanges = createKinds();
  const requests = createKinds();
  return {
    lookup({ name, input, client, outcome, startedAt, duration }) {
      if (outcome === 'incomplete') return;
      const kind = lookups.of(name, input, client);
      if (outcome !== 'ok' && outcome !== 'nodata') kind.failed++;
      const place = kind.kept.draw();
      if (place >= 0) kind.kept.put(place, startedAt, Math.max(0, duration));
    },
    exchange(exchange) {
      if (exchange.shape !== 'call' || exchange.outcome === 'incomplete') return;
      add(exchanges.of(exchange), exchange.startedAt, exchange.duration, exchange.outcome !== 'ok');
    },
    ordinaryExchange(exchange) {
      const kind = exchanges.ofRoute(routes.current as Route, exchange);
      kind.kept.add(exchange.startedAt, exchange.duration);
    },
    request(request) {
      if (request.outcome === 'incomplete') return;
      // A client's own call is the request that was told as an exchange just before.
      const route = routes.of(request.exchange);
      const kind = route === null ? requests.of(request) : requests.ofRoute(route, request);
      add(kind, request.startedAt, request.duration, request.outcome !== 'ok');
    },
    rows(inputs) {
      const byDirection = groupBy(exchanges.all(), (kind): Sampled => SAMPLED_OF[direction(kind, inputs)]);
      return [
        rowsOf('requests', requests.all()),
        ...(['inbound', 'outbound', 'calls'] as const).map((of) => rowsOf(of, byDirection.get(of) ?? [])),
        rowsOf('lookups', lookups.all()),
      ].filter((rows) => rows.count > 0);
    },
  };
}

const SAMPLED_OF: Readonly<Record<ExchangeDirection, Sampled>> = {
  inbound: 'inbound',
  outbound: 'outbound',
  through: 'calls',
  unknown: 'calls',
};

function direction({ input, client, server, backend }: Kind, inputs: readonly Input[]): ExchangeDirection {
  const vantage = inputs[input]?.vantage;
  return vantage === undefined ? 'unknown' : directionOf(vantage, client, server, backend);
}

function add(kind: Kind, startedAt: Timestamp, duration: Duration, hasFailed: boolean): void {
  kind.kept.add(startedAt, Math.max(0, duration));
  if (hasFailed) kind.failed++;
}

/** Kinds by what makes them alike. Beyond the bound they share those without method and path. */
function createKinds() {
  const byPath = new Map<string, Map<string, Kind[]>>();
  const byRoute: (Kind | undefined)[] = [];
  const kinds: Kind[] = [];

  /** The wanted kind, with these in place of its own: those without a path are looked for as well. */
  const find = (wanted: KindKey, path: string, method: string, host: string): Kind | undefined => {
    const alike = byPath.get(path)?.get(wanted.server);
    if (alike === undefined) return undefined;
    for (const kind of alike) {
      if (
        kind.port === wanted.serverPort &&
        kind.method === method &&
        kind.host === host &&
        kind.protocol === wanted.protocol &&
        kind.input === wanted.input
      ) {
        return kind;
      }
    }
    return undefined;
  };

  const make = (wanted: KindKey): Kind => {
    const { protocol, method, path, host, server, serverPort: port, input, client, backend = null } = wanted;
    // The seed is the place, so that kinds are not drawn in step.
    const kept = new Reservoir(MAX_ROWS_OF_KIND, kinds.length);
    const kind: Kind = { protocol, method, path, host, server, port, input, client, backend, kept, failed: 0 };
    kinds.push(kind);
    const ofPath = byPath.get(path) ?? new Map<string, Kind[]>();
    byPath.set(path, ofPath);
    const alike = ofPath.get(server);
    if (alike === undefined) ofPath.set(server, [kind]);
    else alike.push(kind);
    return kind;
  };

  const restOf = (wanted: KindKey): Kind => {
    // One for each server; and one for all where servers are beyond counting, too.
    const known = find(wanted, '', '', '');
    if (known !== undefined) return known;
    const ofServer = { ...wanted, method: '', path: '', host: '' };
    if (kinds.length < MAX_KINDS * 2) return make(ofServer);
    const ofAll = { ...ofServer, protocol: '', server: '', serverPort: 0, client: '' };
    return find(ofAll, '', '', '') ?? make(ofAll);
  };

  const of = (wanted: KindKey): Kind =>
    find(wanted, wanted.path, wanted.method, wanted.host) ?? (kinds.length < MAX_KINDS ? make(wanted) : restOf(wanted));

  return {
    of,
    ofRoute: ({ place }: Route, wanted: KindKey): Kind => (byRoute[place] ??= of(wanted)),
    all: (): readonly Kind[] => kinds,
  };
}

/** Of lookups, which come by the million: a kind is a name of an input, and names beyond the bound share one. */
function createLookupKinds() {
  const kinds = createKinds();
  /** By input. */
  const byName: (Map<string, Kind> | undefined)[] = [];
  const others: (Kind | undefined)[] = [];

  const make = (name: string, input: number, client: string): Kind => {
    const key = { protocol: 'dns', method: '', path: name, host: '', server: '', serverPort: 0, input, client };
    const kind = kinds.of(key);
    if (kind.path === name) ofInput(input).set(name, kind);
    else others[input] = kind;
    return kind;
  };

  const ofInput = (input: number): Map<string, Kind> => (byName[input] ??= new Map());

  return {
    of: (name: string, input: number, client: string): Kind =>
      byName[input]?.get(name) ?? others[input] ?? make(name, input, client),
    all: kinds.all,
  };
}

function rowsOf(of: Sampled, kinds: readonly Kind[]): SampledRows {
  const written = kinds.toSorted((a, b) => b.kept.count - a.kept.count).slice(0, MAX_KINDS_WRITTEN);
  return {
    of,
    count: kinds.reduce((sum, kind) => sum + kind.kept.count, 0),
    kinds: written.map(kindRow),
    rows: inOrder(written),
  };
}

/** All that was kept, in columns, in order of start. */
function inOrder(kinds: readonly Kind[]): SampledRows['rows'] {
  const size = kinds.reduce((sum, { kept }) => sum + kept.size, 0);
  const starts = new Float64Array(size);
  let filled = 0;
  for (const { kept } of kinds) kept.each((start) => void (starts[filled++] = start));
  // Sorted as numbers: to compare some ten thousand rows in our own words would take longer than all else in the end.
  starts.sort();
  const durations = new Float64Array(size);
  const indexes = new Uint16Array(size);
  // Of those that start together the first has the place, and counts the others.
  const taken = new Uint16Array(size);
  for (const [index, { kept }] of kinds.entries()) {
    kept.each((start, duration) => {
      const first = firstOf(starts, start);
      const place = first + (taken[first] as number);
      taken[first]!++;
      durations[place] = duration;
      indexes[place] = index;
    });
  }
  const rows: SampledRows['rows'] = { startSeconds: [], durationSeconds: [], kind: [] };
  for (let place = 0; place < size; place++) {
    rows.startSeconds.push(toSeconds(at(starts[place] as number)));
    rows.durationSeconds.push(toSeconds(at(durations[place] as number)));
    rows.kind.push(indexes[place] as number);
  }
  return rows;
}

/** Where a number that is among the sorted first stands. */
const firstOf = (sorted: Float64Array, wanted: number): number =>
  partitionPoint(sorted.length, (index) => (sorted[index] as number) < wanted);

const kindRow = ({ protocol, method, path, host, server, port, kept, failed }: Kind): SampledKindRow => ({
  protocol,
  method,
  path,
  host,
  server: server === '' ? '' : endpoint(server, port),
  count: kept.count,
  failed,
});
