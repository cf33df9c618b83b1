import type { ReceivedCall, SentCall } from './calls.ts';

// Requests in flight at a time that a call is tried with; of more, those that began last.
const MAX_CANDIDATES = 48;

/** Who could have made each call. */
export interface Flights {
  /** By call: requests in flight while it lasted. */
  readonly candidates: readonly (readonly number[])[];
  /** 1 where an identifier says whose it is. */
  readonly isFixed: Uint8Array;
  /** 1 where there were more than are tried. */
  readonly isBounded: Uint8Array;
}

/** @param received and sent: in order of their start */
export function flightsOf(received: readonly ReceivedCall[], sent: readonly SentCall[]): Flights {
  const named = identified(received);
  const candidates: (readonly number[])[] = [];
  const isFixed = new Uint8Array(sent.length);
  const isBounded = new Uint8Array(sent.length);
  const open: number[] = [];
  let next = 0;
  for (let index = 0; index < sent.length; index++) {
    const { startedAt, endedAt, identifiers } = sent[index] as SentCall;
    while (next < received.length && (received[next] as ReceivedCall).startedAt <= startedAt) open.push(next++);
    let inFlight: number[] = [];
    let kept = 0;
    for (let place = 0; place < open.length; place++) {
      const request = open[place] as number;
      const until = (received[request] as ReceivedCall).endedAt;
      if (until < startedAt) continue;
      open[kept++] = request;
      if (until >= endedAt) inFlight.push(request);
    }
    open.length = kept;
    if (inFlight.length > MAX_CANDIDATES) {
      inFlight = inFlight.slice(-MAX_CANDIDATES);
      isBounded[index] = 1;
    }
    const owner = named === null || identifiers.length === 0 ? null : ownerOf(identifiers, inFlight, named);
    isFixed[index] = owner === null ? 0 : 1;
    candidates.push(owner === null ? inFlight : [owner]);
  }
  return { candidates, isFixed, isBounded };
}

/** By identifier, null where none has any. */
function identified(received: readonly ReceivedCall[]): Map<string, Set<number>> | null {
  let named: Map<string, Set<number>> | null = null;
  for (let place = 0; place < received.length; place++) {
    for (const identifier of (received[place] as ReceivedCall).identifiers) {
      named ??= new Map();
      const known = named.get(identifier);
      if (known === undefined) named.set(identifier, new Set([place]));
      else known.add(place);
    }
  }
  return named;
}

/** The one that carries an identifier of the call; null where none or several do. */
function ownerOf(
  identifiers: readonly string[],
  inFlight: readonly number[],
  named: ReadonlyMap<string, ReadonlySet<number>>,
): number | null {
  const owners = inFlight.filter((request) => identifiers.some((identifier) => named.get(identifier)?.has(request)));
  return owners.length === 1 ? (owners[0] as number) : null;
}
