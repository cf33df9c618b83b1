import { describe, expect, it } from 'vitest';
import { toRequestRow } from '../model/request-row.ts';
import type { Finding } from '../model/diagnosis.ts';
import { inputOf, requestOf } from '../model/testing/rows.ts';
import { renderMarkdown } from './markdown.ts';
import { renderTerminal } from './terminal.ts';
import { diagnosisOf, raceFinding } from './testing/diagnoses.ts';

type Setting = Finding['because'][number];

const SDK = 'AWS SDK for Java v1 (as its User-Agent, the JDK’s, suggests)';
const settingOf = (component: string, parts: Partial<Setting> = {}): Setting => ({
  component,
  setting: 'refresh window',
  value: '15 min',
  origin: 'default',
  source: 'a source that is far too long to stand beside a setting, and is left to those who doubt it',
  ...parts,
});
const seen = settingOf('10.0.3.7:8080', { origin: 'wire' });

const told = (because: Setting[]): string =>
  renderTerminal(diagnosisOf({ findings: [raceFinding({ because })] }), { color: false, width: 80, unicode: true });

describe('the settings that collide', () => {
  it('stand below a component that is longer than its column', () => {
    expect(told([settingOf('kiam server'), settingOf(SDK)])).toContain(`
  two settings collide
    kiam server  refresh window: 15 min   default
    ${SDK}
                 refresh window: 15 min   default
`);
  });

  it('stand beside it where there is room', () => {
    expect(told([settingOf('kiam server'), settingOf('AWS SDK for Java v1')])).toContain(
      '  AWS SDK for Java v1  refresh window',
    );
  });

  it('are told from what the packets show alone, and that is seen on the wire', () => {
    expect(told([seen])).toContain('  what is seen\n    10.0.3.7:8080  refresh window: 15 min   on the wire\n');
    expect(told([settingOf('kiam server')])).toContain('  the setting\n');
    expect(told([seen, seen])).toContain('  two settings collide\n');
    expect(renderMarkdown(diagnosisOf({ findings: [raceFinding({ because: [seen] })] }))).toContain('**What is seen**');
  });
});

describe('where to read more', () => {
  const [example] = raceFinding().examples;
  const shown = (parts: object): string => {
    const examples = [{ ...example, ...parts }] as Finding['examples'];
    const diagnosis = diagnosisOf({ findings: [raceFinding({ examples })] });
    return renderTerminal(diagnosis, { color: false, width: 120, unicode: true });
  };

  it('is the row that stands above: a lookup, or a request and not its exchange', () => {
    expect(shown({})).toMatch(/read more .* kubelag show … --lookup 0\.l17/);
    const row = toRequestRow(requestOf({ id: '0.r31' }), [inputOf()]);
    expect(shown({ lookup: null, exchange: '0.e5', request: '0.r31', row })).toMatch(
      / kubelag show … --request 0\.r31/,
    );
  });
});
