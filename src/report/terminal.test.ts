import { describe, expect, it } from 'vitest';
import { renderTerminal } from './terminal.ts';
import {
  clearDiagnosis,
  crowdedDiagnosis,
  diagnosisOf,
  emptyDiagnosis,
  inputRowOf,
  raceFinding,
  textDiagnosis,
  walkFinding,
} from './testing/diagnoses.ts';
import { deadLookup, exampleOf, walkLookup } from './testing/lookups.ts';

const plain = { color: false, width: 100, unicode: true };
const golden = (name: string): string => `golden/${name}.txt`;

describe('the answer at a terminal', () => {
  it.each([
    ['race', diagnosisOf(), plain],
    ['race-60-columns-ascii', diagnosisOf(), { ...plain, width: 60, unicode: false }],
    ['race-full', diagnosisOf(), { ...plain, full: true }],
    ['several', crowdedDiagnosis(), plain],
    ['text', textDiagnosis(), plain],
    ['clear', clearDiagnosis(), plain],
    ['no-dns', emptyDiagnosis(), plain],
  ])('%s', async (name, diagnosis, options) => {
    await expect(renderTerminal(diagnosis, options)).toMatchFileSnapshot(golden(name));
  });

  it('starts with the cause', () => {
    for (const diagnosis of [diagnosisOf(), textDiagnosis(), clearDiagnosis(), emptyDiagnosis()]) {
      const [first = ''] = renderTerminal(diagnosis, { ...plain, width: 120 }).split('\n');
      expect(first.trim().startsWith(diagnosis.verdict.says)).toBe(true);
    }
  });

  it('fits a screen where there is one finding', () => {
    expect(renderTerminal(diagnosisOf(), plain).trimEnd().split('\n').length).toBeLessThanOrEqual(38);
  });

  it('keeps to the width wherever a word allows', () => {
    for (const width of [60, 80, 100, 120]) {
      const lines = renderTerminal(crowdedDiagnosis(), { ...plain, width }).split('\n');
      // Commands, patches and names stay whole: to be copied.
      const long = lines.filter((line) => line.length > width && line.trim().includes(' '));
      expect(long.filter((line) => !/tcpdump -i|#\d+ +\w+\?/.test(line))).toEqual([]);
    }
  });

  it('shows no more findings than asked for, and says so', () => {
    const one = renderTerminal(crowdedDiagnosis(), { ...plain, top: 1 });
    expect(one).toContain('2 findings more');
    expect(one).not.toContain('worth knowing');
    expect(renderTerminal(crowdedDiagnosis(), { ...plain, top: 3 })).not.toContain('not shown');
  });

  it('says what ended a wait that no packet ended', () => {
    const row = deadLookup();
    const example = exampleOf(row, [412, 413, 611, 613]);
    const text = renderTerminal(diagnosisOf({ findings: [raceFinding({ examples: [example] })] }), plain);
    expect(text).toContain('the resolver goes on by its own timer of 5 s (glibc default, resolv.conf(5))');
  });

  it('names the standard input, many inputs and damage', () => {
    const inputs = Array.from({ length: 5 }, (_, input) =>
      inputRowOf({ input, path: input === 0 ? '-' : `${input}.pcap` }),
    );
    inputs[1] = inputRowOf({
      path: 'cut.pcap',
      damage: { cut: 3, undecodable: 1, duplicates: 2, droppedByCapture: 7, notes: ['cut at byte 1,204'] },
    });
    const text = renderTerminal(diagnosisOf({ inputs }), plain);
    expect(text).toContain('standard input: 1,204 packets, 61.2 s from 2023-11-14 22:13:20 UTC');
    expect(text).toMatch(/3 packets\s+cut, 1 not understood, 7 lost by the capturing program/);
    expect(text).toContain('and 2 more with 2,408 packets');
    expect(text.replace(/\s+/g, ' ')).toContain('cut at byte 1,204');
  });

  it('colours only where asked', () => {
    // oxlint-disable-next-line no-control-regex
    const escape = /\u001b\[/;
    expect(renderTerminal(crowdedDiagnosis(), plain)).not.toMatch(escape);
    const colored = renderTerminal(crowdedDiagnosis(), { ...plain, color: true });
    expect(colored).toMatch(escape);
    // oxlint-disable-next-line no-control-regex
    const bare = colored.replace(/\u001b\[\d+m/g, '').replace(/ +$/gm, '');
    expect(bare).toBe(renderTerminal(crowdedDiagnosis(), plain));
  });

  it('writes ASCII only where asked', () => {
    // oxlint-disable-next-line no-control-regex
    expect(renderTerminal(crowdedDiagnosis(), { ...plain, unicode: false })).not.toMatch(/[^\u0000-\u007f]/);
  });

  it('shortens a long walk in its middle, and says by how much', () => {
    const example = exampleOf(walkLookup(), []);
    const attempts = Array.from({ length: 40 }, (_, index) => ({
      ...(example.row.attempts[0] as (typeof example.row.attempts)[0]),
      name: `x.suffix-${index}.test`,
      sent: [{ at: null, atSeconds: index, packet: index + 1 }] as (typeof example.row.attempts)[0]['sent'],
      reply: {
        ...(example.row.attempts[0]?.reply as NonNullable<(typeof example.row.attempts)[0]['reply']>),
        atSeconds: index + 0.1,
        packet: 100 + index,
      },
    }));
    const packets = attempts.map((_, index) => index + 1);
    const text = renderTerminal(
      diagnosisOf({
        findings: [walkFinding({ examples: [{ ...example, packets, row: { ...example.row, attempts } }] })],
      }),
      plain,
    );
    expect(text).toContain('… 32 more queries: NXDOMAIN');
    expect(text.match(/#\d+ +A\?/g)).toHaveLength(8);
  });
});
