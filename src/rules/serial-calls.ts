import { formatCount, formatDuration } from '../base/text.ts';
import { endOf, milliseconds, nanoseconds } from '../base/time.ts';
import { receiverOf } from '../model/direction.ts';
import type { Request, Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { goesAlong } from './support/requests/driver-trips.ts';
import { dearestEvidence } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createServedRequests, reportedRequests, type ServedRequests } from './support/requests/served-requests.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { setsUp } from './support/connections/sessions.ts';
import { wireSetting } from './support/settings.ts';
import { SEEN_ONCE } from './support/subjects.ts';
import { requestTally, type RequestTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { kindOf } from './support/usual.ts';

// Two or three calls in a row are how a service looks up one thing with another's answer; with
// five, most of them could have gone out together.
const LEAST_CALLS = 5;
// Between one answer and the next call a program reads it; a longer pause is work of its own.
const PAUSE = milliseconds(20);
// What a program without kept connections does before each call, however far the other is; so is what a driver sends around a statement.
const OPENINGS: ReadonlySet<Wait['reason']> = new Set(['dns', 'connect', 'tls']);
// What is a small part of the request is not what makes it slow.
const LEAST_SHARE = 0.3;
// Who comes back to services that it has asked already, twice to each, goes through a list; a call to each of
// several is what one request needs, each with the former's answer.
const LEAST_OF_EACH = 2;
// Not all that was called is seen: a capture begins and ends.
const MOST = 0.9;
// Kinds of requests, of all services: paths are templates.
const MAX_KINDS = 1 << 10;
// Pods of one service.
const MAX_RECEIVERS = 64;
// Of what is called a line has room for so many.
const MAX_NAMED = 2;

/** Calls in a row: to one upstream, or reads from a few in turn. */
interface Chain {
  readonly to: string;
  readonly calls: readonly Wait[];
  /** What they take beyond the longest of them, without the opening of connections, which is told by itself. */
  readonly cost: number;
}

/** What such requests have in common. */
interface Habit {
  readonly to: string;
  readonly what: string;
  readonly tally: RequestTally;
  calls: number;
  /** All alike but for what stands as `{id}`. */
  alike: number;
  longest: number;
}

/** Requests of one kind to one service: chains that no other request could have made, and the others. */
interface Kind {
  sure: Habit | null;
  unsure: Habit | null;
}

interface Served {
  readonly kinds: Map<string, Kind>;
  /** Where its requests were received: its calls come from there. */
  readonly receivers: Set<string>;
}

export default defineRule({
  id: 'serial-calls',
  title: 'Many calls one after another make a request slow',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    serial:
      '{count} of {total:request} to {service} made {calls} calls to {upstream} one after another ({what}): {cost:duration} more than if they went out together',
    clear: 'no request makes many calls one after another ({total})',
  },
  create({ report, clear, unobservable, fact }) {
    const served = createServedRequests(fact(observedServices));
    const seen = fact(traffic);
    const services = new Map<ServedRequests, Served>();
    let count = 0;

    /** Whether or not it is known for which request. */
    const callsOf = ({ input }: ServedRequests, { receivers }: Served): number =>
      seen
        .peers()
        .filter((peer) => peer.input === input && receivers.has(peer.client))
        .reduce((sum, { calls }) => sum + calls.count, 0);

    function servedBy(service: ServedRequests): Served {
      const known = services.get(service) ?? { kinds: new Map<string, Kind>(), receivers: new Set<string>() };
      services.set(service, known);
      return known;
    }

    function kindFor(kinds: Map<string, Kind>, name: string): Kind | null {
      const known = kinds.get(name);
      if (known !== undefined) return known;
      if (count >= MAX_KINDS) return null;
      count++;
      const kind = { sure: null, unsure: null };
      kinds.set(name, kind);
      return kind;
    }

    return {
      request(request) {
        const service = served.current();
        if (service === null) return;
        const { kinds, receivers } = servedBy(service);
        if (receivers.size < MAX_RECEIVERS) receivers.add(receiverOf(request));
        const chain = longestChain(request);
        const kind = chain === null ? null : kindFor(kinds, kindOf(request));
        if (kind === null || chain === null) return;
        if (request.ambiguous) kind.unsure = withChain(kind.unsure, request, chain);
        else kind.sure = withChain(kind.sure, request, chain);
      },
      finish() {
        const habits = new Map<ServedRequests, Habit>();
        for (const [service, of] of services) {
          const allMakeMany = callsOf(service, of) >= MOST * LEAST_CALLS * service.latency.count;
          const told = [...of.kinds.values()].flatMap((kind) => toldOf(kind, allMakeMany));
          if (told.length > 0) habits.set(service, joined(told));
        }
        for (const [service, habit] of habits) {
          const { latency, server } = service;
          const { tally } = habit;
          const isAlike = habit.alike * 2 > tally.count;
          const calls = Math.round(habit.calls / tally.count);
          report({
            message: 'serial',
            data: {
              count: tally.count,
              total: latency.count,
              service: server,
              calls: formatCount(calls),
              upstream: habit.to,
              what: habit.what,
              cost: tally.costs.quantile(0.5),
            },
            ...reportedRequests(service, tally),
            confidence: isAlike ? 'likely' : 'possible',
            confidenceBecause: isAlike
              ? 'the calls are alike but for an identifier, and each starts when the one before is answered'
              : 'each starts when the one before is answered; whether one needs another’s answer the wire does not tell',
            evidence: dearestEvidence(
              tally,
              `one request with ${plenty(habit.longest)} in a row, ${formatDuration(tally.costs.max)} beyond the longest`,
            ),
            because: [
              wireSetting(
                `the program at ${server}`,
                'calls in flight at once',
                '1',
                'the packets: each call starts when the one before is answered',
              ),
            ],
            fix: [
              advice(
                'code',
                isAlike
                  ? 'ask for all of them in one call, or send the calls together'
                  : 'send the calls that need no other’s answer together',
                `the code of ${server}`,
                'revert the change',
              ),
            ],
            whatIf: { method: 'the calls of a chain sent together: the longest of them is left' },
            errors: 0,
            habit: false,
            ...(tally.count === 1 ? { onlyInfo: SEEN_ONCE } : {}),
          });
        }
        if (habits.size > 0) return;
        const total = served.count();
        if (total === 0) {
          return unobservable({ why: 'no request was seen together with the calls that it makes', capture: null });
        }
        clear('clear', { total }, { count: total, unit: 'requests' });
      },
    };
  },
});

/**
 * Calls that another request may have made are this one's only where all make so many, or some of its kind surely do:
 * else a few requests get what each made its part of.
 */
const toldOf = ({ sure, unsure }: Kind, allMakeMany: boolean): Habit[] =>
  [sure, allMakeMany || sure !== null ? unsure : null].filter((habit) => habit !== null);

function withChain(known: Habit | null, request: Request, { to, calls, cost }: Chain): Habit {
  const kinds = new Map<string, number>();
  for (const { what } of calls) kinds.set(what, (kinds.get(what) ?? 0) + 1);
  const habit = known ?? {
    to,
    what: [...kinds.keys()].slice(0, MAX_NAMED).join(', '),
    tally: requestTally(),
    calls: 0,
    alike: 0,
    longest: 0,
  };
  habit.tally.add(request, nanoseconds(Math.min(cost, request.duration)), () =>
    [...new Set(request.packets)].toSorted((a, b) => a - b),
  );
  habit.calls += calls.length;
  if (Math.max(...kinds.values()) >= LEAST_CALLS) habit.alike++;
  habit.longest = Math.max(habit.longest, calls.length);
  return habit;
}

/** Of one service; the most frequent gives the names. */
function joined(habits: readonly Habit[]): Habit {
  const [most] = habits.toSorted((a, b) => b.tally.count - a.tally.count) as [Habit];
  const tally = requestTally();
  tally.absorbAll(habits.map((habit) => habit.tally));
  return {
    ...most,
    tally,
    calls: habits.reduce((sum, { calls }) => sum + calls, 0),
    alike: habits.reduce((sum, { alike }) => sum + alike, 0),
    longest: Math.max(...habits.map(({ longest }) => longest)),
  };
}

const plenty = (count: number): string => `${formatCount(count)} calls`;

/** The dearest row of calls, each begun when the one before was answered. */
function longestChain({ waits, duration }: Request): Chain | null {
  if (waits.length < LEAST_CALLS) return null;
  const byUpstream = new Map<string, Wait[]>();
  const reads: Wait[] = [];
  const openings: Wait[] = [];
  for (const wait of waits) {
    if (OPENINGS.has(wait.reason) || goesAlong(wait.what)) openings.push(wait);
    if (!isCall(wait)) continue;
    const own = byUpstream.get(wait.to);
    if (own === undefined) byUpstream.set(wait.to, [wait]);
    else own.push(wait);
    if (isRead(wait)) reads.push(wait);
  }
  let best: Chain | null = null;
  for (const calls of [...byUpstream.values(), byUpstream.size > 1 ? reads : []]) {
    if (calls.length < LEAST_CALLS) continue;
    for (const chain of chainsOf(
      calls.toSorted((a, b) => a.startedAt - b.startedAt),
      openings,
    )) {
      const upstreams = [...new Set(chain.map(({ to }) => to))];
      if (chain.length < LEAST_CALLS || (upstreams.length > 1 && chain.length < LEAST_OF_EACH * upstreams.length))
        continue;
      const whole = costOf(chain);
      const cost = Math.max(0, whole - spentIn(openings, (chain[0] as Wait).startedAt, endOf(chain.at(-1) as Wait)));
      if (whole >= LEAST_SHARE * duration && cost > (best?.cost ?? 0))
        best = { to: listed(upstreams), calls: chain, cost };
    }
  }
  return best;
}

/** None that sets a session up, as the first on a connection does, and none that only goes along with a statement. */
const isCall = ({ reason, what }: Wait): boolean => reason === 'upstream' && !setsUp(what) && !goesAlong(what);

/** An HTTP read: a database's statements come one by one for other reasons. */
const isRead = ({ what }: Wait): boolean => what.startsWith('GET /');

const listed = (names: readonly string[]): string =>
  names.length === 1 ? (names[0] as string) : `${names.slice(0, -1).join(', ')} and ${names.at(-1) as string}`;

function chainsOf(calls: readonly Wait[], openings: readonly Wait[]): Wait[][] {
  const chains: Wait[][] = [];
  for (const call of calls) {
    const last = chains.at(-1)?.at(-1);
    const between = last === undefined ? Number.NaN : call.startedAt - endOf(last);
    const pause = last === undefined ? Number.NaN : between - spentIn(openings, endOf(last), call.startedAt);
    if (between >= 0 && pause <= PAUSE) chains.at(-1)?.push(call);
    else chains.push([call]);
  }
  return chains;
}

/** How much of that time connections were opened in, or names looked up for them: no work of the program's own. */
function spentIn(openings: readonly Wait[], from: number, until: number): number {
  let spent = 0;
  let seenUntil = from;
  // In order of their start, as a request has its waits.
  for (const opening of openings) {
    const since = Math.max(seenUntil, opening.startedAt);
    const end = Math.min(until, endOf(opening));
    if (end <= since) continue;
    spent += end - since;
    seenUntil = end;
  }
  return spent;
}

/** From the first call's start to the last one's end, without the longest; what others waited meanwhile is theirs. */
function costOf(chain: readonly Wait[]): number {
  const [first] = chain as [Wait];
  const longest = Math.max(...chain.map(({ duration }) => duration));
  return nanoseconds(Math.max(0, endOf(chain.at(-1) as Wait) - first.startedAt - longest));
}
