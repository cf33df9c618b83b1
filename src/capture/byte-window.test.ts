import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileSource } from './byte-source.ts';
import { ByteWindow } from './byte-window.ts';
import { CHUNK_BYTES } from './limits.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'window-'))));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a window on a file', () => {
  // How much of what is there is used before more is read, and how much of that is still needed.
  const steps = fc.array(fc.record({ used: fc.double({ min: 0, max: 1, noNaN: true }), kept: fc.nat(300_000) }), {
    minLength: 1,
    maxLength: 12,
  });
  const lengths = fc.integer({ min: 1, max: 5 * CHUNK_BYTES });

  it('has the bytes of the file, at their places, however they are used', async () => {
    const path = join(folder, 'file');
    const content = Buffer.alloc(5 * CHUNK_BYTES);
    for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at);
    await fc.assert(
      fc.asyncProperty(lengths, steps, async (length, list) => {
        writeFileSync(path, content.subarray(0, length));
        const window = new ByteWindow(await openFileSource(path));
        let moved = 0;
        window.onMove = (by) => void (moved += by);
        // The first byte of the file that is still in the buffer.
        let held = 0;
        for (let step = 0; !window.ended; step++) {
          const { used, kept } = list[step % list.length]!;
          const base = window.offset - window.start;
          held = Math.max(held, window.offset - kept);
          moved = 0;
          await window.fill(held - base);
          // Told by its place in the buffer, as packets are that wait for their turn.
          const first = held - base - moved;
          const wanted = content.subarray(held, held + window.end - first);
          expect(Buffer.compare(window.bytes.subarray(first, window.end), wanted)).toBe(0);
          window.start += Math.floor(used * window.length);
        }
        expect(window.offset + window.length).toBe(length);
      }),
      { numRuns: 40 },
    );
  });
});
