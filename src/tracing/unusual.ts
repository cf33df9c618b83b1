import { NOBODY, type Child, type Parent } from './solve-links.ts';

// Of all requests of a kind: what fewer do is unusual.
const RARE_SHARE = 0.15;

/**
 * Requests that made other calls than requests of their kind do: one too many, one missing. Two of
 * these in flight at once may have each other's calls, however well the pauses fit.
 */
export class Unusual {
  readonly #parents: readonly Parent[];
  readonly #isRare: readonly boolean[];

  constructor(parents: readonly Parent[], children: readonly Child[]) {
    this.#parents = parents;
    const signatures = parents.map(({ calls }) =>
      calls
        .map((call) => (children[call] as Child).kind)
        .toSorted((a, b) => a - b)
        .join(' '),
    );
    const counts = new Map<unknown, { all: number; by: Map<string, number> }>();
    for (const [place, signature] of signatures.entries()) {
      const { plan } = parents[place] as Parent;
      const known = counts.get(plan) ?? { all: 0, by: new Map<string, number>() };
      known.all++;
      known.by.set(signature, (known.by.get(signature) ?? 0) + 1);
      counts.set(plan, known);
    }
    this.#isRare = signatures.map((signature, place) => {
      const known = counts.get((parents[place] as Parent).plan);
      return known === undefined || (known.by.get(signature) ?? 0) <= Math.max(1, known.all * RARE_SHARE);
    });
  }

  /** The call's request is unusual, and so is another that could have made it. */
  isDoubtful({ parent, isFixed, candidates }: Child): boolean {
    if (parent === NOBODY || isFixed || this.#isRare[parent] !== true || this.#parents.length < 2) return false;
    return candidates.some((other) => other !== parent && this.#isRare[other] === true);
  }
}
