import type { Answer, RecordedCall } from './recorded.ts';

/** A call of which it is known who it was made for. */
export interface TrueCall extends RecordedCall {
  trace: number;
  parent: string | null;
}

function childrenOf(pairs: readonly (readonly [call: string, parent: string | null])[]): Map<string, Set<string>> {
  const children = new Map<string, Set<string>>();
  for (const [call, parent] of pairs) {
    if (parent === null) continue;
    const known = children.get(parent);
    if (known === undefined) children.set(parent, new Set([call]));
    else known.add(call);
  }
  return children;
}

/** The share of traces that are entirely right, TraceWeaver's end-to-end measure: at every service with one caller each received call has exactly its own calls. */
export function wholeTraces(calls: readonly TrueCall[], answers: readonly Answer[]): number {
  const callers = new Map<string, Set<string | null>>();
  for (const { callee, caller } of calls) callers.set(callee, (callers.get(callee) ?? new Set()).add(caller));
  const truth = childrenOf(calls.map(({ id, parent }) => [id, parent]));
  const found = childrenOf(answers.map(({ id, parent }) => [id, parent]));
  const wrong = new Set<number>();
  for (const { id, callee, trace } of calls) {
    if (callers.get(callee)?.size !== 1) continue;
    const own = truth.get(id) ?? new Set();
    const said = found.get(id) ?? new Set();
    if (own.size !== said.size || [...own].some((call) => !said.has(call))) wrong.add(trace);
  }
  const traces = new Set(calls.map(({ trace }) => trace));
  return (traces.size - wrong.size) / traces.size;
}

// 1.96 standard errors hold nineteen of twenty.
const Z = 1.96;

/** Wilson's interval of a share, at 95 %. */
export function wilson(share: number, of: number): [low: number, high: number] {
  const z2 = (Z * Z) / of;
  const middle = (share + z2 / 2) / (1 + z2);
  const half = (Z / (1 + z2)) * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of));
  return [middle - half, middle + half];
}
