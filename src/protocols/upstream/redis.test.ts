import { describe, expect, it } from 'vitest';
import { redis } from './redis.ts';
import { redisCommand as command } from './testing/bytes.ts';
import { Talk } from './testing/talk.ts';

describe('commands', () => {
  it('are named, their arguments not; a pipeline is answered in its order', () => {
    const talk = new Talk(redis)
      .client(command('get', 'k') + command('INCR', 'n') + command('LPUSH', 'k', '1'), command('MYSECRET', 'x'))
      .server('$1\r\nv\r\n:7\r\n', '-WRONGTYPE Operation against a key\r\n', '-ERR unknown command\r\n');
    expect(talk.said).toEqual(['GET ok 1-3', 'INCR ok 1-3', 'LPUSH error WRONGTYPE 1-4', 'COMMAND error ERR 2-5']);
    expect(talk.exchanges.map(({ inFlight }) => inFlight)).toEqual([0, 1, 2, 3]);
  });

  it('may be typed by a person', () => {
    expect(new Talk(redis).client('PING\r\n').server('+PONG\r\n').client('set a 1\r\n').server('+OK\r\n').said).toEqual(
      ['PING ok 1-2', 'SET ok 3-4'],
    );
  });

  it('that block last by design', () => {
    const talk = new Talk(redis)
      .client(command('BLPOP', 'q', '0'))
      .rest(5000)
      .server('*-1\r\n')
      .client(command('XREAD', 'COUNT', '1', 'BLOCK', '0', 'STREAMS', 's', '$'))
      .server('*-1\r\n')
      .client(command('XREAD', 'STREAMS', 's', '0'))
      .server('*0\r\n');
    expect(talk.said).toEqual(['BLPOP stream ok 1-5002', 'XREAD stream ok 5003-5004', 'XREAD ok 5005-5006']);
  });

  it('of which nobody knows any more what is answered are left alone', () => {
    const talk = new Talk(redis)
      .client(command('CLIENT', 'REPLY', 'OFF'))
      .client(command('SET', 'a', '1'))
      .finish();
    expect(talk.said).toEqual(['CLIENT incomplete 1-1']);
  });
});

describe('replies', () => {
  it('may be nested, of every type, and long', () => {
    const large = 'x'.repeat(3000);
    const nested = '*3\r\n*2\r\n:1\r\n*-1\r\n%2\r\n+a\r\n#t\r\n+b\r\n,1.5\r\n~1\r\n_\r\n';
    const talk = new Talk(redis)
      .client(command('EVAL', 'x', '0'))
      .server(nested.slice(0, 9), nested.slice(9))
      .client(command('GET', 'k'))
      .server(`$3000\r\n${large.slice(0, 1000)}`, `${large.slice(1000)}\r`, '\n')
      .client(command('GET', 'k'))
      .server('|1\r\n+ttl\r\n:5\r\n$-1\r\n')
      .client(command('EXEC'))
      .server('*2\r\n+OK\r\n-WRONGTYPE x\r\n')
      .client(command('FCALL', 'f', '0'))
      .server('!14\r\nOOM not enough\r\n');
    expect(talk.said).toEqual(['EVAL ok 1-3', 'GET ok 4-7', 'GET ok 8-9', 'EXEC ok 10-11', 'FCALL error OOM 12-13']);
    expect(talk.exchanges[1]?.responseBytes).toBe('$3000\r\n\r\n'.length + 3000);
  });

  it('of scripts say any word: that is an ERR', () => {
    const talk = new Talk(redis).client(command('EVALSHA', 'x', '0')).server('-MYSECRET is out\r\n');
    expect(talk.said).toEqual(['EVALSHA error ERR 1-2']);
  });
});

describe('listeners', () => {
  const message = '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n';
  const confirmed = '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n';

  it('hold one exchange that lasts; a PING is answered beside', () => {
    const talk = new Talk(redis)
      .client(command('SUBSCRIBE', 'news'))
      .server(confirmed)
      .server(message)
      .client(command('PING'))
      .server(`${message}*2\r\n$4\r\npong\r\n$0\r\n\r\n`)
      .client(command('UNSUBSCRIBE'))
      .server('*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n')
      .end('client')
      .end('server');
    expect(talk.said).toEqual(['PING ok 4-5', 'SUBSCRIBE stream ok 1-7']);
  });

  it('of RESP3 go on asking: messages are pushed between the answers', () => {
    const push = message.replace('*', '>');
    const talk = new Talk(redis)
      .client(command('SUBSCRIBE', 'news'))
      .server(confirmed.replace('*', '>'))
      .client(command('GET', 'a'))
      .server(`${push}$1\r\n1\r\n${push}`)
      .finish();
    expect(talk.said).toEqual(['GET ok 3-4', 'SUBSCRIBE stream incomplete 1-4']);
  });

  it('of RESP3 may be answered with what looks like a message', () => {
    const talk = new Talk(redis)
      .client(command('SUBSCRIBE', 'news'))
      .server(confirmed.replace('*', '>'))
      .client(command('LRANGE', 'words', '0', '2'))
      .server(message)
      .finish();
    expect(talk.said).toEqual(['LRANGE ok 3-4', 'SUBSCRIBE stream incomplete 1-2']);
  });

  it('that may not listen are told so', () => {
    expect(new Talk(redis).client(command('SUBSCRIBE', 'x')).server('-NOPERM no\r\n').said).toEqual([
      'SUBSCRIBE stream error NOPERM 1-2',
    ]);
  });

  it('of all that happens get what is no reply', () => {
    const talk = new Talk(redis)
      .client(command('MONITOR'))
      .server('+OK\r\n')
      .server('+1700000000.1 [0 127.0.0.1:1] "get" "a"\r\n')
      .end('client')
      .end('server');
    expect(talk.said).toEqual(['MONITOR stream ok 1-3']);
    expect(
      new Talk(redis)
        .client(command('PSYNC', '?', '-1'))
        .server('+FULLRESYNC a 0\r\n')
        .server('$5\r\nREDIS')
        .end('server').said,
    ).toEqual(['PSYNC stream ok 1-3']);
  });
});

describe('missing bytes', () => {
  it('within a value are let go', () => {
    const talk = new Talk(redis)
      .client(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000\r\n${'x'.repeat(900)}`)
      .gap('client', 2000)
      .client(`${'x'.repeat(100)}\r\n`)
      .server('+OK\r\n');
    expect(talk.said).toEqual(['SET ok 1-4']);
  });

  it('lose what a batch waits for, and nothing of the next', () => {
    const batch = command('INCR', 'a') + command('INCR', 'b') + command('INCR', 'c');
    const talk = new Talk(redis)
      .client(batch)
      .gap('server', 8)
      .server(':3\r\n')
      .client(batch)
      .server(':1\r\n:2\r\n:3\r\n');
    expect(talk.said).toEqual([
      'INCR incomplete 1-1',
      'INCR incomplete 1-1',
      'INCR incomplete 1-1',
      'INCR ok 4-5',
      'INCR ok 4-5',
      'INCR ok 4-5',
    ]);
  });

  it('on a connection that many share lose all until it rests', () => {
    const talk = new Talk(redis)
      .client(command('GET', '1'), command('GET', '2'))
      .server('$1\r\n1\r\n')
      .client(command('GET', '3'))
      .gap('server', 7)
      .client(command('GET', '4'))
      .server('$1\r\n3\r\n')
      .client(command('GET', '5'))
      .server('$1\r\n4\r\n', '$1\r\n5\r\n')
      .rest(60)
      .client(command('GET', '6'))
      .server('$1\r\n6\r\n');
    expect(talk.said).toEqual([
      'GET ok 1-3',
      ...Array.from({ length: 4 }, (_, index) => `GET incomplete ${[2, 4, 6, 8][index]}-${[2, 4, 6, 8][index]}`),
      'GET ok 71-72',
    ]);
  });

  it.each([
    { answers: 40, each: 1, rest: 12, isOver: true },
    // Not yet known to be that fast.
    { answers: 20, each: 1, rest: 12, isOver: false },
    // As slow as this server is at times.
    { answers: 40, each: 4, rest: 12, isOver: false },
  ])('are over after a silence that no answer took: $rest ms behind $answers of $each ms', (known) => {
    const talk = new Talk(redis);
    for (let index = 0; index < known.answers; index++) {
      talk.client(command('GET', 'a')).rest(known.each - 1);
      talk.server('$1\r\n1\r\n');
    }
    talk
      .client(command('GET', '1'), command('GET', '2'))
      .server('$1\r\n1\r\n')
      .client(command('GET', '3'))
      .gap('server', 7)
      .rest(known.rest)
      .client(command('GET', '4'))
      .server('$1\r\n4\r\n')
      .finish();
    expect(talk.exchanges.at(-1)?.outcome).toBe(known.isOver ? 'ok' : 'incomplete');
    expect(talk.exchanges.filter(({ outcome }) => outcome === 'incomplete')).toHaveLength(known.isOver ? 2 : 3);
  });

  it('are never more than a bound: of thousands in flight those beyond are counted, and the order holds', () => {
    const many = 3000;
    const talk = new Talk(redis)
      .client(command('INCR', 'n').repeat(many))
      .server(':1\r\n'.repeat(many))
      .client(command('GET', 'a'))
      .server('$-1\r\n');
    expect(talk.exchanges.length).toBe(1025);
    expect(talk.said.at(-1)).toBe('GET ok 3-4');
  });
});
