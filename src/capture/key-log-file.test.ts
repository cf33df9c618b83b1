import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../model/user-error.ts';
import { openKeyLog } from './key-log-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const isSecret = (line: string): boolean => line.startsWith('SECRET');
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('a key log', () => {
  it('is read to its end, whatever its lines end with', async () => {
    const lines: string[] = [];
    await openKeyLog(file('whole', '# made by hand\nSECRET a\r\n\nSECRET b'), false, (line) => {
      lines.push(line);
      return isSecret(line);
    });
    expect(lines).toEqual(['# made by hand', 'SECRET a', '', 'SECRET b']);
  });

  it('may be a pipe', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const writer = spawn('sh', ['-c', `printf 'SECRET a\\nSECRET b\\n' > '${path}'`]);
    let count = 0;
    const log = await openKeyLog(path, true, () => ++count > 0);
    log.more();
    expect(count).toBe(2);
    writer.kill();
  });

  it('that grows gives what was added, each line once and none by halves', async () => {
    const path = file('grows', 'SECRET 1\nSEC');
    const lines: string[] = [];
    const log = await openKeyLog(path, true, (line) => isSecret(line) && lines.push(line) > 0);
    log.more();
    appendFileSync(path, 'RET 2\nSECRET 3\nSECR');
    log.more();
    log.more();
    appendFileSync(path, 'ET 4\n');
    log.more();
    expect(lines).toEqual(['SECRET 1', 'SECRET 2', 'SECRET 3', 'SECRET 4']);
  });

  it('that is taken away while a capture runs leaves what it gave', async () => {
    const path = file('goes', 'SECRET 1\n');
    let count = 0;
    const log = await openKeyLog(path, true, () => ++count > 0);
    rmSync(path);
    expect(() => log.more()).not.toThrow();
    expect(count).toBe(1);
  });

  it('is empty before the first handshake of a capture that runs', async () => {
    const path = file('empty', '');
    await expect(openKeyLog(path, true, isSecret)).resolves.toBeDefined();
    await expect(openKeyLog(path, false, isSecret)).rejects.toThrow(UserError);
  });

  it.each<[string, () => string, RegExp]>([
    ['is missing', () => join(folder, 'nowhere'), /nowhere: no such file$/],
    ['is a directory', () => (mkdirSync(join(folder, 'd')), join(folder, 'd')), /d: is a directory/],
    ['is empty', () => file('none', ''), /none: is empty; let the client or server write one: SSLKEYLOGFILE=/],
    ['is something else', () => file('pem', '-----BEGIN PRIVATE KEY-----\n'), /pem: is no TLS key log; /],
    [
      'is a capture',
      () => file('pcap', '\xd4\xc3\xb2\xa1\x02\0'),
      /pcap: is no TLS key log; .*SSLKEYLOGFILE=client\.keys$/,
    ],
  ])('that %s is said in one line', async (_, path, message) => {
    const failed = await openKeyLog(path(), false, isSecret).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(UserError);
    expect((failed as UserError).message).toMatch(message);
    expect((failed as UserError).message).not.toContain('\n');
    expect((failed as UserError).message).not.toContain('PRIVATE');
  });
});
