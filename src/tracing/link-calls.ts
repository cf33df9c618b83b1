import type { CallLinker, LinkListener, ReceivedCall, SentCall } from './calls.ts';

/** The causality engine of one service: see `calls.ts`. */
export function createCallLinker<Received extends ReceivedCall, Sent extends SentCall>(
  listener: LinkListener<Received, Sent>,
): CallLinker<Received, Sent> {
  const received: Received[] = [];
  const sent: Sent[] = [];
  return {
    received: (call) => void received.push(call),
    sent: (call) => void sent.push(call),
    finish() {
      for (const call of sent) {
        const parent = received.find((one) => one.startedAt <= call.startedAt && call.endedAt <= one.endedAt);
        listener.link({
          call,
          parent,
          probability: 0.5,
          confidence: 'possible',
          because: parent === undefined ? 'none' : 'contained',
          runnersUp: [],
          bounded: false,
        });
      }
      for (const call of received) listener.settled?.(call);
    },
  };
}
