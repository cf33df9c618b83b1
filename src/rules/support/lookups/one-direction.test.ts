import { describe, expect, it } from 'vitest';
import { RR_TYPE, type Lookup } from '../../../model/lookup.ts';
import { connectionOf } from '../../../model/testing/rows.ts';
import deadServer from '../../dns-dead-server.ts';
import loss from '../../dns-loss.ts';
import { runRule } from '../testing/run-rule.ts';
import { Scenario, type Client, type Question } from '../testing/scenario.ts';

const AAAA = RR_TYPE.AAAA;

/** Asked once, never again, and no answer of it is in the capture. */
function unseen(count: number, client: Client = {}): Lookup[] {
  const scenario = new Scenario(client);
  for (let index = 0; index < count; index++) {
    scenario.ask([{ answered: null }, { type: AAAA, sent: 0.03, answered: null }], {
      outcome: 'incomplete',
      endBecause: 'captureEnd',
      durationIsLowerBound: true,
    });
  }
  return scenario.lookups;
}

/** Two servers in turns, none of which answers. */
const turns = (type: number): Question[] => [
  { type, answered: null },
  { type, server: '10.96.0.11', port: 1, sent: 1000, answered: null },
  { type, port: 2, sent: 3000, answered: null },
];

const whys = (lookups: Lookup[], rule = loss): string[] =>
  runRule(rule, { lookups }).unobservables.map(({ why }) => why);

describe('answers that a capture does not have', () => {
  it('are nobody’s loss where nobody asked again', () => {
    const { reports, clears, unobservables } = runRule(loss, { lookups: unseen(9) });
    expect([reports, clears]).toEqual([[], []]);
    expect(unobservables).toMatchObject([
      { why: expect.stringMatching(/^the capture has 18 DNS queries and no answer/) },
    ]);
    expect(unobservables[0]?.why).toMatch(/nobody missed one: it saw one direction$/);
  });

  it('stay so where a few were asked again, and are no server’s death', () => {
    const lookups = [...unseen(9), ...new Scenario().silent(2).lookups];
    expect(whys(lookups)).toEqual([expect.stringMatching(/, and only 4 of 22 questions were asked again: it saw/)]);
    expect(runRule(deadServer, { lookups }).reports).toEqual([]);
  });

  it('stay so where all were asked again, and connections show one direction', () => {
    const connection = connectionOf({ packets: { client: 9, server: 0 }, bytes: { client: 900, server: 0 } });
    const { unobservables } = runRule(loss, {
      lookups: new Scenario().silent(2).lookups,
      connections: [connection],
    });
    expect(unobservables.map(({ why }) => why)).toEqual([
      'the capture has 8 DNS queries and no answer of anybody, nor one of any TCP server: it saw one direction',
    ]);
  });

  it('are a dead server where nearly all were asked again', () => {
    const lookups = [...unseen(1), ...new Scenario().silent(4).lookups];
    expect(runRule(deadServer, { lookups }).reports).toMatchObject([{ subject: { name: '10.96.0.10' } }]);
  });

  it('are dead servers where two are asked in turns, whichever was waited for longer', () => {
    const open = { outcome: 'incomplete', endBecause: 'captureEnd', durationIsLowerBound: true, lasts: 3900 } as const;
    const { lookups } = new Scenario().ask([...turns(RR_TYPE.A), ...turns(AAAA)], open);
    expect(runRule(deadServer, { lookups }).reports).toMatchObject([
      { subject: { name: '10.96.0.11' }, confidence: 'possible' },
    ]);
  });

  it('of one server are said to be missing, the other is judged', () => {
    const lookups = [...unseen(9, { server: '10.96.0.11' }), ...new Scenario().pair(9).lookups];
    expect(whys(lookups)).toEqual([expect.stringMatching(/^no DNS answer from or to 10\.96\.0\.11 is in the capture/)]);
    expect(runRule(loss, { lookups }).clears).toHaveLength(1);
    expect(runRule(deadServer, { lookups }).reports).toEqual([]);
  });

  it('to one client are said to be missing, the others are judged', () => {
    const lookups = [...unseen(9, { client: '10.0.3.9' }), ...new Scenario().pair(9).lostSecond().lookups];
    expect(whys(lookups)).toEqual([
      'no DNS answer from or to 10.0.3.9 is in the capture (9 lookups, none of which asked again): they come another way',
    ]);
  });

  it('to one client are said to be missing by how few of its questions were asked again', () => {
    const lookups = [
      ...unseen(9, { client: '10.0.3.9' }),
      ...new Scenario({ client: '10.0.3.9' }).silent(1).lookups,
      ...new Scenario().pair(9).lookups,
    ];
    expect(whys(lookups)).toEqual([expect.stringMatching(/\(10 lookups, 1 of which asked again\): they come/)]);
  });

  it('are not missing where each question is asked again at another server', () => {
    const scenario = new Scenario();
    for (let index = 0; index < 6; index++) {
      scenario.ask([
        { server: '10.96.0.11', answered: null },
        { sent: 5000, answered: 5000.4 },
      ]);
    }
    expect(whys(scenario.lookups)).toEqual([]);
    expect(runRule(deadServer, { lookups: scenario.lookups }).reports).toMatchObject([
      { subject: { name: '10.96.0.11' } },
    ]);
  });

  it('are missing where what was asked again is less than what could have been by then', () => {
    // The capture ends 3 s after most of them: whoever waits a second has asked again.
    const asked = new Scenario({ resolver: 'go' })
      .ask(
        [
          { port: 1, answered: null },
          { port: 2, sent: 1000, answered: null },
        ],
        { endBecause: 'captureEnd' },
      )
      .ask([{ answered: null }], { endBecause: 'captureEnd', lasts: 3000 })
      .ask([{ answered: null }], { endBecause: 'captureEnd', lasts: 3000 });
    expect(whys(asked.lookups)).toEqual([expect.stringMatching(/no answer of anybody/)]);
  });
});
