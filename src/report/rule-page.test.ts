import { describe, expect, it } from 'vitest';
import { renderRuleList, renderRulePage } from './rule-page.ts';

const plain = { color: false, width: 60, unicode: true };

const PAGE = `# dns-race

Two queries **leave one port** at \`once\`, and
[one](https://example.test/why) is lost.

## Settings

- glibc: \`A\` and \`AAAA\`
  from one socket
  - nested
1. first

| option | does |
|---|---|
| \`ndots\` | counts |

\`\`\`yaml
spec:
  dnsConfig: {}
\`\`\`
`;

describe("a rule's page", () => {
  it('reads as text', () => {
    expect(renderRulePage(PAGE, plain)).toBe(`  dns-race

  Two queries leave one port at once, and one
  (https://example.test/why) is lost.

  Settings

  - glibc: A and AAAA from one socket
    - nested
  1. first

  option  does
  ndots   counts

      spec:
        dnsConfig: {}
`);
  });

  it('loses nothing of what it does not know, and obeys nothing', () => {
    const text = renderRulePage('> quoted\u001b[31m\n\n```\nnever closed', plain);
    expect(text).toContain('> quoted\\x1b[31m');
    expect(text).toContain('never closed');
    expect(renderRulePage('', plain)).toBe('\n');
  });

  it('paints marks without counting them', () => {
    const colored = renderRulePage(PAGE, { ...plain, color: true });
    // oxlint-disable-next-line no-control-regex
    const bare = colored.replace(/\u001b\[\d+m/g, '').replace(/ +$/gm, '');
    expect(bare).toBe(renderRulePage(PAGE, plain));
    expect(colored).toContain('\u001b[36monce');
  });
});

describe('the list of rules', () => {
  it('has a line for each, its title wrapped beside its id', () => {
    const rules = [
      { id: 'dns-race', title: 'Two queries at once from one port, and one is lost on its way' },
      { id: 'dns-dead-server', title: 'A server never answers' },
    ];
    expect(renderRuleList(rules, plain)).toBe(
      [
        '  dns-race         Two queries at once from one port, and',
        '                   one is lost on its way',
        '  dns-dead-server  A server never answers',
        '',
      ].join('\n'),
    );
  });
});
