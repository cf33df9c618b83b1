import { timersOf } from '../knowledge/resolver-timers.ts';
import { RR_TYPE, typeName } from '../model/lookup.ts';
import type { Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { advice, oneFamilyFixes, settingsOfAll } from './support/fixes.ts';
import { partsOfCause, waitOf, waitSettings } from './support/lookups/loss-report.ts';
import type { Verdict } from './support/lookups/loss-verdict.ts';
import type { LossGroup } from './support/lookups/loss-groups.ts';
import { losses } from './support/lookups/losses.ts';
import { oneSided } from './support/lookups/one-direction.ts';
import { resolversOf } from './support/lookups/seen-resolvers.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { partsByServer, targetOf } from './support/subjects.ts';

export default defineRule({
  id: 'dns-family-missing',
  title: 'One address family is never answered',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    unanswered:
      '{server} never answers {family}: {count} of {total:lookup} waited {least}{wait:duration}; the other family is answered',
    alone:
      '{server} never answers {family}: {count} of {total:lookup} waited {least}{wait:duration}; the other family is not in the capture',
    refused:
      '{server} answers {family} with errors only: {count} of {total:lookup} waited {wait:duration}, {failed} failed',
    clear: 'no family is missing: A was answered {a:time}, AAAA {aaaa:time}',
    oneFamily: 'only {family} was asked for, and answered {times:time}',
    few: '{family} was not answered in {missed:lookup}, the other family was: too few to call it missing',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    return {
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts, seen.servers());
        if (blind !== null) return unobservable(blind);
        const missing = partsOfCause(verdicts, 'family-missing', partsByServer, seen, inputs);
        for (const { part, own, common } of missing) {
          const resolvers = settingsOfAll(resolversOf(part.groups));
          const { group } = own[0] as Verdict;
          const family = typeName(group.family?.type ?? 0);
          const refused = own.every((verdict) => verdict.group.family?.how === 'refused');
          const alone = own.every((verdict) => verdict.group.family?.isHalf);
          report({
            ...common,
            message: refused ? 'refused' : alone ? 'alone' : 'unanswered',
            data: {
              count: part.tally.count,
              total: common.of,
              ...waitOf(part),
              failed: part.groups.reduce((sum, { errors }) => sum + errors, 0),
              family,
              server: part.subject.name,
            },
            because: [serverSetting(group, family, refused), ...waitSettings(part.groups), ...outcomes(part.groups)],
            fix: [
              advice(
                'infrastructure',
                `make ${group.server} answer ${family}: NOERROR without records where there is no address (a CoreDNS template, a firewall that drops ${family}, a load balancer's DNS)`,
                group.server,
                'undo the change that was made',
              ),
              ...oneFamilyFixes(resolvers, targetOf(part.subject), family),
            ],
            whatIf: { method: `each affected lookup without its waits for ${family}` },
          });
        }
        if (missing.length > 0) return;
        const servers = seen.servers();
        const a = servers.reduce((sum, server) => sum + server.answeredA, 0);
        const aaaa = servers.reduce((sum, server) => sum + server.answeredAaaa, 0);
        const examined = { count: seen.lookups, unit: 'lookups' };
        if (a > 0 && aaaa > 0) return clear('clear', { a, aaaa }, examined);
        const { askedA, askedAaaa } = seen.counts();
        if (a + aaaa === 0) return unobservable({ why: nothingAnswered(askedA + askedAaaa), capture: null });
        const family = typeName(a === 0 ? RR_TYPE.A : RR_TYPE.AAAA);
        const missed = verdicts.reduce((sum, { group }) => sum + (group.family === null ? 0 : group.tally.count), 0);
        if (askedA > 0 && askedAaaa > 0) clear('few', { family, missed }, examined);
        else clear('oneFamily', { family: typeName(a === 0 ? RR_TYPE.AAAA : RR_TYPE.A), times: a + aaaa }, examined);
      },
    };
  },
});

const nothingAnswered = (asked: number): string =>
  asked === 0 ? 'no lookup asks for an address' : 'no query for an address got an answer, of either family';

const serverSetting = (group: LossGroup, family: string, refused: boolean): Setting =>
  wireSetting(group.server, `answers to ${family}`, refused ? 'errors only' : 'none');

/** What each resolver makes of one family alone. */
function outcomes(groups: readonly LossGroup[]): Setting[] {
  const settings = new Map<string, Setting>();
  for (const { resolver, detail } of resolversOf(groups)) {
    const timers = timersOf(resolver, detail);
    const component = settingsOfAll([{ resolver, detail }])[0]?.name ?? resolver;
    if (timers === null || settings.has(component)) continue;
    settings.set(
      component,
      defaultSetting(
        component,
        'one family unanswered',
        timers.succeedsWithOneFamily ? 'returns the other after its last try' : 'fails',
        timers.source,
      ),
    );
  }
  return [...settings.values()];
}
