import { createHttp1 } from './http1/http1.ts';
import { createHttp2 } from './http2/http2.ts';
import type { Protocol } from './protocol.ts';
import { proxyProtocol } from './proxy-protocol/proxy-protocol.ts';
import { socks } from './socks/socks.ts';
import { createKeyLog, type KeyLog } from './tls/key-log.ts';
import { createTls } from './tls/tls.ts';
import { kafka } from './upstream/kafka.ts';
import { memcached } from './upstream/memcached.ts';
import { mongodb } from './upstream/mongodb.ts';
import { mysql } from './upstream/mysql.ts';
import { postgresql } from './upstream/postgresql.ts';
import { brokers } from './unread/brokers.ts';
import { redis } from './upstream/redis.ts';

/**
 * All protocols that are told from the bytes of a TCP connection, in the order in which they are
 * asked: where several say yes and no port decides, the first is taken. So the strict come first
 * (a magic number, a preface), then those that are told from a word.
 *
 * To add one: a folder `src/protocols/NAME/` whose `NAME.ts` exports a `Protocol` (or a function
 * that makes one of options), and a line here.
 * @param keyLog secrets of TLS connections; none where not given
 */
export function createProtocols(keyLog: KeyLog = createKeyLog()): readonly Protocol[] {
  return [
    createTls(keyLog),
    createHttp2(),
    createHttp1(),
    proxyProtocol,
    socks,
    mongodb,
    postgresql,
    mysql,
    kafka,
    redis,
    memcached,
    ...brokers,
  ];
}
