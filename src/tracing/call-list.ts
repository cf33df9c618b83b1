// Of most requests; a list grows with more.
const ROOM = 32;

/**
 * A list that is filled anew over and over: it keeps its memory, and says how much of it counts.
 * Places of calls are in order of their start, so that a list in order of place is one in order of time.
 */
export class CallList {
  readonly places: number[] = Array.from({ length: ROOM }, () => 0);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  push(call: number): void {
    this.places[this.count++] = call;
  }

  /** Takes over calls, without one and with another; -1 for none. */
  fill(calls: readonly number[], without: number, added: number): void {
    const { places } = this;
    let count = 0;
    let isIn = added < 0;
    for (let index = 0; index < calls.length; index++) {
      const call = calls[index] as number;
      if (!isIn && call > added) {
        places[count++] = added;
        isIn = true;
      }
      if (call !== without) places[count++] = call;
    }
    if (!isIn) places[count++] = added;
    this.count = count;
  }

  /** By insertion: a request has few calls, and they are nearly in order. */
  sort(): void {
    const { places } = this;
    for (let index = 1; index < this.count; index++) {
      const call = places[index] as number;
      let place = index;
      for (; place > 0 && (places[place - 1] as number) > call; place--) places[place] = places[place - 1] as number;
      places[place] = call;
    }
  }

  /** Gives what it has to another list. */
  copyTo(calls: number[]): void {
    for (let index = 0; index < this.count; index++) calls[index] = this.places[index] as number;
    if (calls.length > this.count) calls.length = this.count;
  }
}
