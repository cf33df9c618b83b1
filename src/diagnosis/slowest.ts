// What somebody opens after the verdict; each is kept whole.
const MAX_SLOWEST = 5;

/** Keeps the slowest few rows whole, slowest first; the others cost one comparison. */
export function createSlowest<Row>(copy: (row: Row) => Row) {
  const slowest: { row: Row; took: number }[] = [];
  // What a row must exceed to be among them.
  let threshold = -1;

  const keep = (row: Row, took: number): void => {
    const place = slowest.findIndex((known) => took > known.took);
    slowest.splice(place < 0 ? slowest.length : place, 0, { row: copy(row), took });
    if (slowest.length > MAX_SLOWEST) slowest.pop();
    if (slowest.length === MAX_SLOWEST) threshold = slowest.at(-1)?.took ?? threshold;
  };

  return {
    /** @param took a time that was not seen (NaN) never counts */
    add(row: Row, took: number): void {
      if (took > threshold) keep(row, took);
    },
    rows: (): Row[] => slowest.map(({ row }) => row),
  };
}
