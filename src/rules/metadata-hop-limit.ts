import { endpoint } from '../base/addresses.ts';
import { formatDuration } from '../base/text.ts';
import { at, between, milliseconds, seconds, type Duration, type Timestamp } from '../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { refreshWindowOf } from '../knowledge/credential-windows.ts';
import { defineRule } from './support/define-rule.ts';
import { advice } from './support/fixes.ts';
import { exchangeTally, type ExchangeTally } from './support/tally.ts';

// SDKs give a token a second (Go v1 and early Java v1 five); what comes back sooner was no timeout.
const LEAST_WAIT = milliseconds(200);
const MOST_WAIT = seconds(12);
// An SDK goes on without the token as soon as it has given up on it.
const GOES_ON_WITHIN = seconds(1.5);
// Tokens that wait for what comes next, by client: processes of a pod.
const MAX_WAITING = 64;

interface Waiting {
  readonly put: Exchange;
  isSettled: boolean;
}

interface Group {
  readonly input: number;
  readonly client: string;
  readonly server: string;
  readonly tally: ExchangeTally;
  tokens: number;
  answered: number;
  withoutToken: number;
  /** Tokens asked for one after another: whoever waits, waits since the first. */
  row: { from: Timestamp; until: Timestamp };
  software: string | null;
}

export default defineRule({
  id: 'metadata-hop-limit',
  title: "The metadata service's token never reaches the pod",
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    lost: '{count} of {total} IMDSv2 token requests of {client} are never answered: each waits {cost:duration}, then goes on without',
    clear: 'IMDSv2 tokens are answered ({total} asked for)',
  },
  create({ report, clear, unobservable }) {
    const groups = new Map<string, Group>();
    const waiting = new Map<string, Waiting[]>();
    const asked = new Map<string, Exchange[]>();
    let total = 0;

    function groupOf(exchange: Exchange): Group {
      const { input, client, server, serverPort } = exchange;
      const key = `${input}|${client}`;
      let group = groups.get(key);
      if (group === undefined) {
        group = {
          input,
          client,
          server: endpoint(server, serverPort),
          tally: exchangeTally(),
          tokens: 0,
          answered: 0,
          withoutToken: 0,
          row: { from: at(-Infinity), until: at(-Infinity) },
          software: null,
        };
        groups.set(key, group);
      }
      return group;
    }

    /** The next question of that client says when it gave up on the token. */
    function settle(group: Group, { put }: Waiting, next: Exchange | null): void {
      const gaveUp = at(put.startedAt + put.duration);
      const until = next === null ? gaveUp : at(Math.min(gaveUp, next.startedAt));
      const waited = between(put.startedAt, until);
      if (waited < LEAST_WAIT || waited > MOST_WAIT) return;
      if (next !== null) group.withoutToken++;
      const isFurther = put.startedAt >= group.row.until && put.startedAt - group.row.until <= GOES_ON_WITHIN;
      const from = isFurther ? group.row.from : put.startedAt;
      group.row = { from, until };
      group.tally.add(put, waited, ({ packets }) => packets, { from, until, lasted: waited });
    }

    return {
      exchange(exchange) {
        const { metadata } = exchange;
        if (metadata === null || metadata.service !== 'ec2') return;
        const group = groupOf(exchange);
        group.software ??= metadata.software;
        const key = `${exchange.input}|${exchange.client}`;
        const open = waiting.get(key) ?? [];
        if (metadata.asks !== 'token') {
          const times = asked.get(key) ?? [];
          if (times.length >= MAX_WAITING) times.shift();
          times.push(copyExchange(exchange));
          asked.set(key, times);
          // Exchanges come when they end: what was asked behind the token was asked later.
          const put = open.find((one) => !one.isSettled && isNext(exchange, one.put));
          if (put !== undefined) {
            put.isSettled = true;
            settle(group, put, exchange);
          }
          return;
        }
        total++;
        group.tokens++;
        // Whatever it says, 403 of a proxy included: it came.
        if (isResponded(exchange)) {
          group.answered++;
          return;
        }
        const put = copyExchange(exchange);
        const next = (asked.get(key) ?? []).find((one) => isNext(one, put));
        // What was asked next may have ended before the token was given up.
        if (next !== undefined) return settle(group, { put, isSettled: true }, next);
        if (open.length >= MAX_WAITING) open.shift();
        open.push({ put, isSettled: false });
        waiting.set(key, open);
      },
      finish() {
        const found = [...groups.values()].map((group) => ({
          group,
          tally: withRest(group, waiting.get(`${group.input}|${group.client}`) ?? []),
        }));
        const lost = found.filter(({ group, tally }) => tally.count > 0 && tally.count > group.answered);
        for (const { group, tally } of lost) {
          const { tokens, client, software } = group;
          report({
            message: 'lost',
            data: { count: tally.count, total: tokens, client, cost: tally.costs.quantile(0.5) },
            input: group.input,
            subject: { kind: 'client', name: client },
            of: tokens,
            unit: 'exchanges',
            cost: tally,
            confidence: tally.count > 1 || group.withoutToken > 0 ? 'likely' : 'possible',
            confidenceBecause:
              group.withoutToken > 0
                ? 'the token’s answer is lost and the answers without a token are not: only answers with a hop limit are'
                : 'nothing came back for the token; the service was not asked without one',
            evidence: evidenceOf(tally.dearest),
            because: [
              {
                component: 'EC2 instance metadata',
                setting: 'http-put-response-hop-limit',
                value: '1',
                origin: 'default',
                source: 'AWS documentation, Use IMDSv2: the answer to PUT has a hop limit of 1 by default',
              },
              {
                component: 'pod network',
                setting: 'hops between pod and metadata service',
                value: '2, the pod’s own and the node’s',
                origin: 'default',
                source: 'a pod with its own network namespace is one hop behind the node',
              },
              {
                component: refreshWindowOf(software)?.name ?? software ?? 'AWS SDK',
                setting: 'timeout of the token',
                value: `${formatDuration(tally.costs.quantile(0.5))}, then IMDSv1`,
                origin: 'wire',
                source: 'the packets',
              },
            ],
            fix: [
              advice(
                'infrastructure',
                'set the hop limit to 2: aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 (and in the launch template)',
                'the nodes',
                'set it to 1 again',
                'aws ec2 modify-instance-metadata-options --instance-id <id> --http-put-response-hop-limit 2',
              ),
              advice(
                'manifest',
                'give the pod credentials of its own (EKS Pod Identity or IRSA), or set AWS_EC2_METADATA_DISABLED=true where it needs none',
                `the workload of ${client}`,
                'take it out again',
              ),
            ],
            whatIfMethod: 'each token answered at once',
            errors: 0,
            habit: false,
          });
        }
        if (lost.length > 0) return;
        if (total === 0) return unobservable({ why: 'no IMDSv2 token was asked for', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

/** It was asked when the token had been given up. */
const isNext = ({ startedAt }: Exchange, put: Exchange): boolean =>
  startedAt > put.startedAt + LEAST_WAIT &&
  startedAt <= put.startedAt + Math.min(put.duration, MOST_WAIT) + GOES_ON_WITHIN;

/** Those that nothing followed, too: their own end says when they were given up. */
function withRest({ tally }: Group, open: readonly Waiting[]): ExchangeTally {
  const rest = open.filter(({ isSettled, put }) => !isSettled && put.outcome === 'cancelled');
  if (rest.length === 0) return tally;
  const whole = tally.copy() as ExchangeTally;
  for (const { put } of rest) {
    const waited: Duration = put.duration;
    if (waited >= LEAST_WAIT && waited <= MOST_WAIT) whole.add(put, waited, ({ packets }) => packets);
  }
  return whole;
}

function evidenceOf(put: Exchange | undefined): [Evidence, ...Evidence[]] {
  if (put === undefined) return [{ says: 'PUT of the token, never answered', packets: [] }];
  const again = put.retransmissions > 0 ? `, sent again ${put.retransmissions} times` : '';
  return [{ says: `PUT ${put.path}${again}, never answered`, packets: [...put.packets] }];
}
