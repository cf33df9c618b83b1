import { describe, expect, it } from 'vitest';
import type { Finding } from '../model/diagnosis.ts';
import { renderMarkdown } from './markdown.ts';
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
import {
  cancelledCall,
  connectFinding,
  encryptedDiagnosis,
  exchangeExampleOf,
  requestDiagnosis,
  stalledExchange,
  stallFinding,
} from './testing/requests.ts';
import { deadLookup, exampleOf, walkLookup } from './testing/lookups.ts';

const plain = { color: false, width: 100, unicode: true };

const told = (parts: Partial<Finding>): string =>
  renderTerminal(diagnosisOf({ findings: [raceFinding(parts)] }), plain);
const golden = (name: string): string => `golden/${name}.txt`;

const shown = (finding: Finding): string =>
  renderTerminal(requestDiagnosis({ findings: [finding] }), plain).replace(/\s+/g, ' ');

describe('the answer at a terminal', () => {
  it.each([
    ['race', diagnosisOf(), plain],
    ['race-60-columns-ascii', diagnosisOf(), { ...plain, width: 60, unicode: false }],
    ['race-full', diagnosisOf(), { ...plain, full: true }],
    ['several', crowdedDiagnosis(), plain],
    ['text', textDiagnosis(), plain],
    ['clear', clearDiagnosis(), plain],
    ['no-dns', emptyDiagnosis(), plain],
    ['requests', requestDiagnosis(), plain],
    ['requests-60-columns-ascii', requestDiagnosis(), { ...plain, width: 60, unicode: false }],
    ['requests-full', requestDiagnosis(), { ...plain, full: true }],
    ['encrypted', encryptedDiagnosis(), plain],
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

  it('says what no finding explains', () => {
    const unexplained = 'a tenth of 20 requests take 400 ms or longer: no finding explains that';
    const verdict = { ...diagnosisOf().verdict, unexplained };
    expect(renderTerminal(diagnosisOf({ verdict }), plain)).toContain(`\n  unexplained    ${unexplained}\n`);
    expect(renderMarkdown(diagnosisOf({ verdict }))).toContain(`**Unexplained**\n\n- ${unexplained}\n`);
  });

  it('says that first where nothing but cheap habits was found', () => {
    const unexplained = 'a tenth of 20 requests take 400 ms or longer: no finding explains that';
    const says = 'no known cause makes requests slow, yet a tenth of 20 requests take 400 ms or longer';
    const habit = raceFinding({ severity: 'minor' });
    const diagnosis = diagnosisOf({ verdict: { status: 'found', says, unexplained }, findings: [habit] });
    const lines = renderTerminal(diagnosis, plain).split('\n');
    expect(lines[0]).toBe(`  ${says}`);
    expect(lines.findIndex((line) => line.startsWith(`  ${habit.says}`))).toBeGreaterThan(2);
    expect(lines.join('\n')).not.toContain('  unexplained ');
    const markdown = renderMarkdown(diagnosis);
    expect(markdown.startsWith(`# ${says}\n\n## ${habit.says}\n`)).toBe(true);
    expect(markdown).not.toContain('**Unexplained**');
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

  it('shows a connection, and a call that was given up, as they went', () => {
    const connection = shown(connectFinding());
    expect(connection).toContain('#910');
    for (const says of [
      'SYN again, 1 s later',
      'SYN-ACK, connected in 1 s',
      'TLS 1.3 handshake, with api.example.test, full, in 185 ms',
      'waited 900 ms: the client had no room for more (window closed)',
      'GOAWAY ENHANCE_YOUR_CALM (too_many_pings) of the server, 1 stream open',
      'closed by the server',
    ]) {
      expect(connection).toContain(says);
    }
    const call = shown(stallFinding({ examples: [exchangeExampleOf(cancelledCall(), [])] }));
    expect(call).toContain('POST /shop.Orders/Get, whole after 1 ms');
    expect(call).toContain('cancelled by the client (CANCEL), 3 s after it was sent');
    expect(call).toContain('10.96.44.12:8080 (10.0.4.4:50051)');
    expect(call).toContain('the connection opened for it in 1.01 s');
  });

  it('says many alike stalls of an exchange in one line, with their sum', () => {
    const [stall] = stalledExchange().stalls as [ReturnType<typeof stalledExchange>['stalls'][number]];
    const window = { ...stall, reason: 'flow-control' as const, bytes: 65_535, durationSeconds: 0.041 };
    const callWith = (count: number): string => {
      const stalls = Array.from({ length: count }, (_, index) => ({
        ...window,
        packets: [2 * index + 1, 2 * index + 2],
      }));
      return shown(stallFinding({ examples: [exchangeExampleOf({ ...stalledExchange(), stalls }, [])] }));
    };
    expect(callWith(12)).toMatch(
      /#1…#24 waited 492 ms: the \w+'s HTTP\/2 window \(65\.5 kB\) was used up \(12 times, in all\)/,
    );
    expect(callWith(12)).toContain('whole after');
    expect(callWith(3)).toMatch(/(?:waited 41 ms: .*){3}/);
    expect(callWith(3)).not.toContain('times, in all)');
  });

  it('says of many causes that were ruled out only the likeliest', () => {
    const ruledOut = [
      ...Array.from({ length: 9 }, (_, index) => ({ rule: `dns-${index}`, says: `no dns ${index}` })),
      ...Array.from({ length: 9 }, (_, index) => ({ rule: `tcp-${index}`, says: `no tcp ${index}` })),
    ].map((one) => ({ ...one, examined: { count: 1, unit: 'x' } }));
    const text = renderTerminal(requestDiagnosis({ ruledOut }), plain).replace(/\s+/g, ' ');
    expect(text).toContain('no tcp 0 · no tcp 1');
    expect(text).toContain('no tcp 8 · no dns 0 · 8 more with --full');
    expect(renderTerminal(requestDiagnosis({ ruledOut }), { ...plain, full: true })).toContain('no dns 8');
    const dns = renderTerminal(diagnosisOf({ ruledOut }), plain).replace(/\s+/g, ' ');
    expect(dns).toContain('no dns 8 · no tcp 0 · 8 more with --full');
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

  it('says how many packets a filter leaves out', () => {
    expect(told({ filterLeavesOut: 1 })).toMatch(/613\}\n +the dearest of them; 1 packet more\n/);
    expect(told({})).not.toContain('the dearest of them');
  });
});
