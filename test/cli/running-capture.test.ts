import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { clearDiagnosis, diagnosisOf } from '../../src/report/testing/diagnoses.ts';
import { INPUTS, kubelag } from '../support/kubelag.ts';

let folder: string;
let capture: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-cli-'));
  capture = join(folder, 'a.pcap');
  writeFileSync(capture, 'not read here: these tests bring their own analysis');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a capture that runs', () => {
  it('says now and then what it has, and answers at Ctrl-C', async () => {
    const stdin = new PassThrough();
    const { status, io } = await kubelag(['-'], {
      stdin,
      stdinIsTerminal: false,
      stderrIsTerminal: true,
      async analyze({ stdin: stream, onProgress, onInterim }, fake) {
        onInterim!(() => diagnosisOf());
        let ended = false;
        stdin.write('packets');
        for await (const chunk of stream!) {
          onProgress!({ bytesRead: chunk.length, bytesTotal: null, packets: 12_031 });
          expect(fake.err).toBe('');
          fake.pass(3000);
          expect(fake.err).toContain('12,031 packets, 120 lookups, slowest 5.0');
          fake.interrupt();
          ended = true;
        }
        expect(ended).toBe(true);
        return { diagnosis: clearDiagnosis(), inputs: INPUTS };
      },
    });
    expect(status).toBe(0);
    expect(io.err.endsWith('\r\u001b[K')).toBe(true);
    expect(io.out).toContain('no DNS lookup is slow');
    expect(stdin.destroyed).toBe(true);
  });

  it('gives up at the second Ctrl-C', async () => {
    const { status, io } = await kubelag(['-'], {
      stdin: new PassThrough(),
      stdinIsTerminal: false,
      async analyze({ stdin: stream }, fake) {
        setImmediate(() => {
          fake.interrupt();
          fake.interrupt();
        });
        for await (const _ of stream!);
        throw new Error('not reached');
      },
    });
    expect([status, io.out, io.err]).toEqual([130, '', '']);
  });

  it('says nothing meanwhile to a file, or when told to be quiet', async () => {
    for (const [words, stderrIsTerminal] of [
      [['-'], false],
      [['-', '--quiet'], true],
      [['-', '--no-progress'], true],
    ] as const) {
      const { io } = await kubelag(words, {
        stdin: 'packets',
        stderrIsTerminal,
        analyze({ onProgress, onInterim }, fake) {
          onInterim!(() => diagnosisOf());
          onProgress!({ bytesRead: 7, bytesTotal: null, packets: 7 });
          fake.pass(10_000);
          return { diagnosis: clearDiagnosis(), inputs: INPUTS };
        },
      });
      expect(io.err).toBe('');
    }
  });

  it('draws a bar only where the end is known and a second has passed', async () => {
    const drawn: string[] = [];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await kubelag([capture], {
        stderrIsTerminal: true,
        analyze({ onProgress }, fake) {
          fake.progressStream.on('data', (text: Buffer) => drawn.push(text.toString()));
          onProgress!({ bytesRead: 10, bytesTotal: 100, packets: 1000 });
          expect(drawn.join('')).toBe('');
          fake.pass(1500);
          onProgress!({ bytesRead: 50, bytesTotal: 100, packets: 5000 });
          return { diagnosis: clearDiagnosis(), inputs: INPUTS };
        },
      });
    } finally {
      vi.useRealTimers();
    }
    expect(drawn.join('')).toContain('50 %  5,000 packets');
  });
});
