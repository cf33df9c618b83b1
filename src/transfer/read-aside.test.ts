import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { exchangeOf } from '../model/testing/rows.ts';
import { UserError } from '../model/user-error.ts';
import type { Progress, Reading } from '../read-inputs.ts';
import type { Batch } from './batch.ts';
import { readAside } from './read-aside.ts';
import { createRowsOut } from './rows-out.ts';

const nothing: Reading = {
  inputs: [],
  leftOut: { count: 0, because: null },
  input() {},
  lookup() {},
  connection() {},
  exchange() {},
  tick() {},
};

/** Reads with a thread that does this. */
const read = (does: string, reading: Partial<Reading> = {}): Promise<void> =>
  readAside(new URL(`data:text/javascript,${encodeURIComponent(does)}`))(
    { paths: ['orders.pcap'], dnsPorts: [53] },
    { ...nothing, ...reading },
  );

const SAYS = `import { parentPort, workerData } from 'node:worker_threads';
const say = (message) => parentPort.postMessage(message);`;

/** One batch with a row, as text. */
function batchWithRow(): string {
  const sent: Batch[] = [];
  const { reading, finish } = createRowsOut((batch) => sent.push(batch), nothing.tick);
  reading.exchange(exchangeOf());
  finish();
  const { integers, numbers, ...rest } = sent[0]!;
  return `{ integers: Int32Array.of(${integers.slice(0, rest.end).join()}),
    numbers: Float64Array.of(${numbers.slice(0, 100).join()}), ...${JSON.stringify(rest)} }`;
}

describe('reading in another thread', () => {
  it('hands on what that one read, and how far it is', async () => {
    const rows: string[] = [];
    const ticks: Progress[] = [];
    await read(
      `${SAYS} say({ kind: 'tick', done: { bytesRead: 1, bytesTotal: 2, packets: workerData.options.paths.length } });
      say({ kind: 'batch', batch: ${batchWithRow()} }); say({ kind: 'end' });`,
      { exchange: ({ id }) => rows.push(id), tick: (done) => ticks.push(done) },
    );
    expect(rows).toEqual([exchangeOf().id]);
    expect(ticks).toEqual([{ bytesRead: 1, bytesTotal: 2, packets: 1 }]);
  });

  it('says what could not be read', async () => {
    const heard: string[] = [];
    await read(`${SAYS} say({ kind: 'unreadable', because: 'b.pcap: is empty' }); say({ kind: 'end' });`, {
      unreadable: (because) => heard.push(because),
    });
    expect(heard).toEqual(['b.pcap: is empty']);
  });

  it('counts what it took, for that one to go on', async () => {
    const packets: number[] = [];
    await read(
      `${SAYS} say({ kind: 'batch', batch: ${batchWithRow()} });
      Atomics.wait(workerData.taken, 0, 0, 10_000);
      say({ kind: 'tick', done: { packets: Atomics.load(workerData.taken, 0) } }); say({ kind: 'end' });`,
      { tick: (done) => packets.push(done.packets) },
    );
    expect(packets).toEqual([1]);
  });

  it('says what the user can put right', async () => {
    const reading = read(`${SAYS} say({ kind: 'failed', because: 'orders.pcap: is no capture' });`);
    await expect(reading).rejects.toThrow(new UserError('orders.pcap: is no capture'));
    await expect(reading).rejects.toBeInstanceOf(UserError);
  });

  it('fails as that one fails', async () => {
    await expect(read(`throw new RangeError('a fault of ours');`)).rejects.toThrow('a fault of ours');
  });

  it('fails where that one ends too early', async () => {
    await expect(read('')).rejects.toThrow('the thread that reads ended before its inputs');
  });

  it('fails where what comes of the rows fails, and ends that one', async () => {
    const terminate = vi.spyOn(Worker.prototype, 'terminate');
    const reading = read(`${SAYS} say({ kind: 'batch', batch: ${batchWithRow()} }); setInterval(() => {}, 1000);`, {
      exchange() {
        throw new RangeError('a fault of a rule');
      },
    });
    await expect(reading).rejects.toThrow('a fault of a rule');
    expect(terminate).toHaveBeenCalledOnce();
    terminate.mockRestore();
  });
});
