import { formatCount, formatDuration } from '../base/text.ts';
import { endOf, milliseconds, nanoseconds, type Timestamp } from '../base/time.ts';
import type { Request, Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createServedRequests, tallyRequest, type ServedRequests } from './support/served-requests.ts';
import { observedServices } from './support/observed-services.ts';
import { setsUp } from './support/sessions.ts';
import { SEEN_ONCE } from './support/subjects.ts';

// Two or three calls in a row are how a service looks up one thing with another's answer; with
// five, most of them could have gone out together.
const LEAST_CALLS = 5;
// Between one answer and the next call a program reads it; a longer pause is work of its own.
const PAUSE = milliseconds(20);
// What a program without kept connections does before each call, however far the other is.
const OPENINGS: ReadonlySet<Wait['reason']> = new Set(['dns', 'connect', 'tls']);
// What is a small part of the request is not what makes it slow.
const LEAST_SHARE = 0.3;
// Who comes back to services that it has asked already, twice to each, goes through a list; a call to each of
// several is what one request needs, each with the former's answer.
const LEAST_OF_EACH = 2;
// A service calls a few others; of more none is told.
const MAX_SERVED = 256;

/** Calls in a row: to one upstream, or reads from a few in turn. */
interface Chain {
  readonly to: string;
  readonly calls: readonly Wait[];
  /** What they take beyond the longest of them, without the opening of connections, which is told by itself. */
  readonly cost: number;
}

interface Habit {
  readonly to: string;
  calls: number;
  requests: number;
  /** All alike but for what stands as `{id}`. */
  alike: number;
  what: string;
  longest: number;
  lastAt: Timestamp;
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
    const habits = new Map<ServedRequests, Habit>();

    return {
      request(request) {
        const service = served.current();
        const chain = service === null ? null : longestChain(request);
        if (service === null || chain === null) return;
        if (!habits.has(service) && habits.size >= MAX_SERVED) return;
        const { to, calls, cost } = chain;
        tallyRequest(service, request, cost, request.packets);
        const kinds = new Map<string, number>();
        for (const { what } of calls) kinds.set(what, (kinds.get(what) ?? 0) + 1);
        const [[kind, times]] = [...kinds].toSorted((a, b) => b[1] - a[1]) as [[string, number]];
        const habit = habits.get(service) ?? {
          to,
          calls: 0,
          requests: 0,
          alike: 0,
          what: kinds.size === 1 ? kind : [...kinds.keys()].slice(0, 2).join(', '),
          longest: 0,
          lastAt: request.startedAt,
        };
        habit.calls += calls.length;
        habit.requests++;
        if (times >= LEAST_CALLS) habit.alike++;
        habit.longest = Math.max(habit.longest, calls.length);
        habits.set(service, habit);
      },
      finish() {
        for (const [service, habit] of habits) {
          const { tally, latency, server, input } = service;
          const isAlike = habit.alike * 2 > habit.requests;
          const calls = Math.round(habit.calls / habit.requests);
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
            input,
            subject: { kind: 'server', name: server },
            of: latency.count,
            unit: 'requests',
            latency,
            cost: tally,
            confidence: isAlike ? 'likely' : 'possible',
            confidenceBecause: isAlike
              ? 'the calls are alike but for an identifier, and each starts when the one before is answered'
              : 'each starts when the one before is answered; whether one needs another’s answer the wire does not tell',
            evidence: evidenceOf(
              tally.examples.slice(0, 1).map(({ packets }) => ({
                says: `one request with ${plenty(habit.longest)} in a row, ${formatDuration(tally.costs.max)} beyond the longest`,
                packets: [...packets],
              })),
              tally.dearest,
            ),
            because: [
              {
                component: `the program at ${server}`,
                setting: 'calls in flight at once',
                value: '1',
                origin: 'wire',
                source: 'the packets: each call starts when the one before is answered',
              },
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
        const total = served.all().reduce((sum, { latency }) => sum + latency.count, 0);
        if (total === 0) {
          return unobservable({ why: 'no request was seen together with the calls that it makes', capture: null });
        }
        clear('clear', { total }, { count: total, unit: 'requests' });
      },
    };
  },
});

const plenty = (count: number): string => `${formatCount(count)} calls`;

/** The dearest row of calls, each begun when the one before was answered. */
function longestChain({ waits, duration }: Request): Chain | null {
  if (waits.length < LEAST_CALLS) return null;
  const byUpstream = new Map<string, Wait[]>();
  const reads: Wait[] = [];
  const openings: Wait[] = [];
  for (const wait of waits) {
    if (OPENINGS.has(wait.reason)) openings.push(wait);
    if (wait.reason !== 'upstream' || setsUp(wait.what)) continue;
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
