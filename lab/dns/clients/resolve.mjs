// A caller of Node's resolvers with a stopwatch.
//
//   node resolve.mjs lookup|resolve|resolve4 GAP_MS CONCURRENCY NAME...
//
// `lookup` is dns.lookup (libc's getaddrinfo in the thread pool); `resolve` is resolve4 and
// resolve6 at once (c-ares), whose wait ends with the later of the two; `resolve4` asks for A only.
import { lookup, resolve4, resolve6 } from 'node:dns/promises';

const [mode, gapText, concurrencyText, ...names] = process.argv.slice(2);
const concurrency = Number(concurrencyText);

async function ask(name) {
  if (mode === 'lookup') return (await lookup(name, { all: true })).length;
  if (mode === 'resolve4') return (await resolve4(name)).length;
  const answers = await Promise.allSettled([resolve4(name), resolve6(name)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length === 0) throw answers[0].reason;
  return found.length;
}

async function work(thread) {
  for (let index = thread; index < names.length; index += concurrency) {
    const name = names[index];
    const startEpoch = (performance.timeOrigin + performance.now()) / 1000;
    const tick = performance.now();
    let addresses = 0;
    let error = '';
    try {
      addresses = await ask(name);
    } catch (failure) {
      error = failure.code ?? String(failure);
    }
    const seconds = (performance.now() - tick) / 1000;
    const line = {
      name,
      startEpoch,
      endEpoch: startEpoch + seconds,
      seconds,
      ok: error === '',
      error,
      addresses,
      thread,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    await new Promise((resolve) => setTimeout(resolve, Number(gapText)));
  }
}

// Loads what the first lookup would load, without a packet.
await lookup('localhost');
await Promise.all(Array.from({ length: concurrency }, (_, thread) => work(thread)));
