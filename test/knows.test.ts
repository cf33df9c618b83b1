import { expect, test } from 'vitest';
import { run } from '../src/cli/run.ts';
import type { KnownComponent } from '../src/model/knowledge.ts';
import { fakeIo } from './support/fake-io.ts';

async function knows(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const io = fakeIo();
  const status = await run(['knows', ...words], io);
  return { status, out: io.out, err: io.err };
}

test('alone it names all components', async () => {
  const { status, out } = await knows();
  expect(status).toBe(0);
  expect(out).toMatch(/^ {2}nginx +NGINX \(\d+\)$/m);
});

test('of a component it says each setting with its source', async () => {
  const { out } = await knows('nginx', 'keepalive_timeout');
  expect(out).toContain('75 s');
  expect(out).toContain('ngx_http_core_module.c');
  expect(out).not.toContain('proxy_read_timeout');
});

test('a word finds settings of all components', async () => {
  const { out } = await knows('single-request-reopen', '--format', 'json');
  const found = JSON.parse(out) as KnownComponent[];
  expect(found.map(({ component }) => component)).toEqual(expect.arrayContaining(['glibc', 'musl']));
  expect(
    found.flatMap(({ settings }) => settings).every(({ setting }) => setting.includes('single-request-reopen')),
  ).toBe(true);
});

test('Markdown has a row for each range of versions', async () => {
  const { out } = await knows('c-ares', 'timeout', '--format', 'markdown');
  expect(out.split('\n').filter((line) => line.startsWith('| `timeout` '))).toHaveLength(2);
  expect(out).toContain('before 1.20');
});

test.each([
  [['nginxx'], 'did you mean nginx?'],
  [['nginx', 'proxy_read_timeouts'], 'did you mean proxy_read_timeout?'],
  [['qqqq'], 'see them all: kubelag knows'],
])('%j is refused with a hint', async (words, hint) => {
  const { status, err } = await knows(...words);
  expect(status).toBe(2);
  expect(err).toContain(hint);
});
