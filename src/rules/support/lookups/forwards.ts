import { addTo } from '../../../base/group-by.ts';
import type { Timestamp } from '../../../base/time.ts';
import { RR_TYPE, type Lookup } from '../../../model/lookup.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { SLOW_ANSWER } from './slow-answers.ts';

// Slow and unanswered questions: as many as a node's pods have in some minutes of an outage.
const MAX_KEPT = 1 << 13;
// A pod asks its node's cache, that the cluster's DNS, that its upstream: one more is left.
const MAX_HOPS = 4;
// A server waits for another one where that takes most of its own time.
const SHARE = 0.5;

/** One question to a DNS server that was answered late or never. */
export interface SlowQuestion {
  readonly input: number;
  readonly client: string;
  readonly server: string;
  /** Who answers behind the server's address, where a DNAT shows it. */
  readonly backend: string | null;
  readonly name: string;
  readonly type: number;
  readonly from: Timestamp;
  /** Infinity where no answer came. */
  readonly until: number;
}

export interface Forwards extends Observer {
  unusual(lookup: Lookup): void;
  /**
   * Whom a server asked the same in turn and waited for, and whom those asked, up to the last: where that is so of most of
   * these questions to it, else empty.
   */
  hopsOf(questions: readonly SlowQuestion[]): readonly string[];
}

// Two pods that ask two servers for one name at one time are no forwarding; for so many names, one within the other each
// time, they are.
const SEVERAL_NAMES = 3;

const keyOf = ({ input, name, type }: Pick<SlowQuestion, 'input' | 'name' | 'type'>): string =>
  `${input}|${type}|${name}`;

/** DNS servers that ask others in the same capture: a node's cache, CoreDNS and its upstream. */
export const forwards = defineFact({
  id: 'forwards',
  create(): Forwards {
    const questions = new Map<string, SlowQuestion[]>();
    let kept = 0;

    const slowOnes = (question: Pick<SlowQuestion, 'input' | 'name' | 'type'>): readonly SlowQuestion[] =>
      questions.get(keyOf(question)) ?? [];

    function ownNextOf(question: SlowQuestion): SlowQuestion | undefined {
      const asked = slowOnes(question);
      const next = asked.find(
        (other) =>
          isFrom(other, question) && isWaitedFor(other, question) && !isAskedBefore(other.server, question, asked),
      );
      if (next !== undefined || question.type !== RR_TYPE.AAAA) return next;
      // DNS64 makes the IPv6 address of the IPv4 one that it asks for in turn (RFC 6147 section 5.1.6).
      return slowOnes({ ...question, type: RR_TYPE.A }).find(
        (other) => isItself(other, question) && isWaitedFor(other, question),
      );
    }

    /** What a server asks for one client it does not ask again for the next. */
    function nextOf(question: SlowQuestion): SlowQuestion | undefined {
      const own = ownNextOf(question);
      if (own !== undefined) return own;
      const before = slowOnes(question).find(
        (other) => other.server === question.server && other.from < question.from && other.until > question.from,
      );
      return before === undefined ? undefined : ownNextOf(before);
    }

    /** Nobody asks in turn who asked already: of several pods that ask for one name at a time, another's question looks so. */
    function chainFrom({ server }: SlowQuestion, first: SlowQuestion): string[] {
      const hops: string[] = [];
      for (
        let next: SlowQuestion | undefined = first;
        next !== undefined && next.server !== server && !hops.includes(next.server) && hops.length < MAX_HOPS;
        next = nextOf(next)
      ) {
        hops.push(next.server);
      }
      return hops;
    }

    return {
      unusual({ input, client, attempts }) {
        for (const { server, backend, name, type, sentAt: from, repliedAt, rcode } of attempts) {
          const until = rcode < 0 ? Number.POSITIVE_INFINITY : repliedAt;
          if (until - from < SHARE * SLOW_ANSWER || kept >= MAX_KEPT) continue;
          kept++;
          const question = { input, client, server, backend, name, type, from, until };
          addTo(questions, keyOf(question), question);
        }
      },
      hopsOf(asked) {
        const explained = asked.flatMap((question) => {
          const next = nextOf(question);
          return next === undefined ? [] : [{ question, next }];
        });
        if (explained.length * 2 <= asked.length) return [];
        const isSure = explained.every(({ question, next }) => isItself(next, question));
        if (!isSure && new Set(explained.map(({ question: { name } }) => name)).size < SEVERAL_NAMES) return [];
        return longest(explained.map(({ question, next }) => chainFrom(question, next)));
      },
    };
  },
});

/** Who was asked for the same and still is when another one is asked does not ask that one. */
const isAskedBefore = (server: string, question: SlowQuestion, asked: readonly SlowQuestion[]): boolean =>
  asked.some((other) => other.server === server && other.from < question.from && other.until > question.from);

const isWaitedFor = (other: SlowQuestion, question: SlowQuestion): boolean =>
  other.server !== question.server &&
  other.from >= question.from &&
  (other.until <= question.until || other.until === Number.POSITIVE_INFINITY) &&
  Math.min(other.until, question.until) - other.from >= SHARE * (question.until - question.from);

/** The server, or who is behind its address, is who asks. */
const isItself = (other: SlowQuestion, { server, backend }: SlowQuestion): boolean =>
  other.client === server || other.client === backend;

/** A cache on the node, which listens at an address of its own or at the Service's without any DNAT, asks from the node's. */
const isFrom = (other: SlowQuestion, question: SlowQuestion): boolean =>
  isItself(other, question) || (question.backend === null && other.client !== question.client);

/** The most frequent of the longest: of some questions the last hop is not seen. */
function longest(chains: readonly string[][]): readonly string[] {
  const most = Math.max(...chains.map(({ length }) => length));
  const counts = new Map<string, { count: number; chain: readonly string[] }>();
  for (const chain of chains.filter(({ length }) => length === most)) {
    const key = chain.join(' ');
    counts.set(key, { count: (counts.get(key)?.count ?? 0) + 1, chain });
  }
  return [...counts.values()].toSorted((one, other) => other.count - one.count)[0]?.chain ?? [];
}
