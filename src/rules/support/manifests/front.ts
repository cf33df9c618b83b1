import { parseGoDuration } from '../../../base/quantities.ts';
import { knownDefault, valueOf } from '../../../knowledge/known.ts';
import type { ClusterObject, Located, Place } from '../../../model/workload.ts';

/** A time of what stands before a workload. */
export interface FrontTime {
  seconds: number;
  setting: string;
  /** Null where it is a default. */
  place: Place | null;
  source: string;
}

/** What stands before a workload and keeps connections to it. */
export interface Front {
  /** The object that leads to it. */
  object: ClusterObject;
  name: string;
  /** How long it keeps an idle connection to the workload; null where that is no concern. */
  idle: FrontTime | null;
  /** How long it waits for an answer; null where it waits for ever. */
  wait: FrontTime | null;
  /** Why a request that meets a closing connection mostly goes well all the same; null where it does not. */
  asksAgain: string | null;
}

/** `60` or `60s`, as annotations have it; or read already. */
export function secondsIn(said: Located<string> | Located<number> | undefined): number | null {
  if (said === undefined) return null;
  if (typeof said.value === 'number') return said.value;
  const text = said.value.trim();
  return /^\d+$/.test(text) ? Number(text) : parseGoDuration(text);
}

/** A time as it is said, or as it is by default. */
export function frontTime(
  said: Located<string> | Located<number> | undefined,
  component: string,
  setting: string,
  where?: string,
): FrontTime {
  const seconds = secondsIn(said);
  return {
    seconds: seconds ?? valueOf(component, setting, null, where),
    setting,
    place: seconds === null ? null : (said?.place ?? null),
    source: knownDefault(component, setting, null, where)?.source ?? '',
  };
}
