import { at } from '../../src/base/time.ts';
import type { Confidence } from '../../src/model/lookup.ts';
import type { CallLinker, ReceivedCall, SentCall } from '../../src/tracing/calls.ts';
import { createCallLinker } from '../../src/tracing/link-calls.ts';

/** A call as traces recorded it, times in microseconds; whose it is stays hidden. */
export interface RecordedCall {
  id: string;
  /** Null: from outside. */
  caller: string | null;
  callee: string;
  operation: string;
  startedAt: number;
  endedAt: number;
  calleeStartedAt: number;
  calleeEndedAt: number;
}

export interface Answer {
  id: string;
  parent: string | null;
  confidence: Confidence;
  probability: number;
}

const NANOSECONDS = 1000;

/** Links the calls of every service, as a capture at each would. */
export function linkRecorded(calls: readonly RecordedCall[]): Answer[] {
  const answers = new Map<string, Answer>();
  const linkers = new Map<string, CallLinker<ReceivedCall, SentCall>>();
  const linkerOf = (service: string): CallLinker<ReceivedCall, SentCall> => {
    let linker = linkers.get(service);
    if (linker === undefined) {
      linker = createCallLinker({
        link: ({ call, parent, confidence, probability }) =>
          void answers.set(call.id, { id: call.id, parent: parent?.id ?? null, confidence, probability }),
      });
      linkers.set(service, linker);
    }
    return linker;
  };
  // Times relative to the first keep their nanoseconds exact.
  const origin = Math.min(...calls.map(({ startedAt, calleeStartedAt }) => Math.min(startedAt, calleeStartedAt)));
  const time = (microseconds: number) => at((microseconds - origin) * NANOSECONDS);
  for (const call of calls.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const { id, caller, callee, operation, startedAt, endedAt, calleeStartedAt, calleeEndedAt } = call;
    linkerOf(callee).received({
      id,
      kind: operation,
      startedAt: time(calleeStartedAt),
      respondedAt: time(calleeEndedAt),
      endedAt: time(calleeEndedAt),
      identifiers: [],
    });
    if (caller === null) {
      answers.set(id, { id, parent: null, confidence: 'certain', probability: 1 });
      continue;
    }
    linkerOf(caller).sent({
      id,
      kind: `${callee} ${operation}`,
      startedAt: time(startedAt),
      endedAt: time(endedAt),
      identifiers: [],
      lane: null,
    });
  }
  for (const linker of linkers.values()) linker.finish();
  return calls.map(({ id }) => answers.get(id) ?? { id, parent: null, confidence: 'possible', probability: 0 });
}
