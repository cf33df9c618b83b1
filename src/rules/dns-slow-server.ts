import { groupBy } from '../base/group-by.ts';
import { formatDuration, plural } from '../base/text.ts';
import { at, milliseconds, nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import { COREDNS_QUANTA } from '../knowledge/cluster-defaults.ts';
import { TIMER_EARLY, timersOf } from '../knowledge/resolver-timers.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { typeName, type Lookup } from '../model/lookup.ts';
import { apart, type Beside } from './support/apart.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice, nodeLocalCache } from './support/fixes.ts';
import { forwards } from './support/lookups/forwards.ts';
import { endOf } from './support/input-end.ts';
import { nodeCache } from './support/lookups/node-cache.ts';
import { lossEvidence } from './support/lookups/loss-evidence.ts';
import { losses, type Losses } from './support/lookups/losses.ts';
import { oneSided } from './support/lookups/one-direction.ts';
import { AT_ONE_MOMENT, isOneMoment } from './support/one-moment.ts';
import type { LossAnalysis } from './support/lookups/loss-shape.ts';
import type { Verdict } from './support/lookups/loss-verdict.ts';
import { answerTime, soonAfter } from './support/lookups/sends.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { SLOW_ANSWER, slowestOf, slowSends } from './support/lookups/slow-answers.ts';
import { createSlowGroups, lateGroup, type SlowGroup } from './support/lookups/slow-groups.ts';
import { partsByServer, type Part } from './support/subjects.ts';
import { isWarmingUp } from './support/warming-up.ts';

// An answer stands out where it takes five times the server's median: 40 ms of recursion and now
// and then 150 ms are the internet, not the server.
const CONTRAST = 5;
// Three slow answers are no coincidence of one packet on its way…
const SEVERAL_ANSWERS = 3;
// …and fewer prove something only where nothing on the way takes so long.
const SLOW_ALONE = milliseconds(500);
// A cache in the cluster finds nine of ten at least: what it asks for the first time is few.
const FEW = 0.05;
const QUANTUM_SHARE = 0.5;
const MAX_LINES = 3;

export default defineRule({
  id: 'dns-slow-server',
  title: 'The DNS server answers late',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    slow: '{server} answers late: {count} of {total:lookup} waited {wait:duration} (usual answers take {usual:duration})',
    steady:
      '{server} always answers late: {count} of {total:lookup} waited {wait:duration}; half of its answers take {usual:duration} or more',
    proxied:
      'the DNS proxy in the pod answers late in the place of {server}: {count} of {total:lookup} waited {wait:duration} (usual answers take {usual:duration})',
    upstream:
      '{upstream}, which {server} asks in turn, keeps its answers waiting: {count} of {total:lookup} waited {wait:duration} (usual answers take {usual:duration})',
    late: '{server} answers late: {count} of {total:lookup} waited {wait:duration}, and asked again before the answer came',
    clear:
      'no server answers late: slowest of {answers:answer} took {slowest:duration}, half of them {usual:duration} or less',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    const asksInTurn = fact(forwards);
    const cache = fact(nodeCache);
    const slow = createSlowGroups();
    return {
      unusual(lookup) {
        if (seen.current === null && seen.slowest < SLOW_ANSWER) return;
        if (seen.disturbed) return;
        const { sends } = seen.current ?? seen.analyse(lookup);
        const slowest = slowestOf(sends);
        if (slowest < SLOW_ANSWER) return;
        slow.add(lookup, sends, slowest, seen.usual(lookup.input, lookup.server));
      },
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts, seen.servers());
        if (blind !== null) return unobservable(blind);
        const late = verdicts.filter(({ cause }) => cause === 'slow-server').map(({ group }) => lateGroup(group));
        const standing = slow.all().filter((group) => standsOut(group, seen.usual(group.input, group.server)));
        const tails = new Set<SlowGroup>();
        const standingApart = [...groupBy(standing, ({ input, server }) => `${input}|${server}`).values()].flatMap(
          (own) => {
            const longest = apart(own, (some) => beside(some, seen));
            if (longest.length > 0) return longest;
            for (const group of own) tails.add(group);
            return own;
          },
        );
        const parts = partsByServer([...standingApart, ...late]).filter((part) =>
          isEvident(part, seen.usual(part.input, part.subject.name)),
        );
        const hops = new Map(
          parts.map((part) => [part, asksInTurn.hopsOf(part.groups.flatMap((group) => group.questions))]),
        );
        const isToldWith = (one: Part<SlowGroup>, other: Part<SlowGroup>): boolean =>
          isHopOf(one, other, hops.get(other) ?? []);
        // Of two that seem to ask each other both are told.
        const told = parts.filter((one) => !parts.some((other) => isToldWith(one, other) && !isToldWith(other, one)));
        for (const part of told) {
          const { tally, subject, input } = part;
          const upstream = hops.get(part)?.at(-1) ?? null;
          const example = tally.dearest;
          const usual = seen.usual(input, subject.name);
          const of = seen.lookupsOf(input, subject);
          const many = tally.count >= SEVERAL_ANSWERS;
          report({
            message: upstream === null ? messageOf(part, usual) : 'upstream',
            data: {
              server: subject.name,
              upstream: upstream ?? '',
              count: tally.count,
              total: of,
              wait: tally.costs.quantile(0.5),
              usual,
            },
            input,
            subject: upstream === null ? subject : { kind: 'server', name: upstream },
            of,
            unit: 'lookups',
            cost: tally,
            confidence: many ? 'certain' : 'likely',
            confidenceBecause: many
              ? `${plural(tally.count, 'lookup')} show the delay between a query and its own answer`
              : 'the delay lies between a query and its own answer; so few may be the path',
            evidence: slowEvidence(example, example === undefined ? null : seen.analyse(example)),
            because: [delaySetting(part, usual), ...quantumSettings(part)],
            fix: fixesOf(part, upstream ?? subject.name, cache.isIn(input)),
            whatIf: { method: 'each affected lookup with answers as fast as the usual ones, at most 5 ms each' },
            errors: part.groups.reduce((sum, group) => sum + group.errors, 0),
            habit: false,
            ...(part.groups.every((group) => tails.has(group))
              ? TAIL
              : onlyInfo(part, usual, seen, verdicts, of, endOf(inputs, part.input))),
          });
        }
        if (parts.length > 0) return;
        const servers = seen.servers();
        const answers = servers.reduce((sum, server) => sum + server.delays.count, 0);
        const slowest = servers.reduce((max, server) => Math.max(max, server.delays.max), 0);
        if (answers === 0)
          return unobservable({ why: 'no query got an answer: how fast the server is can’t be told', capture: null });
        const medians = servers.map((server) => server.delays.quantile(0.5));
        clear('clear', { answers, slowest, usual: Math.max(0, ...medians) }, { count: answers, unit: 'answers' });
      },
    };
  },
});

const PROXY_ADVICE = advice(
  'infrastructure',
  'see what the DNS proxy in the pod waits for: its CPU limit, the names that it knows (Istio: istio-proxy)',
  'the pod’s sidecar',
  'undo the change that was made',
);

/** A proxy in the pod itself kept most of them waiting, not the server in whose name it answers. */
const isProxied = ({ groups, tally }: Part<SlowGroup>): boolean =>
  groups.reduce((sum, { proxied }) => sum + proxied, 0) > tally.count / 2;

const fixesOf = (part: Part<SlowGroup>, server: string, hasCache: boolean): Fix[] =>
  isProxied(part)
    ? [PROXY_ADVICE]
    : [
        advice(
          'infrastructure',
          'see what the server waits for: its upstreams (forward), its CPU limit, a cache that is off or too small',
          `the DNS server ${server}`,
          'undo the change that was made',
          'kubectl -n kube-system get configmap coredns -o yaml',
        ),
        ...nodeLocalCache(hasCache),
      ];

// Of a few questions the capture may show one hop only.
const ABOUT_AS_MANY = 1.25;

/** What the other part's lookups waited for is told with them, not once more by itself. */
const isHopOf = (part: Part<SlowGroup>, other: Part<SlowGroup>, hops: readonly string[]): boolean =>
  part.input === other.input &&
  hops.includes(part.subject.name) &&
  part.tally.count <= ABOUT_AS_MANY * other.tally.count;

// In most lookups the resolver's own timer cut the wait short.
function messageOf(part: Part<SlowGroup>, usual: Duration): 'late' | 'steady' | 'slow' | 'proxied' {
  const { groups, tally } = part;
  if (isProxied(part)) return 'proxied';
  const late = groups.reduce((sum, group) => sum + (group.askedAgain ? group.tally.count : 0), 0);
  if (usual === 0 || late > tally.count / 2) return 'late';
  return usual >= SLOW_ANSWER ? 'steady' : 'slow';
}

const standsOut = (group: SlowGroup, usual: Duration): boolean =>
  usual >= SLOW_ANSWER || group.least >= CONTRAST * usual;

const TAIL = { onlyInfo: 'the thin end of all answers: more of them take from half as long up to as long' };

// A bucket of delays is known by its middle (delays.ts): nine tenths at least of the longest in it.
const MIDDLE_OF_BUCKET = 0.9;

/** Of all the server's answers. Where most are slow, slow ones need not stand apart. */
function beside(groups: readonly SlowGroup[], seen: Losses): Beside {
  const [{ input, server }] = groups as [SlowGroup];
  const delays = seen.servers().find((record) => record.input === input && record.server === server)?.delays;
  const shortest = Math.min(...groups.map(({ least }) => least));
  const from = (delay: number): number => delays?.between(delay, Number.POSITIVE_INFINITY) ?? 0;
  const count = from(shortest * MIDDLE_OF_BUCKET);
  return { count, near: seen.usual(input, server) >= SLOW_ANSWER ? 0 : from(shortest / 2) - count };
}

/** Without contrast one or two answers of 100 ms and more are a far server, nothing that is wrong. */
const isEvident = ({ tally }: Part<SlowGroup>, usual: Duration): boolean =>
  usual < SLOW_ANSWER || tally.count >= SEVERAL_ANSWERS || tally.costs.max >= SLOW_ALONE;

function onlyInfo(
  part: Part<SlowGroup>,
  usual: Duration,
  seen: Losses,
  verdicts: readonly Verdict[],
  of: number,
  endsAt: Timestamp,
): { onlyInfo?: string } {
  const { groups, tally } = part;
  const lastAt = at(Math.max(...groups.map((group) => group.lastAt)));
  if (isWarmingUp(seen.startsAt, lastAt, endsAt, tally.count, of)) {
    return { onlyInfo: 'only the first lookups of the capture: caches fill' };
  }
  if (tally.count > 1 && usual < SLOW_ANSWER && isOneMoment(groups, tally.costs.max))
    return { onlyInfo: AT_ONE_MOMENT };
  if (tally.costs.max < SLOW_ALONE && tally.count < FEW * of && areFirstAskings(groups)) {
    return { onlyInfo: 'few, each of another name: a cache that asks for it the first time takes as long' };
  }
  if (tally.count >= SEVERAL_ANSWERS) return {};
  if (tally.costs.max < SLOW_ALONE) return { onlyInfo: 'one or two answers, and not half a second late' };
  if (isAmongLosses(part, verdicts)) {
    return { onlyInfo: 'one or two among more that were lost: an answer to the second asking may be held up as well' };
  }
  if (comesAtTimer(part, seen)) {
    return { onlyInfo: 'answered just when it is time to ask again: the capture may lack the second asking' };
  }
  return {};
}

/** No name waited twice. */
function areFirstAskings(groups: readonly SlowGroup[]): boolean {
  const names = groups.flatMap((group) => [...(group.names ?? [])]);
  return groups.every((group) => group.names !== null) && new Set(names).size === names.length;
}

// Twice as many are no coincidence with something else.
const MORE_LOST = 2;

/** Where queries are lost, what is answered some time after it was asked again was most likely lost as well. */
function isAmongLosses({ groups, tally, input, subject }: Part<SlowGroup>, verdicts: readonly Verdict[]): boolean {
  const lost = verdicts.reduce(
    (sum, { cause, group }) =>
      (cause === 'loss' || cause === 'race') && group.input === input && group.server === subject.name
        ? sum + group.tally.count
        : sum,
    0,
  );
  return groups.every(({ askedAgain }) => askedAgain) && lost >= MORE_LOST * tally.count;
}

/** A lost query whose resend the capture lacks looks like an answer that took as long as the resolver's wait. */
function comesAtTimer({ groups, tally, input, subject }: Part<SlowGroup>, seen: Losses): boolean {
  const usual = seen.usual(input, subject.name);
  const record = seen.servers().find((server) => server.input === input && server.server === subject.name);
  const { resolver, resolverDetail } = tally.dearest ?? { resolver: 'unknown', resolverDetail: null };
  const waits = [record?.shortestWait ?? Number.NaN, timersOf(resolver, resolverDetail)?.firstWait ?? Number.NaN];
  const follows = (delay: number): boolean =>
    waits.some((wait) => delay >= wait - TIMER_EARLY && delay - wait <= soonAfter(wait, usual));
  return groups.every(({ askedAgain, least, most }) => !askedAgain && follows(least) && follows(most));
}

function slowEvidence(example: Lookup | undefined, analysis: LossAnalysis | null): [Evidence, ...Evidence[]] {
  if (analysis !== null && analysis.shape === 'late') return lossEvidence(example, analysis);
  const lines = slowSends(analysis?.sends ?? [])
    .slice(0, MAX_LINES)
    .map((send): Evidence => ({
      says: `${typeName(send.attempt.type)} of ${send.attempt.name}: answered only after ${formatDuration(answerTime(send))}`,
      packets: [send.packet, send.answerPacket],
    }));
  return evidenceOf(lines, example);
}

const delaySetting = ({ subject, tally }: Part<SlowGroup>, usual: Duration): Setting =>
  wireSetting(
    subject.name,
    'wait for a late answer',
    `${formatDuration(nanoseconds(tally.costs.max))} at most${usual > 0 ? `, usually ${formatDuration(usual)}` : ''}`,
  );

/** CoreDNS's own waits, where most of the slow answers have their length. */
const quantumSettings = ({ groups, tally }: Part<SlowGroup>): Setting[] =>
  COREDNS_QUANTA.filter(
    (_, index) =>
      groups.reduce((sum, group) => sum + (group.quanta[index] ?? 0), 0) >= Math.max(1, QUANTUM_SHARE * tally.count),
  ).map(({ seconds: length, says, source }) => defaultSetting('CoreDNS', says, `${length} s`, source));
