import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../model/user-error.ts';
import { readInputs } from '../read-inputs.ts';
import { BATCHES } from './batch.ts';
import type { Message, Order } from './message.ts';
import { createRowsOut } from './rows-out.ts';

// The reading thread: begins when it is started, and ends when all is read.

const { options, taken } = workerData as Order;
let sent = 0;

function say(message: Message): void {
  // All that is shared is so by itself.
  parentPort?.postMessage(message, []);
}

const out = createRowsOut(
  (batch) => {
    say({ kind: 'batch', batch });
    sent++;
    for (;;) {
      const done = Atomics.load(taken, 0);
      if (sent - done < BATCHES) return;
      Atomics.wait(taken, 0, done);
    }
  },
  (done) => say({ kind: 'tick', done }),
);

const unreadable = (because: string): void => say({ kind: 'unreadable', because });

readInputs(options, { ...out.reading, unreadable }).then(
  () => {
    out.finish();
    say({ kind: 'end' });
  },
  (error: unknown) => {
    // What is no fault of the user's is thrown on, and comes with its stack.
    if (!(error instanceof UserError)) throw error;
    say({ kind: 'failed', because: error.message });
  },
);
