import { isLoopback } from '../../../base/addresses.ts';
import { nanoseconds, plus, seconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { COREDNS_QUANTA } from '../../../knowledge/cluster-defaults.ts';
import type { Lookup } from '../../../model/lookup.ts';
import type { SlowQuestion } from './forwards.ts';
import type { LossGroup } from './loss-groups.ts';
import { extend, noExtent, type Extent } from '../one-moment.ts';
import type { Send } from './sends.ts';
import { SLOW_ANSWER, slowCost, slowPackets, slowSends } from './slow-answers.ts';
import { lookupTally, type LookupTally } from '../tally.ts';

/** Slow lookups at one server whose slowest answers are of one size. */
export interface SlowGroup extends Extent {
  readonly input: number;
  readonly client: string;
  readonly server: string;
  /** In powers of two of what is slow at all. */
  readonly size: number;
  readonly tally: LookupTally;
  /** The least of the slow answers, and the most. */
  least: Duration;
  most: Duration;
  /** How many have the length of each of CoreDNS's own waits. */
  readonly quanta: number[];
  /** The answers came after the question was asked again. */
  readonly askedAgain: boolean;
  errors: number;
  /** The names that waited; null where one did twice, or they are too many to be few. */
  names: Set<string> | null;
  /** How many waited for a proxy in the pod itself, to which what is asked of the server is redirected. */
  proxied: number;
  /** The first of them: each with the answer it waited for longest. */
  readonly questions: SlowQuestion[];
}

const MAX_GROUPS = 128;
const MAX_NAMES = 64;
// Enough to tell what most of them waited for.
const MAX_QUESTIONS = 64;
// An answer of 2.1 s still tells a wait of 2 s.
const QUANTUM_WIDTH = 0.1;

/** Groups slow lookups by powers of two of their delay, because what stands out shows in the end only. */
export function createSlowGroups() {
  const groups = new Map<string, SlowGroup>();

  function groupOf(lookup: Lookup, slowest: Duration): SlowGroup {
    const band = Math.floor(Math.log2(slowest / SLOW_ANSWER));
    const full = groups.size >= MAX_GROUPS;
    const key = full ? `${band}` : `${lookup.input}|${lookup.server}|${band}`;
    const known = groups.get(`${lookup.input}|${lookup.server}|${band}`) ?? groups.get(key);
    if (known !== undefined) return known;
    const group = createGroup(lookup.input, lookup.client, lookup.server, band, slowest);
    groups.set(key, group);
    return group;
  }

  return {
    add(lookup: Lookup, sends: readonly Send[], slowest: Duration, usual: Duration): void {
      const group = groupOf(lookup, slowest);
      group.tally.add(lookup, slowCost(lookup, sends, usual), () => slowPackets(sends));
      addName(group, lookup.name);
      const late = slowSends(sends);
      const [worst] = late;
      if (worst !== undefined) addQuestion(group, lookup, worst);
      if (late.every(({ attempt: { backend } }) => backend !== null && isLoopback(backend))) group.proxied++;
      if (slowest < group.least) group.least = slowest;
      if (slowest > group.most) group.most = slowest;
      extend(group, lookup.startedAt, plus(lookup.startedAt, lookup.duration));
      for (const [index, quantum] of COREDNS_QUANTA.entries()) {
        const length = seconds(quantum.seconds);
        if (slowest >= length && slowest < length * (1 + QUANTUM_WIDTH)) group.quanta[index]!++;
      }
    },
    all: (): SlowGroup[] => [...groups.values()],
  };
}

const createGroup = (input: number, client: string, server: string, size: number, slowest: Duration): SlowGroup => ({
  input,
  client,
  server,
  size,
  tally: lookupTally(),
  least: slowest,
  most: slowest,
  ...noExtent(),
  quanta: COREDNS_QUANTA.map(() => 0),
  askedAgain: false,
  errors: 0,
  names: new Set(),
  proxied: 0,
  questions: [],
});

function addName(group: SlowGroup, name: string): void {
  const { names } = group;
  if (names === null) return;
  if (names.has(name) || names.size >= MAX_NAMES) group.names = null;
  else names.add(name);
}

function addQuestion({ questions }: SlowGroup, { input, client }: Lookup, { attempt, at, answeredAt }: Send): void {
  if (questions.length >= MAX_QUESTIONS) return;
  const { server, backend, name, type } = attempt;
  questions.push({ input, client, server, backend, name, type, from: at, until: answeredAt });
}

/** Lookups whose answers came after the question was asked again. */
export const lateGroup = ({ input, client, server, tally, errors }: LossGroup): SlowGroup => ({
  ...createGroup(input, client, server, 0, nanoseconds(0)),
  tally,
  askedAgain: true,
  names: null,
  // Nobody asks again for the warming up of a cache: it repeats by itself.
  lastAt: Number.POSITIVE_INFINITY as Timestamp,
  errors,
});
