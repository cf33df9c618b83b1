import { nanoseconds } from '../base/time.ts';
import type { Evidence } from '../model/finding.ts';
import type { Request, Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { advice } from './support/fixes.ts';
import { metadataCalls, type MetadataCalls } from './support/metadata-calls.ts';
import { servedRequests, type Service } from './support/served-requests.ts';
import { isHabit } from './support/subjects.ts';
import { requestTally, type RequestTally } from './support/tally.ts';

// Now and then somebody asks; in most requests it is a habit.
const MOST = 0.5;
const LEAST_REQUESTS = 5;
// A name or two say which it is.
const MAX_PATHS = 3;

interface Group {
  readonly service: Service;
  readonly tally: RequestTally;
  readonly paths: Set<string>;
  dearest: Request | null;
}

export default defineRule({
  id: 'metadata-per-request',
  title: 'Facts about the machine are asked for in every request',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    asked: '{count} of {total:request} ask the metadata service for {paths}, {cost:duration} each',
    none: 'no request asks for facts about the machine ({total:request})',
    clear: 'requests do not ask for facts about the machine ({total:exchange} with a metadata service)',
  },
  create({ report, clear, unobservable, fact }) {
    const calls = fact(metadataCalls);
    const served = fact(servedRequests);
    const groups = new Map<Service, Group>();
    return {
      request(request) {
        const service = served.serviceOf(request);
        if (service === null) return;
        const steps = stepsOf(request, calls);
        if (steps.length === 0) return;
        let group = groups.get(service);
        if (group === undefined) {
          group = { service, tally: requestTally(), paths: new Set(), dearest: null };
          groups.set(service, group);
        }
        const cost = nanoseconds(steps.reduce((sum, { critical }) => sum + critical, 0));
        group.tally.add(request, cost, (row) => packetsOf(stepsOf(row, calls), calls));
        group.dearest = group.tally.dearest ?? null;
        for (const { ref } of steps) {
          const path = calls.get(ref)?.path;
          if (path !== undefined && group.paths.size < MAX_PATHS) group.paths.add(path.split('/').at(-1) || path);
        }
      },
      finish() {
        const found = [...groups.values()].filter(
          ({ service, tally }) =>
            served.isJudged(service) && tally.count >= LEAST_REQUESTS && tally.count >= MOST * service.durations.count,
        );
        for (const { service, tally, paths, dearest } of found) {
          report({
            message: 'asked',
            data: {
              count: tally.count,
              total: service.durations.count,
              paths: [...paths].join(', '),
              cost: tally.costs.quantile(0.5),
            },
            input: service.input,
            subject: { kind: 'server', name: service.server },
            of: service.durations.count,
            unit: 'requests',
            latency: service.durations,
            cost: tally,
            confidence: 'certain',
            confidenceBecause: 'the same path is asked for in most requests, and its answer does not change',
            evidence: evidenceIn(dearest, calls),
            because: [
              {
                component: service.server,
                setting: 'facts about the machine',
                value: `asked for anew in each request (${[...paths].join(', ')})`,
                origin: 'wire',
                source: 'the packets',
              },
            ],
            fix: [
              advice(
                'code',
                'ask once at start and keep the answer; for the region set AWS_REGION, which SDKs read instead',
                'the service',
                'revert the change',
              ),
            ],
            whatIfMethod: 'each affected request without these calls',
            errors: 0,
            habit: isHabit(tally.count, service.durations.count),
          });
        }
        if (found.length > 0) return;
        const all = calls.all();
        if (all.length === 0) {
          const requests = served.services().reduce((sum, { durations }) => sum + durations.count, 0);
          if (requests === 0) return unobservable({ why: 'nothing asked a metadata service', capture: null });
          return clear('none', { total: requests }, { count: requests, unit: 'requests' });
        }
        if (all.every(({ asks }) => asks === 'unknown')) {
          return unobservable({ why: 'what was asked of the metadata service was cut off', capture: null });
        }
        clear('clear', { total: all.length }, { count: all.length, unit: 'exchanges' });
      },
    };
  },
});

const stepsOf = (request: Request, calls: MetadataCalls): Wait[] =>
  request.waits.filter(({ reason, ref }) => reason === 'metadata' && calls.get(ref)?.asks === 'other');

const packetsOf = (steps: readonly Wait[], calls: MetadataCalls): number[] =>
  steps.flatMap(({ ref }) => calls.get(ref)?.packets ?? []);

function evidenceIn(request: Request | null, calls: MetadataCalls): [Evidence, ...Evidence[]] {
  const steps = request === null ? [] : stepsOf(request, calls);
  return [
    {
      says: `one request: ${steps.map(({ what }) => what).join(', ')}`,
      packets: packetsOf(steps, calls),
    },
  ];
}
