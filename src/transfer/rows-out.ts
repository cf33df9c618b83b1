import { at, type Timestamp } from '../base/time.ts';
import type { Input, Vantage } from '../model/input.ts';
import type { Reading } from '../read-inputs.ts';
import { KIND, type Batch } from './batch.ts';
import { BatchWriter } from './batch-writer.ts';
import { writeConnection } from './connection.ts';
import { createExchangeWriter } from './exchange.ts';
import { createLookupWriter } from './lookup.ts';

/** What the other side knows of an input. */
interface Told {
  vantage: Vantage | null;
  seesTcp: boolean;
  endsAt: Timestamp;
}

/**
 * Writes what is read, in its order, for who reads it elsewhere: rows, and what is told of their inputs
 * before them.
 * @param send takes a batch: see `BatchWriter`
 */
export function createRowsOut(send: (batch: Batch) => void, tick: Reading['tick']) {
  const batch = new BatchWriter(send);
  const writeExchange = createExchangeWriter(batch);
  const writeLookup = createLookupWriter(batch);
  const inputs: Input[] = [];
  const told: Told[] = [];

  /** Rules ask rows' inputs what can be seen from there, and when they end so far. */
  function tell(number: number): void {
    const input = inputs[number];
    if (input === undefined) return;
    const known = (told[number] ??= { vantage: null, seesTcp: false, endsAt: at(Number.NaN) });
    const { vantage, endsAt } = input;
    if (vantage !== known.vantage || vantage.sees.tcp !== known.seesTcp) {
      known.vantage = vantage;
      known.seesTcp = vantage.sees.tcp;
      tellInputs();
    }
    if (endsAt === known.endsAt) return;
    known.endsAt = endsAt;
    batch.integer(KIND.endsAt);
    batch.integer(number);
    batch.number(endsAt);
  }

  function tellInputs(): void {
    batch.integer(KIND.inputs);
    batch.object(structuredClone(inputs));
  }

  const reading: Reading = {
    inputs,
    leftOut: { count: 0, because: null },
    tick,
    input(begun) {
      tellInputs();
      batch.integer(KIND.begin);
      batch.integer(begun.input);
      batch.endRow();
    },
    lookup(lookup) {
      tell(lookup.input);
      batch.integer(KIND.lookup);
      writeLookup(lookup);
      batch.endRow();
    },
    connection(connection) {
      tell(connection.input);
      batch.integer(KIND.connection);
      writeConnection(batch, connection);
      batch.endRow();
    },
    exchange(exchange) {
      tell(exchange.input);
      batch.integer(KIND.exchange);
      writeExchange(exchange);
      batch.endRow();
    },
  };

  /** All is read. */
  function finish(): void {
    tellInputs();
    batch.integer(KIND.leftOut);
    batch.object({ ...reading.leftOut });
    batch.flush();
  }

  return { reading, finish };
}
