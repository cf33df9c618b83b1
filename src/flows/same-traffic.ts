import type { Input, Vantage } from '../model/input.ts';

const MAX_NAMED = 4;

/** An input, and what its own packets say of where it was taken. */
export interface Place {
  readonly input: Input;
  own: Vantage;
}

/** Why two captures are one. */
const BECAUSE = { packets: 'shows the same packets as', pod: 'was taken in the same pod as' } as const;

/** What is said of the first, of which all that the others show is told. */
const BY_ITSELF = 'by itself taken in pod';

/**
 * Captures that were taken side by side (in a pod and on its node, at both ends, what an interface sends and what it
 * receives, DNS and all else of one pod) are read as one: of each connection the packet counts that is seen first, and
 * what comes in is seen first elsewhere than what goes out, so that a request and what it waits for would be of two.
 */
export class SameTraffic {
  /** By the input's number, in order of it; those that are alone are not there. */
  readonly #groups: (readonly Place[] | undefined)[] = [];
  /** Those of which it is said. */
  readonly #told = new Set<Input>();

  /** The input that rows of this one are told of: the first of those that show the same, which goes on as long as any. */
  homeOf(input: number): number {
    const group = this.#groups[input];
    if (group === undefined) return input;
    const home = (group[0] as Place).input;
    for (const { input: other } of group) if (other.endsAt > home.endsAt) home.endsAt = other.endsAt;
    return home.input;
  }

  /** Whether another was taken in the same pod is looked at when it is known where one was. */
  joinPod(one: Place, others: Iterable<Place | undefined>): void {
    for (const other of others) {
      if (other !== undefined && other !== one && areOfOnePod(one.own, other.own)) this.join(one, other, 'pod');
    }
  }

  /** A connection or a lookup that was first seen in one shows a packet in another, too. */
  join(one: Place, other: Place, because: keyof typeof BECAUSE = 'packets'): void {
    if (this.homeOf(one.input.input) === this.homeOf(other.input.input) || !areSideBySide(one, other)) return;
    const places = [...this.#groupOf(one), ...this.#groupOf(other)];
    const group = places.toSorted((a, b) => a.input.input - b.input.input);
    for (const { input } of group) this.#groups[input.input] = group;
    const home = group[0] as Place;
    for (const { input } of group.slice(1)) {
      if (this.#told.has(input)) continue;
      this.#told.add(input);
      input.damage.notes.push(`${BECAUSE[because]} ${home.input.path}, and is read as one capture with it`);
    }
    this.update(home.input.input);
  }

  /** Tells the first of them where all were taken, and from when to when, after one of them has gone on. */
  update(input: number): void {
    const group = this.#groups[input];
    if (group === undefined) return;
    const [{ input: home, own }] = group as [Place];
    home.vantage = together(group);
    for (const { input: other } of group) {
      beginBy(home, other);
      const { notes } = other.damage;
      const before = notes.findIndex((note) => note.startsWith(BY_ITSELF));
      if (before >= 0) notes.splice(before, 1);
    }
    if (own.kind === 'pod' && home.vantage.kind !== 'pod')
      home.damage.notes.push(`${BY_ITSELF} ${own.addresses.join(', ')}`);
    this.homeOf(input);
  }

  #groupOf(place: Place): readonly Place[] {
    return this.#groups[place.input.input] ?? [place];
  }
}

/** Its own times stay what they are: what counts from its beginning moves with that. */
function beginBy(home: Input, { startsAt }: Input): void {
  const earlier = home.startsAt - startsAt;
  if (!(earlier > 0)) return;
  home.startsAt = startsAt;
  if (home.firstPacketAt !== null) home.firstPacketAt -= BigInt(earlier);
}

const areOfOnePod = (one: Vantage, other: Vantage): boolean =>
  one.kind === 'pod' && other.kind === 'pod' && one.addresses.some((address) => other.addresses.includes(address));

/** A connection may also go on in a capture that was taken later. */
const areSideBySide = ({ input: one }: Place, { input: other }: Place): boolean =>
  one.startsAt <= other.endsAt && other.startsAt <= one.endsAt;

/** Who sees what several pods see, is on a node. */
function together(group: readonly Place[]): Vantage {
  const known = group.map(({ own }) => own).filter(({ kind }) => kind !== 'unknown');
  const addresses = [...new Set(known.flatMap((own) => own.addresses))].slice(0, MAX_NAMED);
  const widest = known.find(({ kind }) => kind === 'node') ?? known.find(({ kind }) => kind === 'gateway');
  const pod = known.find(({ kind }) => kind === 'pod');
  const isOnePod =
    widest === undefined && known.every((own) => own.addresses.every((one) => pod?.addresses.includes(one)));
  const sees = (what: keyof Vantage['sees']): boolean => group.some(({ own }) => own.sees[what]);
  return {
    kind: widest?.kind ?? (pod === undefined ? 'unknown' : isOnePod ? 'pod' : 'node'),
    addresses,
    because: [...new Set(known.map(({ because }) => because))].join('; '),
    sees: { dns: sees('dns'), tcp: sees('tcp'), http: sees('http'), bothDirections: sees('bothDirections') },
  };
}
