import { RR_TYPE } from '../../../model/lookup.ts';
import rule from '../../dns-error.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { Scenario } from '../testing/scenario.ts';

const { AAAA } = RR_TYPE;

/** A headless Service without ready pods, or an alias that leads nowhere: NOERROR, and no address. */
const empty = (count: number): Scenario => {
  const scenario = new Scenario();
  for (let index = 0; index < count; index++) {
    scenario.ask([{ records: 0 }, { type: AAAA, sent: 0.03, records: 0 }], { outcome: 'nodata', answers: [] });
  }
  return scenario;
};

ruleTester(rule, {
  finds: [
    {
      name: 'a name that is there and has no address of either family',
      lookups: empty(6).lookups,
      reports: [
        {
          count: 6,
          errors: 6,
          onlyInfo: false,
          says: /^6 of 6 lookups got no address for db\.prod\.svc\.cluster\.local: the name is there/,
          fixes: [/headless Service without ready pods/],
          evidence: [/AAAA of db\.prod.*: no address$/],
        },
      ],
    },
    {
      name: 'a name without an address now and then, as while the only pod starts anew',
      lookups: empty(2).pair(20).lookups,
      reports: [{ count: 2, errors: 0, onlyInfo: true, says: /no address/ }],
    },
  ],
  clear: [
    {
      name: 'a step without an address on the way to success',
      lookups: new Scenario({ name: 'db' }).ask([
        { name: 'db.example.test', records: 0 },
        { name: 'db.example.test', type: AAAA, sent: 0.03, records: 0 },
        { name: 'db', sent: 1, answered: 1.4 },
        { name: 'db', type: AAAA, sent: 1.03, answered: 1.5, records: 0 },
      ]).lookups,
    },
    {
      name: 'an answer that was too big, whose addresses came over TCP before',
      lookups: new Scenario().ask(
        [
          { transport: 'tcp' },
          { sent: 1, answered: 1.4, truncated: true },
          { type: AAAA, sent: 1.03, answered: 1.5, records: 0 },
        ],
        { outcome: 'nodata', answers: [] },
      ).lookups,
    },
    {
      name: 'one family without records, the other not asked for',
      lookups: new Scenario().ask([{ records: 0 }], { outcome: 'nodata', answers: [] }).lookups,
    },
  ],
});
