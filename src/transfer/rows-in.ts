import { at } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import type { LeftOut, Reading } from '../read-inputs.ts';
import { KIND, type Batch } from './batch.ts';
import { BatchReader } from './batch-reader.ts';
import { readConnection } from './connection.ts';
import { createExchangeReader } from './exchange.ts';
import { createLookupReader } from './lookup.ts';

/** Hands on what `createRowsOut` wrote, as if it had been read here. @returns takes the next batch */
export function createRowsIn(reading: Reading): (batch: Batch) => void {
  const { inputs, leftOut } = reading;
  const batch = new BatchReader();
  const readExchange = createExchangeReader(batch);
  const readLookup = createLookupReader(batch);

  function next(): void {
    switch (batch.integer()) {
      case KIND.exchange:
        return reading.exchange(readExchange());
      case KIND.lookup:
        return reading.lookup(readLookup());
      case KIND.connection:
        return reading.connection(readConnection(batch));
      case KIND.endsAt: {
        const input = inputs[batch.integer()] as Input;
        input.endsAt = at(batch.number());
        return;
      }
      case KIND.inputs:
        return update(batch.object() as Input[]);
      case KIND.begin:
        return reading.input(inputs[batch.integer()] as Input);
      case KIND.leftOut:
        Object.assign(leftOut, batch.object() as LeftOut);
    }
  }

  /** Who holds one already sees it change, as when it is read here. */
  function update(as: readonly Input[]): void {
    for (const [index, input] of as.entries()) inputs[index] = Object.assign(inputs[index] ?? {}, input);
  }

  return (sent) => {
    batch.begin(sent);
    while (!batch.ended) next();
  };
}
