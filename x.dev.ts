import { analyze } from '/tmp/k/upstream/src/analyze.ts';
import { copyExchange, type Exchange } from '/tmp/k/upstream/src/model/exchange.ts';
const paths = process.argv.slice(2);
for (const path of paths) {
  const all: Exchange[] = []; let conns: string[] = [];
  await analyze({ paths: [path], dnsPorts: [53], clients: [], names: [], slowerThan: null, observers: [{ exchange: (e) => { all.push(copyExchange(e)); }, connection: (c) => { conns.push(`${c.clientPort}>${c.serverPort}:${c.protocol ?? '-'}:${c.exchanges}`); } }] });
  console.log(`== ${path.split('/').slice(-2).join('/')}  [${conns.slice(0, 6).join(' ')}]`);
  all.sort((a, b) => a.startedAt - b.startedAt);
  for (const e of all.slice(0, Number(process.env.N ?? 40))) {
    const ms = (n: number) => (n / 1e6).toFixed(3);
    console.log(`  ${ms(e.startedAt).padStart(10)} ${e.protocol} ${e.method || "''"} ${e.shape} ${e.outcome}${e.error ? ' ' + e.error : ''}${e.endedBy ? ' by ' + e.endedBy : ''} req ${ms(e.requestedAt - e.startedAt)} fb ${ms(e.firstByteAt - e.startedAt)} dur ${ms(e.duration)} ${e.requestBytes}/${e.responseBytes}B pk ${e.packets.join(',')}`);
  }
  if (all.length > 40) console.log('  … ' + all.length);
}
