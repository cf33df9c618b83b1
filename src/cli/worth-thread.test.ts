import { closeSync, mkdtempSync, openSync, rmSync, truncateSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWorthThread, LEAST_BYTES } from './worth-thread.ts';

describe('to read in a thread of its own', () => {
  let folder: string;

  /** A file of so many bytes, none of which takes room. */
  function fileOf(bytes: number): string {
    const path = join(folder, `${bytes}.pcap`);
    closeSync(openSync(path, 'w'));
    truncateSync(path, bytes);
    return path;
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubelag-worth-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.runIf(availableParallelism() > 1)('pays for much, in one file or several', () => {
    expect(isWorthThread([fileOf(LEAST_BYTES)])).toBe(true);
    expect(isWorthThread([fileOf(LEAST_BYTES - 1)])).toBe(false);
    expect(isWorthThread([fileOf(LEAST_BYTES - 1), fileOf(1)])).toBe(true);
  });

  it('is for files alone', () => {
    expect(isWorthThread([fileOf(LEAST_BYTES), '-'])).toBe(false);
    expect(isWorthThread([fileOf(LEAST_BYTES), folder])).toBe(false);
    expect(isWorthThread([fileOf(LEAST_BYTES), join(folder, 'none.pcap')])).toBe(false);
  });
});
