interface Stretch {
  readonly startedAt: number;
  readonly duration: number;
}

/**
 * What of each wait lies on the critical path of the whole, counted instant by instant: from end
 * to start, each stretch between two events belongs to the wait under way that ends last.
 */
export function criticalOf(whole: Stretch, waits: readonly Stretch[]): { own: number; shares: number[] } {
  const shares = waits.map(() => 0);
  const end = whole.startedAt + whole.duration;
  const times = [whole.startedAt, end, ...waits.flatMap(({ startedAt, duration }) => [startedAt, startedAt + duration])]
    .filter((time) => time >= whole.startedAt && time <= end)
    .toSorted((a, b) => a - b);
  let own = 0;
  for (const [index, from] of times.slice(0, -1).entries()) {
    const until = times[index + 1] as number;
    const under = waits
      .map((wait, place) => ({ place, from: wait.startedAt, until: wait.startedAt + wait.duration }))
      .filter((wait) => wait.from <= from && wait.until >= until)
      .toSorted((a, b) => b.until - a.until || a.from - b.from)[0];
    if (under === undefined) own += until - from;
    else shares[under.place]! += until - from;
  }
  return { own, shares };
}
