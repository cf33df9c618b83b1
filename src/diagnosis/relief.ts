import { addTo } from '../base/group-by.ts';
import type { Occurrence, Report } from '../model/finding.ts';
import type { WaitReason } from '../model/request.ts';
import type { KeptRequest, KeptWait } from '../replay/kept-requests.ts';
import type { Relief } from '../replay/replay.ts';

/** Requests, by the row that they or their waits are about. */
export interface RequestIndex {
  /** Their place by their root exchange. */
  readonly byExchange: ReadonlyMap<string, number>;
  /** Request and wait by what was waited for. */
  readonly byRef: ReadonlyMap<string, readonly (readonly [request: number, wait: number])[]>;
}

export function indexOf(requests: readonly KeptRequest[]): RequestIndex {
  const byExchange = new Map<string, number>();
  const byRef = new Map<string, [number, number][]>();
  for (const [request, { exchange, waits }] of requests.entries()) {
    byExchange.set(exchange, request);
    for (const [place, { ref }] of waits.entries()) {
      if (ref !== '') addTo(byRef, ref, [request, place]);
    }
  }
  return { byExchange, byRef };
}

const CALLS: readonly WaitReason[] = ['upstream', 'metadata'];
const RELIEVED: Readonly<Record<Report['unit'], readonly WaitReason[]>> = {
  lookups: ['dns'],
  connections: ['connect', 'tls'],
  exchanges: CALLS,
  calls: CALLS,
  requests: [],
};

interface Draft extends Relief {
  readonly waits: Map<number, number>;
  own: number;
  readonly unqueued: Set<number>;
}

/** What goes of requests' time where the occurrences of a finding cost nothing. */
export class Reliefs {
  readonly byRequest = new Map<number, Draft>();
  /** Occurrences that were found in a request, and that were not. */
  found = 0;
  lost = 0;
  readonly #requests: readonly KeptRequest[];
  readonly #index: RequestIndex;

  constructor(requests: readonly KeptRequest[], index: RequestIndex) {
    this.#requests = requests;
    this.#index = index;
  }

  add(report: Report): void {
    const reasons = report.relieves ?? RELIEVED[report.unit];
    const isQueue = reasons.includes('queue');
    for (const occurrence of report.cost.occurrences) {
      const isIn = isQueue
        ? this.#ofLine(occurrence)
        : report.unit === 'requests'
          ? this.#ofRequest(occurrence)
          : this.#ofRow(occurrence, reasons, report.unit);
      if (isIn) this.found++;
      else this.lost++;
    }
  }

  #ofRequest({ id, refs, cost }: Occurrence): boolean {
    const request = this.#index.byExchange.get(id);
    if (request === undefined) return false;
    const draft = this.#draftOf(request);
    const { waits } = this.#requests[request] as KeptRequest;
    const peers = new Set<string>();
    let spared = 0;
    for (const ref of refs ?? []) {
      for (const [of, place] of this.#index.byRef.get(ref) ?? []) {
        if (of !== request) continue;
        const wait = waits[place] as KeptWait;
        relieve(draft, place, wait, Infinity);
        peers.add(wait.to);
        spared += wait.critical;
      }
    }
    for (const { reason, to, critical } of waits) if (reason === 'queue' && peers.has(to)) spared += critical;
    // What is left are pauses between calls that go together.
    draft.own += Math.max(0, cost - spared);
    return true;
  }

  /** What it names takes as long as it did, and need be waited for in no line. */
  #ofLine({ id, refs = [] }: Occurrence): boolean {
    const request = this.#index.byExchange.get(id);
    if (request === undefined) return false;
    const { unqueued } = this.#draftOf(request);
    for (const ref of refs) {
      for (const [of, place] of this.#index.byRef.get(ref) ?? []) if (of === request) unqueued.add(place);
    }
    return true;
  }

  #ofRow(occurrence: Occurrence, reasons: readonly WaitReason[], unit: Report['unit']): boolean {
    const { id, connection, refs: others = [] } = occurrence;
    const refs = [...new Set([id, connection, ...others])].filter((ref) => ref !== '');
    const places = refs
      .flatMap((ref) => this.#index.byRef.get(ref) ?? [])
      .map(([request, place]) => ({ request, place, wait: this.#waitAt(request, place) }))
      .filter(({ wait }) => reasons.includes(wait.reason))
      .toSorted((a, b) => reasons.indexOf(a.wait.reason) - reasons.indexOf(b.wait.reason));
    const [first] = places;
    if (first === undefined) return this.#ofRoot(occurrence);
    const { request } = first;
    // Several requests may wait for one lookup.
    if (unit === 'lookups' && places.some((other) => other.request !== request)) {
      for (const { request: each, place, wait } of places) relieve(this.#draftOf(each), place, wait, occurrence.cost);
      return true;
    }
    const draft = this.#draftOf(request);
    let left: number = occurrence.cost;
    for (const { place, wait } of places) left -= relieve(draft, place, wait, left);
    if (unit !== 'exchanges' && unit !== 'calls') return true;
    // A call with its retries, or a connection given up for another: what else it waited for there meanwhile.
    const { from, until, server } = occurrence;
    for (const [place, wait] of (this.#requests[request] as KeptRequest).waits.entries()) {
      if (left <= 0) break;
      const isIts = wait.startedAt >= from && wait.endedAt <= until && wait.reason !== 'queue' && isAt(wait.to, server);
      if (isIts) left -= relieve(draft, place, wait, left);
    }
    draft.own += Math.max(0, left);
    return true;
  }

  /** A service's own request was held up. */
  #ofRoot({ id, cost }: Occurrence): boolean {
    const request = this.#index.byExchange.get(id);
    if (request === undefined) return false;
    this.#draftOf(request).own += Math.max(0, cost);
    return true;
  }

  #waitAt = (request: number, place: number): KeptWait =>
    (this.#requests[request] as KeptRequest).waits[place] as KeptWait;

  #draftOf(request: number): Draft {
    let draft = this.byRequest.get(request);
    if (draft === undefined) this.byRequest.set(request, (draft = { waits: new Map(), own: 0, unqueued: new Set() }));
    return draft;
  }
}

/** Whether an address with its port is that address’s. */
const isAt = (endpoint: string, address: string): boolean =>
  endpoint.startsWith(`${address}:`) || endpoint.startsWith(`[${address}]:`);

/** @returns how much of it was there to be taken */
function relieve({ waits }: Draft, place: number, { startedAt, endedAt }: KeptWait, by: number): number {
  const known = waits.get(place) ?? 0;
  const taken = Math.max(0, Math.min(by, endedAt - startedAt - known));
  waits.set(place, known + taken);
  return taken;
}
