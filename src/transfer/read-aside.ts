import { Worker } from 'node:worker_threads';
import { UserError } from '../model/user-error.ts';
import type { ReadInputs } from '../read-inputs.ts';
import type { Message, Order } from './message.ts';
import { createRowsIn } from './rows-in.ts';

// Of what a packet makes next to nothing is left when the next comes: with a third of what V8 takes for new things by
// itself a large capture needs 10 MiB less, for no measurable time.
const resourceLimits = { maxYoungGenerationSizeMb: 24 };

/**
 * Reads in a thread of its own, beside the one that asks what rows mean: two processors share the work.
 * @param program the file of worker.ts as it is built
 */
export const readAside =
  (program: URL): ReadInputs =>
  ({ paths, dnsPorts, keyLogs }, reading) =>
    new Promise((resolve, reject) => {
      const taken = new Int32Array(new SharedArrayBuffer(4));
      const options = { paths, dnsPorts, ...(keyLogs === undefined ? {} : { keyLogs }) };
      const worker = new Worker(program, { workerData: { options, taken } satisfies Order, resourceLimits });
      const take = createRowsIn(reading);
      const hear = (message: Message): void => {
        switch (message.kind) {
          case 'batch':
            take(message.batch);
            Atomics.add(taken, 0, 1);
            Atomics.notify(taken, 0);
            return;
          case 'tick':
            return reading.tick(message.done, () => []);
          case 'unreadable':
            return reading.unreadable?.(message.because);
          case 'failed':
            return reject(new UserError(message.because));
          case 'end':
            return resolve();
        }
      };
      worker.on('message', (message: Message) => {
        try {
          hear(message);
        } catch (error) {
          // Nobody takes its rows any more.
          void worker.terminate();
          reject(error as Error);
        }
      });
      worker.on('error', reject);
      // After all that it said: where that was the end, nothing comes of this.
      worker.on('exit', () => reject(new Error('the thread that reads ended before its inputs')));
    });
