import { formatDuration } from '../base/text.ts';
import { milliseconds } from '../base/time.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import type { Input } from '../model/input.ts';
import { typeName } from '../model/lookup.ts';
import { commonLosses, isOfCommon, type CommonLosses } from './support/connections/common-loss.ts';
import { commonFixes, commonSetting, lossWords } from './support/connections/common-loss-words.ts';
import { askedAnew, type AskedAnew } from './support/lookups/asked-anew.ts';
import { areServers, upstreamFix } from './support/lookups/asking-servers.ts';
import { defineRule } from './support/define-rule.ts';
import { advice, nodeLocalCache, settingsOfAll, shorterWaits } from './support/fixes.ts';
import { chosenWait, lossReport, partsOfCause, totalsOf, waitOf, waitSettings } from './support/lookups/loss-report.ts';
import { lostOf, sentOf, type LossCounts } from './support/lookups/loss-counts.ts';
import { answersLate, type LossGroup } from './support/lookups/loss-groups.ts';
import type { Verdict } from './support/lookups/loss-verdict.ts';
import { unseenHalves } from './support/lookups/halves.ts';
import { evidenceOf, packetsOf } from './support/evidence.ts';
import { ENDED_SERVER, isEnding } from './support/lookups/ended-server.ts';
import { losses, type Losses } from './support/lookups/losses.ts';
import { nodeCache } from './support/lookups/node-cache.ts';
import { oneSided, partlyBlind } from './support/lookups/one-direction.ts';
import { resolversOf } from './support/lookups/seen-resolvers.ts';
import { wireSetting } from './support/settings.ts';
import { type Part, partsByClient, reportedLookups, serversOf, targetOf, tempered } from './support/subjects.ts';

export default defineRule({
  id: 'dns-loss',
  title: 'DNS queries or their answers get lost',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    lost: '{count} of {total:lookup} waited {least}{wait:duration} for answers that never came: {lost} of {sent:query} to {server} lost',
    ending:
      '{count} of {total:lookup} waited {least}{wait:duration} for answers that never came: {lost} of {sent:query} to {server} lost while one of its pods ended',
    common:
      '{count} of {total:lookup} waited {least}{wait:duration} for answers that never came: {why}, and {lost} of {sent:query} to {server}',
    behind:
      '{count} of {total:lookup} waited {least}{wait:duration} for answers that came by: {lost} of {sent:query} to {server} asked again all the same',
    open: '{count} of {total:lookup} waited {least}{wait:duration}, until the capture ended, for answers that had not come: {lost} of {sent:query} to {server}',
    anew: '{count} of {total:lookup} waited {wait:duration} for answers that came by: one family asked for anew after {server} had answered both',
    clear: 'no query was lost ({sent:query}, all answered)',
    other: 'no query was lost at random ({lost} of {sent:query} unanswered, for other reasons)',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    const anew = fact(askedAnew);
    const paths = fact(commonLosses);
    const cache = fact(nodeCache);
    return {
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts, seen.servers());
        if (blind !== null) return unobservable(blind);
        const blindSpot = partlyBlind(verdicts);
        if (blindSpot !== null) unobservable(blindSpot);
        const unheard = partsByClient(anew.groups().filter(isUnheard));
        const explained = unheard.reduce((sum, { tally }) => sum + tally.count, 0);
        const halves = explained > 0 ? null : unseenHalves(seen.families());
        if (halves !== null) unobservable(halves);
        const lossy = partsOfCause(verdicts, 'loss', partsByClient, seen, inputs);
        for (const { part, own, common: whole } of lossy) {
          const resolvers = settingsOfAll(resolversOf(part.groups));
          const target = targetOf(part.subject);
          const servers = [...new Set(own.map(({ group }) => group.server))];
          const { counts, before, behind } = countsOf(own);
          const lost = before + behind;
          const shared = before > 0 || behind === 0 ? whole : lossReport(part, own.filter(isUnreceived), seen, inputs);
          const sent = sentOf(counts);
          const common = commonOf(part, lost, sent, paths);
          const ending = common === null && before > 0 && isEnding(verdicts, own);
          report({
            ...shared,
            ...strayOf(part, lost, verdicts, own),
            ...(isOpen(part) ? MAY_COME : {}),
            message: isOpen(part)
              ? 'open'
              : before === 0
                ? 'behind'
                : common !== null
                  ? 'common'
                  : ending
                    ? 'ending'
                    : 'lost',
            data: {
              count: part.tally.count,
              total: shared.of,
              ...waitOf(part),
              lost,
              sent,
              server: serversOf(own.map(({ group }) => group)),
              ...(common === null ? {} : { why: lossWords(common) }),
            },
            because: [
              ...(common === null ? [] : [commonSetting(common)]),
              ...waitSettings(part.groups),
              before === 0 ? ignored(lost, sent, servers) : unanswered(lost, sent, servers),
            ],
            fix: areServers(part.groups, seen)
              ? [upstreamFix(servers.join(', '))]
              : [
                  ...(common !== null
                    ? commonFixes(common)
                    : [before === 0 ? whereAnswersGo(part.subject.name) : ending ? ENDED_SERVER : WHERE_QUERIES_GO]),
                  ...(before > 0 && counts.flowsMixed === 0 && counts.flowsDead > 0 ? [deadPod(servers)] : []),
                  ...nodeLocalCache(cache.isIn(part.input)),
                  ...shorterWaits(resolvers, target, chosenWait(part.groups)),
                ],
            whatIf: { method: 'each affected lookup without its waits for lost answers' },
          });
        }
        for (const part of unheard) report(anewReport(part, seen, inputs));
        if (lossy.length + unheard.length > 0 || halves !== null) return;
        const totals = totalsOf(seen);
        clear(totals.lost === 0 ? 'clear' : 'other', totals, { count: totals.sent, unit: 'queries' });
      },
    };
  },
});

// RULES: likely from five.
const FEW_LOSSES = 5;
// One beside these the capture itself may lack.
const STRAYS = 1;
const STRAY = 'few, beside the many that a race lost: any path loses a packet now and then';

// The least that a finding is worth more than a word for.
const NOTICED = milliseconds(5);
const NOBODY_WAITED = 'nobody waited for most of them: another answer of the lookup took as long';

const BESIDE_LATE = 'few, beside answers that come late: these may be later still, or the capture may lack them';

/** Too few to speak of beside what else the same server's lookups show. */
function strayOf(
  { tally, groups }: Part<LossGroup>,
  lost: number,
  verdicts: readonly Verdict[],
  own: readonly Verdict[],
): { onlyInfo?: string } {
  const failed = groups.some(({ errors }) => errors > 0);
  if (!failed && tally.costs.quantile(0.5) < NOTICED) return { onlyInfo: NOBODY_WAITED };
  if (lost >= FEW_LOSSES) return {};
  if (besideRace(verdicts, own)) return { onlyInfo: STRAY };
  const ofServers = verdicts.filter(({ record }) => own.some((other) => other.record === record));
  return answersLate(ofServers.map(({ group }) => group)) ? { onlyInfo: BESIDE_LATE } : {};
}

// A packet or two any capture may lack, and one more may come at a timer's wait by chance.
const SEVERAL_ANEW = 3;

const isUnheard = ({ halves, tally }: AskedAnew): boolean => tally.count >= SEVERAL_ANEW && tally.count * 2 > halves;

function anewReport({ input, subject, groups, tally }: Part<AskedAnew>, seen: Losses, inputs: readonly Input[]) {
  const servers = [...new Set(groups.map(({ server }) => server))];
  const total = seen.lookupsOf(input, subject);
  const confidence = tally.count >= FEW_LOSSES ? 'likely' : 'possible';
  return {
    message: 'anew',
    data: { count: tally.count, total, wait: tally.costs.quantile(0.5), server: serversOf(groups) },
    ...reportedLookups({ input, subject, tally }, total),
    ...tempered(
      confidence,
      "each at its resolver's timer after the first asking, or with the id of that: what is asked again did not arrive",
      inputs[input],
    ),
    evidence: anewEvidence(tally),
    because: [ignored(tally.count, total, servers)],
    fix: [whereAnswersGo(subject.name)],
    whatIf: { unknown: 'the wait lies between two lookups of this capture, which are one at the client' },
    errors: 0,
    habit: false,
  } as const;
}

function anewEvidence({ dearest, costs }: AskedAnew['tally']): [Evidence, ...Evidence[]] {
  const lines = (dearest?.attempts ?? []).map((attempt): Evidence => ({
    says: `${typeName(attempt.type)} of ${attempt.name} asked for anew, up to ${formatDuration(costs.max)} after the first asking`,
    packets: packetsOf(attempt),
  }));
  return evidenceOf(lines, dearest);
}

/** Nobody has asked again yet, or given up: the answers may come when the capture is over. */
const isOpen = ({ groups }: Part<LossGroup>): boolean =>
  groups.every(({ missed, openEnded, tally }) => missed === 0 && openEnded === tally.count);

const MAY_COME = {
  confidence: 'possible',
  confidenceBecause: 'nobody has asked again when the capture ends: the answers may come late',
} as const;

/** The same server's queries are lost to the race. */
const besideRace = (verdicts: readonly Verdict[], own: readonly Verdict[]): boolean =>
  verdicts.some(({ cause, record }) => cause === 'race' && own.some((other) => other.record === record));

const isUnreceived = ({ group }: Verdict): boolean => group.shape === 'unreceived';

/** What happened to all queries, and what was lost on the way to the server or to the capture, and behind it. */
function countsOf(own: readonly Verdict[]): { counts: LossCounts; before: number; behind: number } {
  const lossy = own.find((one) => !isUnreceived(one));
  const { counts } = lossy ?? (own[0] as Verdict);
  const behind = own.reduce((sum, { group }) => sum + group.counts.unreceived, 0);
  const lost = lossy === undefined ? 0 : lostOf(counts);
  // Who asks one family after the other (glibc, since an answer was lost) asks for the second one when the first one's
  // answer has come at last: that looks like a query which was lost before the capture, and nothing was.
  const isUnseen = lost <= counts.unseenLost && lost < behind;
  const isStray = lost <= STRAYS && behind >= FEW_LOSSES;
  return { counts, before: isUnseen || isStray ? 0 : lost, behind };
}

/** Where the client's packets of TCP are lost to all alike, and its queries are no more than that makes. */
function commonOf({ input, groups }: Part<LossGroup>, lost: number, sent: number, paths: CommonLosses) {
  const [client, ...others] = new Set(groups.map((group) => group.client));
  const common = client === undefined || others.length > 0 ? null : paths.of(input, client);
  return common !== null && isOfCommon(common, lost, sent) ? common : null;
}

const WHERE_QUERIES_GO = advice(
  'infrastructure',
  'find where queries go: overloaded or throttled CoreDNS (its CPU limit, its replicas), the rate limit of the cloud resolver, drops on the path',
  'the cluster DNS',
  'undo the change that was made',
  'kubectl -n kube-system top pods -l k8s-app=kube-dns',
);

const whereAnswersGo = (client: string): Fix =>
  advice(
    'infrastructure',
    'find where answers go: capture nearer to the client; drops on the path, a full connection table, a policy or firewall that lets no answer in',
    `the way to ${client}`,
    'undo the change that was made',
    'conntrack -S',
  );

/** Where each port that lost something lost everything, a dead server behind the address is the other reading. */
const deadPod = (servers: readonly string[]): Fix =>
  advice(
    'infrastructure',
    'see whether one of the servers behind the address never answers: ports that lost a query lost all of theirs',
    `the endpoints behind ${servers.join(', ')}`,
    'scale back what was scaled',
    'kubectl -n kube-system get endpointslices,pods -l k8s-app=kube-dns -o wide',
  );

const ignored = (lost: number, sent: number, servers: readonly string[]): Setting => ({
  ...unanswered(lost, sent, servers),
  component: `path from ${servers.join(', ')}`,
  setting: 'answered queries that were sent again',
});

const unanswered = (lost: number, sent: number, servers: readonly string[]): Setting =>
  wireSetting(`path to ${servers.join(', ')}`, 'queries without an answer', `${lost} of ${sent}`);
