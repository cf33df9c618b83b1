import { at, endOf, milliseconds } from '../base/time.ts';
import type { Request } from '../model/request.ts';
import { inputOf, requestOf, waitOf } from '../model/testing/rows.ts';
import rule from './tcp-connect-refused.ts';
import { inVain } from './support/testing/given-up.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { joined, Traffic } from './support/testing/traffic.ts';

const healthy = (): Traffic => new Traffic().open().calls(5).close();

/** Refused connections, each of a request that goes on with another server so much later, in milliseconds; null for never. */
function passedOn(after: number | null, parts: Partial<Request> = {}): Rows {
  const { rows } = healthy().refused(4);
  const refused = (rows.connections ?? []).filter(({ ending }) => ending === 'refused');
  const requests = refused.map((connection) => {
    const { id, startedAt, duration } = connection;
    const waits = [waitOf({ reason: 'connect', ref: id, startedAt, duration })];
    if (after !== null) waits.push(waitOf({ startedAt: at(endOf(connection) + milliseconds(after)) }));
    return requestOf({ startedAt, waits, ...parts });
  });
  return { ...rows, requests };
}

const probed = (): Traffic => {
  const traffic = new Traffic({ client: '10.0.3.1' }).refused(5);
  for (let time = 0; time < 4; time++) traffic.open().call({}, { path: '/healthz' }).close();
  return traffic;
};

ruleTester(rule, {
  finds: [
    {
      name: 'a back end that refuses, where the gateway asks another one at once: worth knowing',
      ...passedOn(1),
      reports: [{ count: 4, onlyInfo: true }],
    },
    {
      name: 'the same where it waits before it does',
      ...passedOn(1000),
      reports: [{ count: 4, onlyInfo: false }],
    },
    {
      name: 'the same where it asks no other',
      ...passedOn(null),
      reports: [{ count: 4, onlyInfo: false }],
    },
    {
      name: 'requests that fail though another server was asked',
      ...passedOn(1, { outcome: 'error', status: 502 }),
      reports: [{ count: 4, onlyInfo: false }],
    },
    {
      name: 'a server that refuses half of the connections: errors, though they cost no time',
      ...healthy().refused(3).open().calls(2).rows,
      reports: [
        {
          message: 'refused',
          count: 3,
          of: 5,
          subject: '10.96.44.12:8080',
          says: /^10\.96\.44\.12:8080 refused 3 of 5 connections$/,
          confidence: 'certain',
          cost: [0.0001, 0.0003],
          errors: 3,
          evidence: [/SYN, refused with a reset after 200 µs/],
          settings: [/listener none, a SYN is answered with a reset/, /pod readinessProbe none/],
          fixes: [/give the pods a readinessProbe/],
          onlyInfo: false,
        },
      ],
    },
    {
      name: 'a back end that answered, and then refuses all: a pod that ended',
      ...new Traffic({ backend: '10.0.4.5:8080' }).open().calls(2).close().refused(4).rows,
      reports: [
        {
          message: 'ended',
          says: /^10\.0\.4\.5:8080 behind .* answers nobody any more: refused 4 of 5 connections$/,
          settings: [/pod preStop none/],
          fixes: [/preStop sleep/],
          noFixes: [/readinessProbe/],
        },
      ],
    },
    {
      name: 'two of them, as a rollout ends them',
      ...joined(
        ...['10.0.4.5:8080', '10.0.4.6:8080'].map(
          (backend) => new Traffic({ backend }).open().calls(2).close().refused(4).rows,
        ),
      ),
      reports: [{ message: 'endedAll', says: /behind 10\.96\.44\.12:8080 answer nobody any more: refused 8 of 10/ }],
    },
    {
      name: 'a back end that refuses, and then answers: a pod that starts',
      ...new Traffic({ backend: '10.0.4.5:8080' }).refused(4).open().calls(2).rows,
      reports: [{ message: 'behind', count: 4, settings: [/pod readinessProbe none/], fixes: [/readinessProbe/] }],
    },
    {
      name: 'one of which the capture does not show whether it starts or ends: both',
      ...healthy().refused(3).open().calls(2).rows,
      reports: [{ message: 'refused', fixes: [/readinessProbe/, /preStop sleep/] }],
    },
    {
      name: 'a router that says that nobody is there',
      ...new Traffic().refused(2, { endedBy: null }).rows,
      reports: [
        {
          message: 'unreachable',
          says: /^10\.96\.44\.12:8080 can’t be reached: an ICMP error answered 2 of \d+ connections$/,
          because: /answered with an ICMP error$/,
          settings: [
            /route or endpoint none, a SYN is answered with an ICMP error/,
            /kube-proxy Service without ready endpoints/,
          ],
          fixes: [/has ready endpoints/],
          noFixes: [/give the pods a readinessProbe/],
          evidence: [/SYN, refused with an ICMP error/],
        },
      ],
    },
    {
      name: 'a host that sends few ICMP errors: SYNs that get none meanwhile wait, and are refused as well',
      ...joined(
        healthy().rows,
        new Traffic().wait(5000).refused(2, { endedBy: null }).rows,
        new Traffic()
          .wait(5100)
          .open({ again: [1000, 2000], connect: 2000.4 })
          .call().rows,
        new Traffic()
          .wait(5150)
          .open({ again: [1000, 2000], connect: null })
          .close(inVain).rows,
      ),
      reports: [
        {
          count: 4,
          of: 5,
          says: /^10\.96\.44\.12:8080 can’t be reached: an ICMP error, or none that came through, answered 4 of 5 connections$/,
          because: /^2 SYNs got an ICMP error, and 2 at that time no answer at all/,
          evidence: [/SYN, sent again without an answer while others were refused with an ICMP error/],
          errors: 3,
        },
      ],
    },
    {
      name: 'the one back end that refuses, where a capture on the node shows it',
      ...joined(
        new Traffic({ backend: '10.0.4.4:8080' }).open().calls(3).rows,
        new Traffic({ backend: '10.0.4.5:8080' }).refused(2).rows,
      ),
      reports: [{ message: 'behind', says: /^10\.0\.4\.5:8080 behind 10\.96\.44\.12:8080 refused 2 of 3/ }],
    },
    {
      name: 'a back end that is gone, which is no Service without endpoints',
      ...joined(
        new Traffic({ backend: '10.0.4.4:8080' }).open().calls(3).rows,
        new Traffic({ backend: '10.0.4.5:8080' }).refused(2, { endedBy: null }).rows,
      ),
      reports: [
        {
          message: 'gone',
          says: /^10\.0\.4\.5:8080 behind 10\.96\.44\.12:8080 can’t be reached: an ICMP error answered 2 of 3 connections$/,
          fixes: [/who sends the error/],
          noFixes: [/readinessProbe/],
        },
      ],
    },
    {
      name: 'each server that refuses by itself',
      ...joined(
        new Traffic({ server: '10.96.0.1' }).refused(2).rows,
        new Traffic({ server: '10.96.0.2' }).refused(4).rows,
        healthy().rows,
      ),
      reports: [
        { subject: '10.96.0.2:8080', count: 4, of: 4 },
        { subject: '10.96.0.1:8080', count: 2, of: 2 },
      ],
    },
    {
      name: 'health checks of a container that starts, of who asks for nothing else',
      ...probed().rows,
      reports: [{ subject: '10.0.3.1', count: 5, onlyInfo: true }],
    },
    {
      name: 'health checks of pods that are gone, told once of who checks',
      ...joined(
        probed().rows,
        ...['10.0.4.7', '10.0.4.8'].map((server) => new Traffic({ client: '10.0.3.1', server }).refused().rows),
      ),
      reports: [{ subject: '10.0.3.1', count: 7, onlyInfo: true }],
    },
    {
      name: 'the same of who asks for more elsewhere',
      ...joined(probed().rows, new Traffic({ client: '10.0.3.1', server: '10.96.0.1' }).open().calls(1).rows),
      reports: [{ count: 5, onlyInfo: false }],
    },
    {
      name: 'the same of who asks a pod that is gone, and gets nothing',
      ...joined(
        probed().rows,
        new Traffic({ client: '10.0.3.1', server: '10.0.4.9' }).open({ connect: null }).close(inVain).rows,
      ),
      reports: [{ count: 5, onlyInfo: true }],
    },
    {
      name: 'the same of who has connections that can’t be read',
      ...joined(
        probed().rows,
        new Traffic({ client: '10.0.3.1', server: '10.96.0.1', protocol: 'tls' })
          .open({}, { bytes: { client: 900, server: 4100 } })
          .close().rows,
      ),
      reports: [{ count: 5, onlyInfo: false }],
    },
    {
      name: 'one refusal, which is no more than worth knowing',
      ...healthy().refused().rows,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'localhost that listens on IPv4 only: the program goes on with it at once',
      ...joined(
        new Traffic({ client: '::1', server: '::1' }).refused(4).rows,
        new Traffic({ client: '127.0.0.1', server: '127.0.0.1' }).open().calls(4).rows,
      ),
      reports: [{ subject: '[::1]:8080', count: 4, onlyInfo: true }],
    },
  ],
  clear: [
    { name: 'connections that open', ...healthy().rows, says: /no connection was refused \(1 opened\)/ },
    {
      name: 'a connection that is reset after it opened',
      ...new Traffic().open().call().close({ ending: 'reset', endedBy: 'server' }).rows,
    },
    {
      name: 'SYNs that nobody answers',
      ...new Traffic()
        .open({ connect: null, again: [1000, 2000] })
        .wait(3000)
        .close({ ending: 'captureEnd', endedBy: null }).rows,
    },
  ],
  unobservable: [
    {
      name: 'connections that were open before the capture began',
      ...new Traffic().open({ before: true }).calls(5).rows,
      inputs: [inputOf()],
      why: /no connection opens within the capture/,
    },
  ],
});
