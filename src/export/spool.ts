import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Lines of any number that wait on disk until they are read, in a file that nobody else can open. */
export interface Spool {
  write(text: string): void;
  lines(): AsyncIterable<string>;
  close(): void;
}

/** The file has no name any more once it is open: it is gone with the program, however that ends. */
export function createSpool(): Spool {
  const folder = mkdtempSync(join(tmpdir(), 'kubelag-'));
  const path = join(folder, 'spool');
  const descriptor = openSync(path, 'wx+', 0o600);
  rmSync(folder, { recursive: true, force: true });
  return {
    write(text) {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
    },
    lines: () =>
      createInterface({
        input: createReadStream('', { fd: descriptor, start: 0, autoClose: false }),
        crlfDelay: Infinity,
      }),
    close: () => closeSync(descriptor),
  };
}
