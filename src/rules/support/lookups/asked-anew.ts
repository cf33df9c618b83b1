import { milliseconds, nanoseconds, seconds, type Timestamp } from '../../../base/time.ts';
import { TIMER_EARLY, timersOf } from '../../../knowledge/resolver-timers.ts';
import { isAddressType, type Attempt, type Lookup } from '../../../model/lookup.ts';
import type { Observer } from '../../../model/observer.ts';
import { createClientGroups, type ClientGroup } from './client-groups.ts';
import { defineFact } from '../define-rule.ts';
import { lookupPackets } from '../evidence.ts';
import { countResolver } from './seen-resolvers.ts';

/** A client's lookups of one family that ask once more for what was answered. */
export interface AskedAnew extends ClientGroup {
  /** Its lookups of one family in all. */
  halves: number;
}

// Lookups that found both families; the longest wait before one of them is asked for anew is within so many, on a
// node with some hundred lookups a second.
const RECENT = 1 << 10;
// Go's 5 s, Node's 2 to 3 s.
const LONGEST_WAIT = seconds(5.5);
// Go's timer on a machine whose processors are all busy (measured).
const TIMER_LATE = milliseconds(100);
// Who asks for one family alone by design does so all the time: no use looking each time what came before.
const HALVES_LOOKED_AT = 64;
const PART_TO_GO_ON = 4;

/**
 * Lookups of one family whose answer came by a timer's wait before, with the other family's: the client did not get
 * it. Go takes a new port and a new id for its retry, Node a new port, so that it looks like a lookup of its own.
 */
export const askedAnew = defineFact({
  id: 'asked-anew',
  create() {
    const recent = new RecentPairs();
    const groups = createClientGroups(() => ({ halves: 0 }));
    return {
      ordinary: (lookup) => recent.add(lookup),
      unusual(lookup) {
        if (isAnsweredPair(lookup)) return recent.add(lookup);
        if (!isAnsweredHalf(lookup)) return;
        const group = groups.of(lookup);
        group.halves++;
        if (group.halves > HALVES_LOOKED_AT && group.tally.count * PART_TO_GO_ON < group.halves) return;
        const startedAt = recent.before(lookup);
        if (startedAt === null) return;
        const waited = nanoseconds(lookup.startedAt - startedAt);
        const lasted = nanoseconds(waited + lookup.duration);
        group.tally.add(lookup, waited, lookupPackets, { from: startedAt, lasted });
        countResolver(group.resolvers, lookup, 1);
      },
      groups: (): readonly AskedAnew[] => groups.all(),
    } satisfies Observer & { groups(): readonly AskedAnew[] };
  },
});

const isAnswered = ({ rcode, transport, resends }: Attempt): boolean =>
  rcode >= 0 && transport === 'udp' && resends.length === 0;

function isAnsweredPair({ attempts }: Lookup): boolean {
  const [one, other] = attempts;
  if (attempts.length !== 2 || one === undefined || other === undefined) return false;
  return one.type !== other.type && one.name === other.name && isAnswered(one) && isAnswered(other);
}

function isAnsweredHalf({ attempts }: Lookup): boolean {
  const [one] = attempts;
  return attempts.length === 1 && one !== undefined && isAddressType(one.type) && isAnswered(one);
}

/** A ring: added to for each lookup that is well, looked through for those of one family only. */
class RecentPairs {
  readonly #names: string[] = Array.from({ length: RECENT }, () => '');
  readonly #clients: string[] = Array.from({ length: RECENT }, () => '');
  readonly #sentAt = new Float64Array(RECENT * 2).fill(Number.NEGATIVE_INFINITY);
  readonly #ids = new Uint16Array(RECENT * 2);
  readonly #types = new Uint16Array(RECENT);
  /** Whether it asks again with new ids, at its timer. */
  readonly #isGo = new Uint8Array(RECENT);
  #next = 0;

  add({ client, resolver, attempts }: Lookup): void {
    const [one, other] = attempts as [Attempt, Attempt];
    const place = this.#next;
    this.#next = (place + 1) % RECENT;
    this.#names[place] = one.name;
    this.#clients[place] = client;
    this.#types[place] = one.type;
    this.#sentAt[place * 2] = one.sentAt;
    this.#sentAt[place * 2 + 1] = other.sentAt;
    this.#ids[place * 2] = one.transactionId;
    this.#ids[place * 2 + 1] = other.transactionId;
    this.#isGo[place] = resolver === 'go' ? 1 : 0;
  }

  /** When the lookup began that this one goes on with; null where there is none. */
  before({ client, startedAt, chosenWait, attempts }: Lookup): Timestamp | null {
    const { name, type, transactionId } = attempts[0] as Attempt;
    const wait = chosenWait ?? timersOf('go', null)?.firstWait ?? 0;
    for (let back = 1; back <= RECENT; back++) {
      const place = (this.#next - back + RECENT) % RECENT;
      if (startedAt - (this.#sentAt[place * 2] as number) > LONGEST_WAIT) return null;
      if (this.#names[place] !== name || this.#clients[place] !== client) continue;
      const own = place * 2 + (this.#types[place] === type ? 0 : 1);
      const waited = startedAt - (this.#sentAt[own] as number);
      const isTimed = this.#isGo[place] === 1 && isAbout(waited, wait);
      if (isTimed || this.#ids[own] === transactionId) return this.#sentAt[place * 2] as Timestamp;
    }
    return null;
  }
}

const isAbout = (waited: number, wait: number): boolean =>
  wait > 0 && waited >= wait - TIMER_EARLY && waited <= wait + TIMER_LATE;
