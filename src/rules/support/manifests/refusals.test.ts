import { describe, expect, it } from 'vitest';
import { lookupOf } from '../../../model/testing/rows.ts';
import { createFacts } from '../facts.ts';
import retry from '../../tcp-connect-retry.ts';
import refused from '../../tcp-connect-refused.ts';
import type { Rule } from '../define-rule.ts';
import { runRule, type Rows } from '../testing/run-rule.ts';
import { Traffic } from '../testing/traffic.ts';
import { clusterOf, deployment } from '../testing/cluster-of.ts';
import { witness } from '../witness.ts';
import { explainRefusal, type Refusal } from './refusals.ts';

const service = (ports: string, selector = 'app: orders'): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: orders, namespace: prod}\nspec:\n  selector: {${selector}}\n  ports: [${ports}]\n`;
const PORTS = 'ports: [{name: http, containerPort: 8080}]';
const PROBE = 'readinessProbe: {httpGet: {path: /ready, port: http}}';
const HOOK = 'lifecycle: {preStop: {exec: {command: [sleep, "10"]}}}';
const app = (...lines: string[]): string => deployment({ container: lines.join('\n') });
const slice = (...ready: boolean[]): string =>
  `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: orders-x, namespace: prod, labels: {kubernetes.io/service-name: orders}}\nendpoints: [${ready.map((one, index) => `{addresses: [10.244.0.${index + 5}], conditions: {ready: ${one}}}`).join(', ')}]\n`;

const seen = witness.create(createFacts().of);
seen.lookup?.(lookupOf({ name: 'orders.prod.svc.cluster.local', answers: ['10.96.3.4'] }));

const explain = async (text: string, parts: Partial<Refusal> = {}) => {
  const refusal: Refusal = { address: '10.96.3.4', port: 80, kind: 'some', isBackendKnown: false, ...parts };
  const found = explainRefusal(await clusterOf(text), seen, refusal);
  return (
    found && {
      says: found.says,
      edits: found.fix.flatMap(({ edits = [] }) => edits.map(({ path, value }) => [path.at(-1), value])),
    }
  );
};
const never = { kind: 'never' } as const;
const rejected = { kind: 'rejected' } as const;
const ended = { kind: 'ended', isBackendKnown: true } as const;
const NOTHING = { says: '', edits: [] };

const saysOf = async (rule: Rule, rows: Rows, text: string): Promise<string[]> =>
  runRule(rule, rows, undefined, undefined, await clusterOf(text)).reports.map(({ says }) => says);

it('is said on the first line', async () => {
  const addressed = service('{port: 80, targetPort: 8081}').replace('selector:', 'clusterIP: 10.96.3.4\n  selector:');
  const rows = new Traffic({ server: '10.96.3.4', serverPort: 80 }).refused(4).rows;
  expect(await saysOf(refused, rows, app(PORTS) + addressed)).toEqual([
    '10.96.3.4:80 refused 4 of 4 connections: its targetPort is 8081, and its pods have the port 8080 (http)',
  ]);
});

const silent = (): Rows => {
  const traffic = new Traffic({ server: '10.210.0.2', serverPort: 30_080 });
  for (let time = 0; time < 3; time++)
    traffic.open({ connect: null, again: [1000] }).close({ ending: 'captureEnd', endedBy: null });
  return traffic.rows;
};

it('is said of a node port that some nodes do not answer', async () => {
  const local = service('{port: 80, nodePort: 30080}').replace(
    'selector:',
    'externalTrafficPolicy: Local\n  selector:',
  );
  expect((await saysOf(retry, silent(), local))[0]).toMatch(/in vain: it is the node port of Service prod\/orders/);
});

describe('why a Service refuses', () => {
  it.each([
    [
      'by its number',
      '{port: 80, targetPort: 8081}',
      'its targetPort is 8081, and its pods have the port 8080 (http)',
      8080,
    ],
    [
      'by a name',
      '{name: web, port: 80, targetPort: web}',
      'its targetPort is web, and its pods have the port 8080 (http)',
      'http',
    ],
    ['left out', '{port: 80}', 'its targetPort is 80, and its pods have the port 8080 (http)', 8080],
  ])('a targetPort that its pods do not have, %s', async (_, ports, says, value) => {
    const text = app(PORTS) + service(ports);
    const expected = { says, edits: [['targetPort', value]] };
    expect(await explain(text, never)).toEqual(expected);
    expect(await explain(text, rejected)).toEqual(expected);
    // Others were answered there: that is not why.
    expect((await explain(text))?.says).toBe('');
  });

  it.each([
    ['its name is a container port’s', app(PORTS) + service('{port: 80, targetPort: http}')],
    ['its number is', app(PORTS) + service('{port: 80, targetPort: 8080}')],
    ['the pods write down no port', app() + service('{port: 80, targetPort: 8081}')],
    ['another port was refused', app(PORTS) + service('{port: 81, targetPort: 8081}')],
  ])('not its targetPort where %s', async (_, text) => {
    expect(await explain(text, never)).toEqual(NOTHING);
  });

  it('changes no targetPort where several ports may be meant', async () => {
    const two = 'ports: [{name: http, containerPort: 8080}, {name: admin, containerPort: 9090}]';
    expect(await explain(app(two) + service('{port: 80, targetPort: 8081}'), never)).toEqual({
      says: 'its targetPort is 8081, and its pods have the port 8080 (http), 9090 (admin)',
      edits: [],
    });
  });

  it('a selector that fits no pod, changed to the labels of its namesake', async () => {
    const text = app(PORTS) + service('{port: 80, targetPort: 8080}', 'app: order');
    expect(await explain(text, rejected)).toEqual({
      says: 'its selector app=order fits no workload of these manifests',
      edits: [['app', 'orders']],
    });
    const other = app(PORTS) + service('{port: 80}', 'component: order');
    expect((await explain(other, rejected))?.edits).toEqual([]);
  });

  it.each([
    ['none is ready', slice(false, false), 'none of its 2 endpoints is ready'],
    ['there is none', slice(), 'it has no endpoint'],
    ['one is ready', slice(true, false), ''],
    ['those of another are not', slice(false).replaceAll('orders', 'billing'), ''],
    ['those of its namesake elsewhere are not', slice(false).replace('namespace: prod', 'namespace: shop'), ''],
  ])('its endpoints, where %s', async (_, endpoints, says) => {
    const text = app(PORTS, PROBE) + service('{port: 80, targetPort: http}') + endpoints;
    expect(await explain(text, rejected)).toEqual({ says, edits: [] });
  });

  it('pods that nobody asks whether they listen', async () => {
    const text = service('{port: 80, targetPort: http}');
    expect(await explain(app(PORTS) + text)).toEqual({ says: '', edits: [['port', 8080]] });
    expect(await explain(app(PORTS, PROBE, HOOK) + text)).toEqual(NOTHING);
  });

  it('pods that end at once', async () => {
    const text = service('{port: 80, targetPort: http}');
    expect(await explain(app(PORTS) + text, ended)).toEqual({ says: '', edits: [['seconds', 5]] });
    expect(await explain(app(PORTS, HOOK) + text, ended)).toEqual(NOTHING);
    // Probed before they are led to: they refuse when they end, unless the capture shows that they started anew.
    expect((await explain(app(PORTS, PROBE) + text))?.edits).toEqual([['seconds', 5]]);
    expect(await explain(app(PORTS, PROBE) + text, { isBackendKnown: true })).toEqual(NOTHING);
  });

  it.each([
    [
      3,
      [
        ['seconds', 5],
        ['terminationGracePeriodSeconds', 8],
      ],
    ],
    [
      5,
      [
        ['seconds', 5],
        ['terminationGracePeriodSeconds', 10],
      ],
    ],
    [6, [['seconds', 5]]],
  ])(
    'pods that end at once, and are killed after %i s, which a hook that sleeps must not take up',
    async (grace, edits) => {
      const text = deployment({ container: PORTS, pod: `terminationGracePeriodSeconds: ${grace}` });
      expect(await explain(text + service('{port: 80, targetPort: http}'), ended)).toEqual({ says: '', edits });
    },
  );

  it('says what else the hook needs, and in which container it stands: the one that listens', async () => {
    const sidecar = deployment({ pod: 'terminationGracePeriodSeconds: 5' });
    const listens = '        - name: web\n          image: registry.example.com/web:1\n          ' + PORTS + '\n';
    const cluster = await clusterOf(sidecar + listens + service('{port: 80, targetPort: http}'));
    const refusal: Refusal = { address: '10.96.3.4', port: 80, ...ended };
    const fix = explainRefusal(cluster, seen, refusal)?.fix;
    expect(fix?.map(({ title }) => title)).toEqual([
      expect.stringContaining('and terminationGracePeriodSeconds: 10, of which the hook is a part:'),
    ]);
    expect(fix?.[0]?.edits?.[0]?.path).toContainEqual({ key: 'name', is: 'web' });
    const long = await clusterOf(app(PORTS) + service('{port: 80, targetPort: http}'));
    expect(explainRefusal(long, seen, refusal)?.fix[0]?.title).not.toContain('terminationGracePeriodSeconds');
  });

  it('changes the file that people keep, and not what the cluster made of it', async () => {
    const kept = service('{port: 80, targetPort: 8081}');
    const live = kept
      .replace('namespace: prod}', 'namespace: prod, uid: 0b1c}')
      .replace('spec:', 'spec:\n  clusterIP: 10.96.3.4');
    const others = [kept.replace('name: orders', 'name: billing'), kept.replace('namespace: prod', 'namespace: shop')];
    const cluster = await clusterOf(...others, app(PORTS), live, kept);
    const found = explainRefusal(cluster, seen, { address: '10.96.3.4', port: 80, isBackendKnown: false, ...never });
    expect(found?.because[0]?.source).toContain('4.yaml');
  });

  it('nothing of workloads of which several stand behind it', async () => {
    const canary = `---\n${deployment({ name: 'canary', labels: 'app: orders', container: PORTS })}`;
    expect(await explain(app(PORTS) + canary + service('{port: 80, targetPort: http}'), ended)).toEqual(NOTHING);
  });

  it('nothing of an address that nobody knows', async () => {
    expect(await explain(app(PORTS) + service('{port: 80}'), { address: '10.96.9.9' })).toBeNull();
  });
});
