import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBlockingWriter } from './blocking-writer.ts';
import { ClosedOutput } from './io.ts';

describe('createBlockingWriter', () => {
  it('writes all of it, in UTF-8', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubelag-writer-'));
    const descriptor = openSync(join(folder, 'out'), 'w');
    const write = createBlockingWriter(descriptor, 'out');
    write('é'.repeat(100_000));
    write('end');
    closeSync(descriptor);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(`${'é'.repeat(100_000)}end`);
    rmSync(folder, { recursive: true });
  });

  it.skipIf(!existsSync('/dev/full'))('says that no space is left', () => {
    const descriptor = openSync('/dev/full', 'w');
    expect(() => createBlockingWriter(descriptor, 'answer.json')('x')).toThrow('answer.json: no space is left');
    closeSync(descriptor);
  });

  it.skipIf(process.platform === 'win32')('says that nobody reads any more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubelag-writer-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = spawn('head', ['-c', '1', pipe]);
    const descriptor = openSync(pipe, 'w');
    const write = createBlockingWriter(descriptor, 'pipe');
    write('x');
    await new Promise((resolve) => reader.on('exit', resolve));
    expect(() => write('y')).toThrow(ClosedOutput);
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
});
