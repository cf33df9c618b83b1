import type { Place } from '../../model/workload.ts';

/** Offsets of a text to lines and columns. */
export interface Lines {
  place(from: number, to: number): Place;
  slice(from: number, to: number): string;
}

export function createLines(file: string, text: string): Lines {
  // Places are asked for in nearly rising order: on from the last one, and back by bisection.
  const starts = [0];
  let counted = 0;
  const countTo = (offset: number): void => {
    while (counted < offset) {
      const next = text.indexOf('\n', counted);
      if (next < 0 || next >= offset) {
        counted = offset;
        return;
      }
      counted = next + 1;
      starts.push(counted);
    }
  };
  return {
    slice: (from, to) => text.slice(from, to),
    place(from, to) {
      countTo(from);
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] as number) <= from) low = middle;
        else high = middle - 1;
      }
      return { file, line: low + 1, column: from - (starts[low] as number) + 1, range: [from, to] };
    },
  };
}
