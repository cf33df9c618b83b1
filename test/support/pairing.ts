/** Those of the first that are left when each gets one of its own that fits it (Kuhn's matching). */
export function unpaired<One, Other>(
  these: readonly One[],
  those: readonly Other[],
  fits: (one: One, other: Other) => boolean,
): One[] {
  const taken = new Map<Other, One>();
  const place = (one: One, asked: Set<Other>): boolean =>
    those.some((other) => {
      if (asked.has(other) || !fits(one, other)) return false;
      asked.add(other);
      const owner = taken.get(other);
      if (owner !== undefined && !place(owner, asked)) return false;
      taken.set(other, one);
      return true;
    });
  return these.filter((one) => !place(one, new Set()));
}
