import { at } from '../../src/base/time.ts';
import type { ReceivedCall, SentCall } from '../../src/tracing/calls.ts';
import { createCallLinker } from '../../src/tracing/link-calls.ts';
import { seededRandom } from '../../src/base/random.ts';

const MILLISECOND = 1e6;
// Four requests in flight on average, two calls each.
const STEP = 5 * MILLISECOND;

/** So many requests of a service, one after another through the engine. @returns links that are right */
export function linkMany(requests: number, seed = 1): number {
  const random = seededRandom(seed);
  let right = 0;
  const linker = createCallLinker<ReceivedCall, SentCall & { owner: string }>({
    link: ({ call, parent }) => void (parent?.id === call.owner && right++),
  });
  let time = 0;
  for (let number = 0; number < requests; number++) {
    time += STEP * -Math.log(1 - random());
    const id = `r${number}`;
    const first = time + MILLISECOND * (0.5 + random());
    const second = first + MILLISECOND * (6 + 6 * random());
    const last = second + MILLISECOND * (4 + 4 * random());
    const call = (name: string, from: number, until: number) => ({
      id: `${id}${name}`,
      kind: name,
      startedAt: at(Math.round(from)),
      endedAt: at(Math.round(until)),
      identifiers: [],
      lane: null,
    });
    const whole = call('', time, last + MILLISECOND * (0.2 + random()));
    linker.received({ ...whole, respondedAt: whole.endedAt });
    linker.sent({ ...call('a', first, second - MILLISECOND * (0.3 + random())), owner: id });
    linker.sent({ ...call('b', second, last), owner: id });
  }
  linker.finish();
  return right;
}
