import { nanoseconds } from '../base/time.ts';
import { grpcStatusName } from '../model/code-names.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { TOO_MANY_REQUESTS } from './support/exchanges/ordinary-exchanges.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { kindOf } from './support/usual.ts';

// RFC 9110 section 15: what begins with 4 tells of the request, with 5 of the server.
const BAD_REQUEST = 400;
const INTERNAL_SERVER_ERROR = 500;
// A server answers with a few codes; of more, the first so many say as much.
const MAX_CODES = 8;
// gRPC, doc/statuscodes.md: what a server or the way to it failed with. The others (NOT_FOUND,
// INVALID_ARGUMENT, …) belong to the interface, as 4xx do; CANCELLED is the client's own will.
const GRPC_FAILURES: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

export default defineRule({
  id: 'http-error',
  title: 'Calls are answered with errors',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    failed: '{server} answered {count} of {total:call} with {codes}',
    clear: 'no answer was an error ({total:call})',
    theirs:
      'no answer was an error of the server ({total:call}; {count} answered with 4xx or a gRPC code that is none of the server’s failures)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, () => ({ codes: new Map<string, number>() }));
    let total = 0;
    /** Errors that tell of what was asked. */
    let count = 0;
    return {
      ordinaryExchange({ status, grpcStatus }) {
        if (status < 0 && grpcStatus < 0) return;
        total++;
        if (status >= BAD_REQUEST) count++;
      },
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        // A database's errors are answers to what was asked; an exchange without a status never got one.
        if (exchange.status < 0 && exchange.grpcStatus < 0) return;
        total++;
        const code = errorOf(exchange);
        if (code === null) {
          if (exchange.grpcStatus > 0 || isRefused(exchange.status)) count++;
          return;
        }
        // Time that errors cost is told where it was spent: http-retry, upstream-slow, grpc-deadline, timeout-order.
        const { codes } = groups.add(exchange, nanoseconds(0), ownPackets);
        if (codes.has(code) || codes.size < MAX_CODES) codes.set(code, (codes.get(code) ?? 0) + 1);
      },
      finish() {
        const parts = partsByServer(groups.judged());
        for (const { groups: own, tally, subject, input } of parts) {
          const { calls } = seen.totals(input, subject);
          const codes = namesOf(own.map((group) => group.codes));
          report({
            message: 'failed',
            data: { server: subject.name, count: tally.count, total: calls.count, codes },
            ...reportedExchanges({ input, subject, tally }, calls),
            confidence: 'certain',
            confidenceBecause: 'the answers say so',
            evidence: errorEvidence(tally.dearest),
            because: [wireSetting(subject.name, 'answer', codes)],
            fix: [
              advice(
                'code',
                'read the log of the service at these times; a gateway says 502, 503 or 504 where the service behind it did not answer',
                `the workload behind ${subject.name}`,
                'nothing to undo',
              ),
            ],
            whatIf: { unknown: 'an error is no time: what it cost is told where it was spent' },
            errors: 0,
            habit: false,
            onlyInfo: 'errors are no time: what they cost is told where it was spent',
          });
        }
        if (parts.length > 0) return;
        if (total === 0) return unobservable({ why: 'no answer with a status was seen', capture: null });
        clear(count > 0 ? 'theirs' : 'clear', { total, count }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

const isRefused = (status: number): boolean => status >= BAD_REQUEST && status < INTERNAL_SERVER_ERROR;

/** `503`, `UNAVAILABLE`; null for what is no error of the server. */
function errorOf({ status, grpcStatus }: Exchange): string | null {
  const name = grpcStatusName(grpcStatus);
  if (grpcStatus > 0) return GRPC_FAILURES.has(name) ? name : null;
  // Of 4xx the one that tells of load, as RESOURCE_EXHAUSTED does: the same call later is answered (RFC 6585 section 4).
  return status === TOO_MANY_REQUESTS || (status >= INTERNAL_SERVER_ERROR && status < 600) ? String(status) : null;
}

/** `503 (12), 500 (1)`, most frequent first. */
function namesOf(counted: readonly ReadonlyMap<string, number>[]): string {
  const sum = new Map<string, number>();
  for (const codes of counted) for (const [code, count] of codes) sum.set(code, (sum.get(code) ?? 0) + count);
  const sorted = [...sum].sort(([first, more], [second, less]) => less - more || first.localeCompare(second));
  return sorted.length === 1 ? sorted[0]![0] : sorted.map(([code, count]) => `${code} (${count})`).join(', ');
}

function errorEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  return [{ says: `${kindOf(example)} answered with ${errorOf(example)}`, packets: [...example.packets] }];
}
