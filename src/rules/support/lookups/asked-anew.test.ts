import { at, milliseconds } from '../../../base/time.ts';
import { RR_TYPE, type Lookup } from '../../../model/lookup.ts';
import { attemptOf, lookupOf } from '../../../model/testing/rows.ts';
import rule from '../../dns-loss.ts';
import { ruleTester } from '../testing/rule-tester.ts';

const { AAAA } = RR_TYPE;

/** Pairs of Go (or another), each name's A asked for once more so many ms later, by itself. */
function askedAnew(waits: readonly number[], { resolver = 'go', sameId = false, pairs = 20 } = {}): Lookup[] {
  const both = Array.from({ length: pairs }, (_, index) => {
    const name = `a${index}.test`;
    const sentAt = at(milliseconds(index * 100));
    const query = { name, sentAt, transactionId: 1000 + index, clientPort: 42_000 + 2 * index };
    const aaaa = { ...query, type: AAAA, transactionId: 3000 + index, clientPort: query.clientPort + 1 };
    return lookupOf({
      id: `0.p${index}`,
      name,
      resolver: resolver === 'go' ? 'go' : 'unknown',
      attempts: [attemptOf(query), attemptOf(aaaa)],
    });
  });
  const halves = waits.map((wait, index) =>
    lookupOf({
      id: `0.h${index}`,
      name: `a${index}.test`,
      resolver: 'unknown',
      attempts: [
        attemptOf({
          name: `a${index}.test`,
          sentAt: at(milliseconds(index * 100 + wait)),
          transactionId: sameId ? 1000 + index : 5000 + index,
          clientPort: 50_000 + index,
        }),
      ],
    }),
  );
  return [...both, ...halves].toSorted((one, other) => one.startedAt - other.startedAt);
}

ruleTester(rule, {
  finds: [
    {
      name: "Go's, which asks for them anew from another port at its timer",
      lookups: askedAnew([5003, 5010, 5021, 5004, 5090]),
      reports: [
        {
          message: 'anew',
          says: /^5 of 25 lookups waited 5\.01 s for answers that came by: one family asked for anew after 10\.96\.0\.10/,
          count: 5,
          of: 25,
          cost: [5.003, 5.09],
          confidence: 'likely',
          fixes: [/find where answers go/],
          evidence: [/asked for anew/],
        },
      ],
    },
    {
      name: "Node's, with the same id",
      lookups: askedAnew([1004, 2900, 2310], { resolver: 'node', sameId: true }),
      reports: [{ message: 'anew', count: 3, confidence: 'possible' }],
    },
  ],
  clear: [
    { name: 'pairs alone', lookups: askedAnew([]) },
    { name: 'two: a packet or two any capture may lack', lookups: askedAnew([5003, 5003]) },
  ],
  unobservable: [
    {
      name: 'one family anew, but at no timer of Go’s, or too few of those that are: other calls',
      lookups: askedAnew([5003, 4200, 5003, 4400, 3100, 2200]),
      why: /^6 of 26 lookups .* asked for one address family/,
    },
    {
      name: 'one family anew at 5 s, but not by Go, with another id',
      lookups: askedAnew([5003, 5003, 5003, 5003], { resolver: 'glibc' }),
      why: /^4 of 24 lookups .* asked for one address family/,
    },
  ],
});
