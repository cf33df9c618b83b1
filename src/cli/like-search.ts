import { endpoint } from '../base/addresses.ts';
import { Distribution } from '../base/distribution.ts';
import { toSeconds, type Duration, type Timestamp } from '../base/time.ts';
import type { Alike, AlikeLatency } from '../model/alike.ts';
import type { Input } from '../model/input.ts';
import { breakdownOf, type Request, type Share } from '../model/request.ts';
import { toRequestRow } from '../model/request-row.ts';
import { rowTimes } from '../model/row-times.ts';

// Kinds of requests times what they spend their time on; beyond, they are not told apart.
const MAX_GROUPS = 1024;
// A reader looks at a few.
const MAX_EXAMPLES = 10;

interface Example {
  readonly id: string;
  readonly input: number;
  readonly startedAt: Timestamp;
  readonly duration: Duration;
  readonly dearest: Duration;
}

interface Group {
  readonly kind: string;
  readonly latency: Distribution;
  /** Slowest first. */
  readonly examples: Example[];
}

/** Puts requests of one kind that spend most of their time on the same into groups, so that one can be asked for its like. */
export class LikeSearch {
  readonly #groups = new Map<string, Group>();

  take(request: Request): void {
    const dearest = dearestOf(request);
    const group = this.#groupOf(kindOf(request), keyOf(request, dearest));
    if (group === null) return;
    group.latency.add(request.duration);
    const { id, input, startedAt, duration } = request;
    const place = group.examples.findIndex((known) => duration > known.duration);
    if (place < 0 && group.examples.length >= MAX_EXAMPLES) return;
    const example = { id, input, startedAt, duration, dearest: dearest.duration };
    group.examples.splice(place < 0 ? group.examples.length : place, 0, example);
    if (group.examples.length > MAX_EXAMPLES) group.examples.pop();
  }

  /** @param request one that was taken */
  of(request: Request, inputs: readonly Input[]): Alike {
    const dearest = dearestOf(request);
    const kind = kindOf(request);
    const group = this.#groups.get(keyOf(request, dearest));
    const others = new Distribution();
    for (const other of this.#groups.values()) {
      if (other.kind === kind && other !== group) others.addAll(other.latency);
    }
    return {
      request: toRequestRow(request, inputs),
      dearest: {
        reason: dearest.reason,
        to: dearest.to === '' ? null : dearest.to,
        seconds: toSeconds(dearest.duration),
      },
      alike: latencyOf(group?.latency ?? new Distribution()),
      others: latencyOf(others),
      examples: (group?.examples ?? []).map((example) => {
        const times = rowTimes(example.input, inputs);
        return {
          id: example.id,
          startedAt: times.absolute(example.startedAt),
          startSeconds: times.since(example.startedAt),
          durationSeconds: toSeconds(example.duration),
          dearestSeconds: toSeconds(example.dearest),
        };
      }),
    };
  }

  #groupOf(kind: string, key: string): Group | null {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= MAX_GROUPS) return null;
    const group = { kind, latency: new Distribution(), examples: [] };
    this.#groups.set(key, group);
    return group;
  }
}

const kindOf = ({ protocol, method, path, server, serverPort }: Request): string =>
  [protocol, method, path, endpoint(server, serverPort)].join(' ');

const keyOf = (request: Request, { reason, to }: Share): string => `${kindOf(request)} ${reason} ${to}`;

/** Own time comes last: of two that are equal, what was waited for tells more. */
const dearestOf = (request: Request): Share =>
  breakdownOf(request).reduce((dearest, share) => (share.duration > dearest.duration ? share : dearest));

const latencyOf = (latency: Distribution): AlikeLatency => ({
  count: latency.count,
  p50Seconds: toSeconds(latency.quantile(0.5)),
  p99Seconds: toSeconds(latency.quantile(0.99)),
  maxSeconds: toSeconds(latency.max),
});
