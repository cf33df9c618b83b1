import { plural } from '../../../base/text.ts';
import type { Timestamp } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';

// A back end that leaves so many without an answer.
const LEAST_SILENT = 3;

/** A back end behind a Service's address, where a capture behind the DNAT shows it. */
export interface SilentBackend {
  /** Its address, or how many they are. */
  readonly backend: string;
  readonly count: number;
  /**
   * It answered until then, and is gone since: a pod that ended while the Service still led to it. Null where the capture
   * shows behind the DNAT only what was in vain, as a bridge floods that to all its pods.
   */
  readonly isGone: boolean | null;
}

/** When each back end last answered a SYN. */
export type Answers = Map<string, Timestamp>;
/** How many each left without, and since when. */
export type Silences = Map<string, { count: number; since: Timestamp }>;

export function noteAnswer(
  answers: Answers,
  { backend, synAcks, bytes, startedAt }: Pick<Connection, 'backend' | 'synAcks' | 'bytes' | 'startedAt'>,
): void {
  // One that was open before the capture, and carries answers.
  const time = synAcks[0]?.at ?? (bytes.server > 0 ? startedAt : undefined);
  if (backend === null || time === undefined) return;
  const known = answers.get(backend);
  if (known === undefined || time > known) answers.set(backend, time);
}

export function noteSilence(
  silences: Silences,
  { backend, startedAt }: Pick<Connection, 'backend' | 'startedAt'>,
): void {
  if (backend === null) return;
  const { count, since } = silences.get(backend) ?? { count: 0, since: startedAt };
  silences.set(backend, { count: count + 1, since: startedAt < since ? startedAt : since });
}

const namesOf = ([first = '', ...others]: readonly string[]): string =>
  others.length === 0 ? first : plural(others.length + 1, 'back end');

/** The one that answers none, or those that answer none any more: one that is too busy answers between. */
export function silentBackend(groups: readonly { answers: Answers; silences: Silences }[]): SilentBackend | null {
  const silent: Silences = new Map();
  for (const { silences } of groups) {
    for (const [backend, { count, since }] of silences) {
      const known = silent.get(backend) ?? { count: 0, since };
      silent.set(backend, { count: known.count + count, since: since < known.since ? since : known.since });
    }
  }
  const found = [...silent].filter(([, { count }]) => count >= LEAST_SILENT);
  const [only] = found;
  if (only === undefined) return null;
  const answersOf = (backend: string): Timestamp[] => groups.flatMap(({ answers }) => answers.get(backend) ?? []);
  const isGone = ([backend, { since }]: (typeof found)[number]): boolean => {
    const answered = answersOf(backend);
    return answered.length > 0 && answered.every((time) => time <= since);
  };
  // A rollout takes several away.
  if (found.every(isGone))
    return { backend: namesOf(found.map(([backend]) => backend)), count: found.length, isGone: true };
  if (found.length > 1 || answersOf(only[0]).length > 0) return null;
  const isSeenToAnswer = groups.some(({ answers }) => answers.size > 0);
  return { backend: only[0], count: 1, isGone: isSeenToAnswer ? false : null };
}

/** Whether it ever answered, and how many there are. */
export const silenceKind = ({ isGone, count }: SilentBackend): 'gone' | 'goneAll' | 'dead' => {
  if (isGone !== true) return 'dead';
  return count === 1 ? 'gone' : 'goneAll';
};
