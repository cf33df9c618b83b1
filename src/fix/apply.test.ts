import { diffArrays } from 'diff';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import type { Edit, PathStep } from '../model/edit.ts';
import { applyEdit, setInJson } from './apply.ts';
import type { Value } from './render.ts';

const OBJECT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'prod', name: 'orders', offset: -1 };
const POD = ['spec', 'template', 'spec'] as const;

const edit = (path: readonly PathStep[], value: Value): Edit => ({ file: 'a.yaml', object: OBJECT, path, value });
const applied = (text: string, change: Edit): string => {
  const result = applyEdit(yaml, text, change);
  if ('refused' in result) throw new Error(result.refused);
  return result.text;
};

const option = (name: string, value?: string): Edit =>
  edit([...POD, 'dnsConfig', 'options', { key: 'name', is: name }], value === undefined ? { name } : { name, value });
const variable = (container: string, name: string, value: string): Edit =>
  edit([...POD, 'containers', { key: 'name', is: container }, 'env', { key: 'name', is: name }], { name, value });
const flag = (container: string, name: string, value: string): Edit =>
  edit([...POD, 'containers', { key: 'name', is: container }, { flag: name }], value);

const pod = (lines: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: prod}
spec:
  template:
    spec:
${lines}`;

const withNdots = (value: string): string =>
  pod(`      dnsConfig: {options: [{name: ndots, value: ${value}}]} # five\n      containers: []\n`);

const withWords = (args: string): string =>
  pod(`      containers:\n      - {name: app, command: [/kiam], args: ${args}}\n`);

const named = (name: string): string => pod('      containers: []\n').replace('orders', name);

describe('a change in a manifest', () => {
  it.each([
    ['a list', '        ports:\n        - {containerPort: 8080}\n'],
    ['a map', '        resources:\n          limits:\n            cpu: "1" # one\n'],
    ['a text of several lines', '        args:\n        - |\n          serve\n          --fast\n'],
  ])('goes behind %s in a text with anchors elsewhere, as a dump of PyYAML has them', (_, last) => {
    const before = `      containers:\n      - name: app\n${last}`;
    const after = '      volumes:\n      - name: data\n';
    const text = pod(before + after).replace('metadata:', 'x-labels: &id001 {app: orders}\nx-more: *id001\nmetadata:');
    const change = edit(
      [...POD, 'containers', { key: 'name', is: 'app' }, 'readinessProbe', 'tcpSocket', 'port'],
      8080,
    );
    const probe = '        readinessProbe:\n          tcpSocket:\n            port: 8080\n';
    expect(applied(text, change)).toBe(text.replace(after, probe + after));
  });

  it.each([
    [
      'a new dnsConfig, before the containers',
      '      # the app\n      containers:\n      - name: a\n',
      '      # the app\n      containers:\n      - name: a\n',
    ],
  ])('writes %s', (_, before) => {
    expect(applied(pod(`      dnsPolicy: ClusterFirst # as is\n${before}`), option('ndots', '2'))).toBe(
      pod(`      dnsPolicy: ClusterFirst # as is
      dnsConfig:
        options:
        - name: ndots
          value: "2"
${before}`),
    );
  });

  it('changes a value as it is quoted', () => {
    expect(applied(withNdots("'5'"), option('ndots', '2'))).toBe(withNdots("'2'"));
    expect(applied(withNdots('"5"'), option('ndots', '2'))).toBe(withNdots('"2"'));
  });

  it('adds to lists as their items are written', () => {
    const text = pod('      dnsConfig:\n        options:\n          - {name: rotate}\n      containers: []\n');
    expect(applied(text, option('ndots', '2'))).toBe(
      text.replace('{name: rotate}', '{name: rotate}\n          - {name: ndots, value: "2"}'),
    );
    const flow = pod('      dnsConfig: {options: [{name: rotate}]}\n      containers: []\n');
    expect(applied(flow, option('ndots', '2'))).toBe(
      flow.replace('{name: rotate}', '{name: rotate}, {name: ndots, value: "2"}'),
    );
  });

  it('adds variables and flags of one container', () => {
    const text = pod(`      containers:
        - name: side
          image: x
        - name: app
          image: y   # why
          args:
            - server
            - --sync=1m
`);
    expect(applied(text, variable('app', 'GRPC_DNS_RESOLVER', 'native'))).toBe(
      `${text}          env:\n            - name: GRPC_DNS_RESOLVER\n              value: native\n`,
    );
    expect(applied(text, flag('app', '--sync', '5m'))).toBe(text.replace('1m', '5m'));
    expect(applied(text, flag('app', '--session-refresh', '16m'))).toBe(`${text}            - --session-refresh=16m\n`);
    expect(applied(text, flag('side', '--x', '1'))).toBe(
      text.replace('image: x\n', 'image: x\n          args:\n            - --x=1\n'),
    );
  });

  it('adds flags to one line of words, and to the value that follows its flag', () => {
    expect(applied(withWords('[server, "--sync=1m"]'), flag('app', '--session-duration', '60m'))).toBe(
      withWords('[server, "--sync=1m", "--session-duration=60m"]'),
    );
    expect(applied(withWords('[--sync, 1m]'), flag('app', '--sync', '2m'))).toBe(withWords('[--sync, 2m]'));
  });

  it('fills keys that stand there with nothing', () => {
    expect(applied(pod('      dnsConfig:\n      containers: []\n'), option('use-vc'))).toBe(
      pod('      dnsConfig:\n        options:\n          - name: use-vc\n      containers: []\n'),
    );
    expect(applied(pod('      dnsConfig: {}\n      containers: []\n'), option('use-vc'))).toBe(
      pod('      dnsConfig: {options: [{name: use-vc}]}\n      containers: []\n'),
    );
  });

  it('changes JSON as JSON', () => {
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'orders', namespace: 'prod' },
      spec: { template: { spec: { containers: [{ name: 'a' }] } } },
    };
    for (const indent of [0, 2]) {
      const text = JSON.stringify(object, null, indent);
      const after = JSON.parse(applied(text, option('ndots', '2'))) as typeof object;
      expect(after.spec.template.spec).toEqual({
        containers: [{ name: 'a' }],
        dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
      });
    }
  });

  it('finds its object among many, in lists too', () => {
    const many = `${named('a')}---\n${named('orders')}---\n${named('b')}`;
    expect(applied(many, option('use-vc')).split('---')[1]).toContain('use-vc');
    const list = `apiVersion: v1\nkind: List\nitems:\n${named('orders').replace(/^/gm, '  ').replace('  apiV', '- apiV')}`;
    expect(applied(list, option('use-vc'))).toContain('use-vc');
  });

  it('is refused where it would change more than is meant', () => {
    const anchored = pod('      x: &o {options: [{name: rotate}]}\n      dnsConfig: *o\n      containers: []\n');
    expect(applyEdit(yaml, anchored, option('ndots', '2'))).toHaveProperty('refused');
    const origin = pod('      dnsConfig: &o {options: [{name: rotate}]}\n      x: *o\n      containers: []\n');
    expect(applyEdit(yaml, origin, option('ndots', '2'))).toHaveProperty('refused');
    expect(applyEdit(yaml, pod('      containers: []\n').replace('orders', 'other'), option('use-vc'))).toHaveProperty(
      'refused',
    );
    expect(applyEdit(yaml, pod('      dnsConfig: text\n'), option('use-vc'))).toHaveProperty('refused');
  });

  it('changes nothing where all is there already', () => {
    const text = pod('      dnsConfig: {options: [{name: ndots, value: "2"}]}\n      containers: []\n');
    expect(applied(text, option('ndots', '2'))).toBe(text);
  });
});

const word = fc.constantFrom(
  'a',
  'true',
  '5',
  'x y',
  "it's",
  'a: b',
  '#',
  '/kiam',
  'line\nline\n',
  '${X}',
  '--flag=1',
  'ü',
);
// What is replaced stands on one line, so that one line changes.
const oneLine = word.filter((text) => !text.includes('\n'));
const extra = fc.dictionary(
  fc.constantFrom('volumes', 'x', 'nodeSelector', 'y'),
  fc.oneof(word, fc.array(word, { maxLength: 3 }), fc.dictionary(fc.constantFrom('p', 'q'), word)),
  { maxKeys: 3 },
);
const container = fc.record(
  {
    image: word,
    args: fc.array(fc.oneof(word, fc.constantFrom('--sync=1m', '--session-duration=15m', '--n')), { maxLength: 4 }),
    env: fc.array(fc.record({ name: fc.constantFrom('A', 'GRPC_DNS_RESOLVER', 'B'), value: oneLine }), {
      maxLength: 3,
    }),
    resources: fc.constant({ limits: { memory: '1Gi' } }),
  },
  { requiredKeys: ['image'] },
);
const dnsConfig = fc.oneof(
  fc.constant(null),
  fc.constant({}),
  fc.record({
    options: fc.uniqueArray(
      fc.record({ name: fc.constantFrom('ndots', 'rotate', 'use-vc'), value: fc.constantFrom('5', '1') }),
      { maxLength: 3, selector: ({ name }) => name },
    ),
  }),
);
const manifest = fc
  .record({
    extra,
    first: container,
    second: container,
    dns: fc.option(dnsConfig, { nil: undefined }),
    before: fc.boolean(),
  })
  .map(({ extra: more, first, second, dns, before }) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'orders', namespace: 'prod' },
    spec: {
      replicas: 2,
      template: {
        spec: {
          ...(before ? more : {}),
          ...(dns === undefined ? {} : { dnsConfig: dns }),
          containers: [
            { name: 'first', ...first },
            { ...second, name: 'second' },
          ],
          ...(before ? {} : more),
        },
      },
    },
  }));
const change = fc.oneof(
  fc.constantFrom(option('ndots', '2'), option('single-request-reopen')),
  fc
    .tuple(fc.constantFrom('first', 'second'), fc.constantFrom('GRPC_DNS_RESOLVER', 'NEW'))
    .map(([of, name]) => variable(of, name, 'native')),
  fc
    .tuple(fc.constantFrom('first', 'second'), fc.constantFrom('--session-duration', '--new'))
    .map(([of, name]) => flag(of, name, '60m')),
);
const style = fc.record({
  indent: fc.constantFrom(2, 4),
  indentSeq: fc.boolean(),
  lineWidth: fc.constantFrom(0, 80),
  collectionStyle: fc.constantFrom('any' as const, 'flow' as const),
});

describe('any change in any manifest', () => {
  it('gives the object that was meant and touches no other line', () => {
    let made = 0;
    let all = 0;
    fc.assert(
      fc.property(manifest, change, style, fc.boolean(), fc.boolean(), (object, meant, options, crlf, comments) => {
        const plain = yaml.stringify(object, { ...options, aliasDuplicateObjects: false });
        const commented = comments
          ? plain.replace(/^( *)(containers|args|env|image):/gm, '$1# about $2\n$1$2:')
          : plain;
        const text = crlf ? commented.replaceAll('\n', '\r\n') : commented;
        const before = yaml.parse(text) as unknown;
        const result = applyEdit(yaml, text, meant);
        all++;
        if ('refused' in result) return;
        made++;
        const expected = structuredClone(before);
        setInJson(expected, meant.path, meant.value as Value);
        expect(yaml.parse(result.text), result.text).toEqual(expected);
        if (crlf) expect(result.text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        // All lines of before are there in their order, but for one that was changed in itself.
        const parts = diffArrays(text.split('\n'), result.text.split('\n'));
        const changed = parts.reduce((sum, part) => sum + (part.removed ? part.count : 0), 0);
        expect(changed, result.text).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1500 },
    );
    expect(made / all).toBeGreaterThan(0.95);
  });
});
