import { at, type Timestamp } from '../../base/time.ts';
import type { Input } from '../../model/input.ts';

const NEVER = at(Number.POSITIVE_INFINITY);

/** When an input ends; never, where nobody says. */
export const endOf = (inputs: readonly Input[], input: number): Timestamp => inputs[input]?.endsAt ?? NEVER;
