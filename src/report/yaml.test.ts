import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toYaml } from './yaml.ts';

describe('YAML', () => {
  it('is what a person writes into a manifest', () => {
    const patch = {
      spec: {
        template: {
          spec: {
            dnsConfig: { options: [{ name: 'ndots', value: '2' }, { name: 'single-request-reopen' }] },
            containers: [{ name: 'app', env: [{ name: 'GRPC_DNS_RESOLVER', value: 'native' }], ports: [] }],
            hostNetwork: false,
            priority: 7,
          },
        },
      },
    };
    expect(toYaml(patch)).toBe(
      [
        'spec:',
        '  template:',
        '    spec:',
        '      dnsConfig:',
        '        options:',
        '          - name: ndots',
        '            value: "2"',
        '          - name: single-request-reopen',
        '      containers:',
        '        - name: app',
        '          env:',
        '            - name: GRPC_DNS_RESOLVER',
        '              value: native',
        '          ports: []',
        '      hostNetwork: false',
        '      priority: 7',
      ].join('\n'),
    );
  });

  it.each([
    ['no', '"no"'],
    ['TRUE', '"TRUE"'],
    ['1e3', '"1e3"'],
    ['0x1f', '"0x1f"'],
    ['', '""'],
    ['a: b', '"a: b"'],
    ['a #b', '"a #b"'],
    ['- a', '"- a"'],
    [' a', '" a"'],
    ['a\nb', '"a\\nb"'],
    ['a\u0085b', '"a\\u0085b"'],
    ['cluster.local', 'cluster.local'],
    [null, 'null'],
    [{}, '{}'],
    [[[1, 2], []], '- - 1\n  - 2\n- []'],
    [{ a: undefined, b: { 'c d': [true] } }, 'b:\n  c d:\n    - true'],
  ])('of %j is %s', (value, text) => {
    expect(toYaml(value)).toBe(text);
  });

  it('writes every string so that it is read as that string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const text = toYaml(value);
        const read: unknown = text.startsWith('"') ? JSON.parse(text) : text;
        expect(read).toBe(value);
        // oxlint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
