import { milliseconds } from '../base/time.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './process-pause.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { clients, PAUSES, GRID } from './support/testing/pausing.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { Serving } from './support/testing/serving.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import { unread } from './support/testing/waiting.ts';

/** Two requests at once, which both wait for so long: in their service, or for a call of it. */
function bothWait(isOwn: boolean): Serving {
  const serving = new Serving();
  for (let round = 0; round < 4; round++) {
    serving.serve(10, 8, [{ at: 1, takes: 4 }]);
    const takes = 170 + 61 * round;
    const steps = isOwn ? [] : [{ at: 1, takes: takes - 2 }];
    serving.request(takes, steps, { connection: '0.c-in' }, true).request(takes, steps, { connection: '0.c-in2' });
  }
  return serving;
}

/** Calls of another client, of which so many take longer than the others. */
function alittleLate(count: number, takes: number): Rows {
  const traffic = new Traffic().wait(3700).open({}, { id: '0.c-late' });
  for (let index = 0; index < count; index++) traffic.call({ takes }).calls(3);
  return traffic.rows;
}

/** One client near by, done soon, and two that ask together over a way of 81 ms: so long, and `held` at the server. */
function farOff(held = 4): Rows {
  const near = new Traffic().open({}, { id: '0.c-near' }).calls(20, { takes: 4 });
  const far = [0, 1].map((client) => {
    const traffic = new Traffic().wait(600).open({}, { id: `0.c-far${client}` });
    for (let index = 0; index < 20; index++) {
      traffic.call(
        { takes: 81 + (index % 4 === 3 ? held : 4) },
        { id: `0.e${client}-${index}`, roundTrip: milliseconds(81) },
      );
    }
    return traffic.rows;
  });
  return joined(near.rows, ...far);
}

ruleTester(rule, {
  finds: [
    {
      name: 'requests of a service whose calls are seen, and none of which waits for one',
      inputs: [inputOf()],
      ...bothWait(true).rows,
      reports: [{ count: 8, subject: '10.0.3.7:8080' }],
    },
    {
      name: 'the same where that service asks others in a protocol that nobody knows: these may have stood still',
      inputs: [inputOf()],
      ...bothWait(true).rows,
      connections: [unread(4000)],
      reports: [
        {
          says: /^10\.0\.3\.7:8080, or whom it asks \(10\.0\.9\.5:5672, which can’t be read\), stood still/,
          confidence: 'possible',
          because: /can’t be read$/,
        },
      ],
    },
    { name: 'stops at the end of a long way', ...farOff(240), reports: [{ count: 10 }] },
    {
      name: 'all open calls wait for the same irregular stretches',
      ...clients(3, PAUSES),
      reports: [
        {
          message: 'stopped',
          says: /^10\.96\.44\.12:8080 stood still 6 times: 18 of \d+ exchanges waited \d+ ms each while it answered nobody$/,
          count: 18,
          confidence: 'likely',
          because: /at no regular times/,
          evidence: [/no answer to 3 open calls for 3\d\d ms, then to all/],
        },
      ],
    },
    {
      name: 'beside calls of others that are a little late, one by one',
      ...joined(clients(3, PAUSES), alittleLate(14, 45)),
      reports: [{ count: 18 }],
    },
    {
      name: 'once, after a start in which nobody was answered: worth knowing',
      ...clients(3, [[0, 111], ...PAUSES.slice(1, 2)]),
      reports: [{ count: 6, onlyInfo: true }],
    },
    {
      name: 'a few that end on the grid of the CFS period: a CPU limit’s or not, who can tell',
      ...clients(3, GRID.slice(0, 6)),
      reports: [{ count: 18, confidence: 'possible', because: /may end at steps of 100 ms/, onlyInfo: true }],
    },
    { name: 'once: worth knowing', ...clients(3, PAUSES.slice(0, 1)), reports: [{ count: 3, onlyInfo: true }] },
  ],
  clear: [
    { name: 'a way that is longer for some, who ask together', ...farOff() },
    {
      name: 'a few at once, beside calls of others that take as long one by one',
      ...joined(clients(3, PAUSES.slice(1, 3)), alittleLate(14, 300)),
    },
    {
      name: 'requests that wait for a call each, which are answered at the same time by chance',
      inputs: [inputOf()],
      ...bothWait(false).rows,
    },
    { name: 'stretches that end on the grid of the CFS period', ...clients(3, GRID) },
    { name: 'one client at a time: it may be the call', ...clients(1, PAUSES) },
    {
      name: 'slow calls of one client while the others are answered',
      ...joined(clients(1, PAUSES), clients(3, [])),
    },
    {
      name: 'long polls, held by design, that begin and end together beside quick calls',
      ...joined(
        clients(3, []),
        ...[1, 2].map(
          (index) =>
            new Traffic().open({}, { id: `0.c-poll${index}` }).calls(20, { takes: 900 }, { path: '/poll' }).rows,
        ),
      ),
    },
    { name: 'calls that always take as long, all at once', ...clients(4, [], 200) },
    {
      name: 'calls that are served one after another',
      ...new Traffic().calls(40, { takes: 300 }).rows,
    },
    {
      name: 'streams',
      ...joined(
        new Traffic().open().calls(30).calls(6, { takes: 300 }, { shape: 'stream' }).rows,
        new Traffic().open().calls(30).calls(6, { takes: 300 }, { shape: 'stream' }).rows,
      ),
    },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no answered call/ }],
});
