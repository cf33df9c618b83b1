// Node's clients and servers, one case a run: prints what they know of their connections and calls.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { constants } from 'node:crypto';
import { connect as connectPlain, createServer as createPlainServer } from 'node:net';
import { connect, createServer, TLSSocket } from 'node:tls';

const PORT = 8443;
const NAME = 'orders.shop.example';
const file = (name) => readFileSync(`${process.env.WORK}/${name}`);
const pair = (name) => ({ key: file(`${name}.key`), cert: file(`${name}.crt`) });

const only = (version) => ({ minVersion: version, maxVersion: version });
const TLS_12 = only('TLSv1.2');
const TLS_13 = only('TLSv1.3');

const http = (both, more = {}) => ({ kind: 'http', both, ...more });
// What is about the handshake needs but a call or two.
const brief = (both, more = {}) => http(both, { calls: 2, ...more });
const bare = (both, more = {}) => ({ kind: 'bare', both, ...more });

const CASES = {
  'tls13-aes128': http({ ...TLS_13, ciphers: 'TLS_AES_128_GCM_SHA256' }),
  'tls13-aes256': http({ ...TLS_13, ciphers: 'TLS_AES_256_GCM_SHA384' }),
  'tls13-chacha20': http({ ...TLS_13, ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }),
  'tls12-aes128': http({ ...TLS_12, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }),
  'tls12-aes256': http({ ...TLS_12, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }),
  'tls12-chacha20': http({ ...TLS_12, ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' }),
  // A suite whose records are not opened.
  'tls12-cbc': http({ ...TLS_12, ciphers: 'ECDHE-ECDSA-AES128-SHA256' }),
  'tls13-http2': { kind: 'http2', both: TLS_13 },
  'tls12-http2': { kind: 'http2', both: TLS_12 },
  // Three connections, the second and third with the session of the one before.
  'tls13-resumed': brief(TLS_13, { connections: 3 }),
  'tls12-resumed-ticket': brief(TLS_12, { connections: 3 }),
  'tls12-resumed-id': brief(
    { ...TLS_12, secureOptions: constants.SSL_OP_NO_TICKET },
    { connections: 3, sessions: true },
  ),
  // The client guesses a group that the server does not take.
  'tls13-retried': brief(TLS_13, { client: { ecdhCurve: 'X25519:P-384' }, server: { ecdhCurve: 'P-384' } }),
  'tls13-client-certificate': brief(TLS_13, { client: pair('client'), server: { requestCert: true } }),
  'tls12-client-certificate': brief(TLS_12, { client: pair('client'), server: { requestCert: true } }),
  'tls13-client-certificate-missing': brief(TLS_13, {
    server: { requestCert: true },
    alerts: ['server: certificate_required'],
  }),
  'tls12-client-certificate-missing': brief(TLS_12, {
    server: { requestCert: true },
    alerts: ['server: handshake_failure'],
  }),
  'version-refused': bare({}, { client: TLS_12, server: TLS_13, alerts: ['server: protocol_version'] }),
  'alpn-refused': bare(TLS_13, {
    client: { ALPNProtocols: ['h2'] },
    server: { ALPNProtocols: ['http/1.1'] },
    alerts: ['server: no_application_protocol'],
  }),
  // A connection that turns to TLS after a word in the clear.
  'tls13-postgresql': { kind: 'postgresql', both: TLS_13 },
  'tls12-renegotiated': http(TLS_12, { renegotiate: true }),
};

// As much of PostgreSQL as a client needs to ask and be answered.
const PG = {
  tls: Buffer.from('0000000804d2162f', 'hex'),
  startup: Buffer.from('00000014000300007573657200616c6963650000', 'hex'),
  ready: Buffer.from('5a0000000549', 'hex'),
};
const pgMessage = (type, text) => Buffer.concat([Buffer.from(type), Buffer.from([0, 0, 0, text.length + 4]), text]);

const CALLS = [
  ['GET', '/orders', 0],
  ['POST', '/orders', 3000],
  ['GET', '/large', 0],
  ['HEAD', '/orders', 0],
  ['GET', '/missing', 0],
  ['GET', '/slow', 0],
];

const name = process.argv[2];
if (name === undefined) console.log(Object.keys(CASES).join('\n'));
else console.log(JSON.stringify(await run(CASES[name]), null, 1));

async function run({
  kind,
  both,
  client = {},
  server = {},
  connections = 1,
  calls = CALLS.length,
  alerts = [],
  renegotiate = false,
  sessions = false,
}) {
  const serverOptions = { ...pair('server'), ca: file('authority.crt'), ...both, ...server };
  const clientOptions = {
    host: '127.0.0.1',
    port: PORT,
    servername: NAME,
    ca: file('authority.crt'),
    ...both,
    ...client,
  };
  const truth = {
    by: `Node ${process.version}, OpenSSL ${process.versions.openssl}`,
    port: PORT,
    connections: [],
    exchanges: [],
  };
  const listening = await (
    kind === 'postgresql'
      ? postgresqlServer
      : kind === 'http2'
        ? http2Server
        : kind === 'http'
          ? httpServer
          : bareServer
  )(serverOptions, sessions);
  let session;
  for (let index = 0; index < connections; index++) {
    const plain = kind === 'postgresql' ? await askForTls() : undefined;
    const socket = connect({
      ...clientOptions,
      ...(plain === undefined ? {} : { socket: plain }),
      ...(kind === 'http2' ? { ALPNProtocols: ['h2'] } : kind === 'http' ? { ALPNProtocols: ['http/1.1'] } : {}),
      session,
    });
    socket.on('session', (made) => (session = made));
    const known = {
      port: 0,
      serverName: NAME,
      version: null,
      cipher: null,
      alpn: null,
      resumed: null,
      retried: 'ecdhCurve' in client,
      clientCertificate: 'requestCert' in server,
      handshakeSeconds: null,
      alerts,
    };
    truth.connections.push(known);
    if (plain === undefined) await once(socket, 'connect').catch(() => {});
    known.port = (plain ?? socket).localPort;
    const began = performance.now();
    const failed = await Promise.race([
      once(socket, 'secureConnect').then(() => null),
      once(socket, 'error').then(([error]) => error),
    ]).catch((error) => error);
    if (failed === null) {
      known.handshakeSeconds = (performance.now() - began) / 1000;
      known.version = socket.getProtocol().replace('TLSv', '');
      known.cipher = socket.getCipher().standardName;
      known.alpn = socket.alpnProtocol || null;
      known.resumed = socket.isSessionReused();
      if (kind === 'postgresql') await postgresqlCalls(socket, truth.exchanges);
      else if (kind === 'http2') await http2Calls(socket, truth.exchanges);
      else if (kind === 'http')
        await httpCalls(socket, truth.exchanges, CALLS.slice(0, calls), renegotiate).catch(
          (error) => (known.error = error.message),
        );
    } else known.error = failed.message;
    socket.destroy();
    await new Promise((done) => setTimeout(done, 100));
  }
  listening.close();
  listening.closeAllConnections?.();
  return truth;
}

async function httpServer(options, sessions) {
  const server = https.createServer({ ...options, ALPNProtocols: ['http/1.1'] }, answer);
  if (sessions) {
    const known = new Map();
    server.on('newSession', (id, data, done) => (known.set(id.toString('hex'), data), done()));
    server.on('resumeSession', (id, done) => done(null, known.get(id.toString('hex')) ?? null));
  }
  server.listen(PORT, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function http2Server(options) {
  const server = http2.createSecureServer(options, answer);
  server.listen(PORT, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function bareServer(options) {
  const server = createServer(options, (socket) => socket.on('error', () => {}));
  server.on('tlsClientError', () => {});
  server.listen(PORT, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function postgresqlServer(options) {
  const server = createPlainServer((plain) => {
    plain.once('data', () => {
      plain.write('S');
      const socket = new TLSSocket(plain, { ...options, isServer: true });
      socket.on('error', () => {});
      let isStarted = false;
      socket.on('data', (data) => {
        if (!isStarted) {
          isStarted = true;
          socket.write(Buffer.concat([pgMessage('R', Buffer.alloc(4)), PG.ready]));
          return;
        }
        const isInsert = data.includes('INSERT');
        const done = pgMessage('C', Buffer.from(isInsert ? 'INSERT 0 1\0' : 'SELECT 1\0'));
        setTimeout(() => socket.write(Buffer.concat([done, PG.ready])), isInsert ? 60 : 0);
      });
    });
  });
  server.listen(PORT, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function askForTls() {
  const plain = connectPlain(PORT, '127.0.0.1');
  await once(plain, 'connect');
  plain.write(PG.tls);
  await once(plain, 'data');
  return plain;
}

async function postgresqlCalls(socket, exchanges) {
  socket.write(PG.startup);
  await once(socket, 'data');
  for (const query of ['SELECT 1 WHERE secret = 17', 'INSERT INTO orders VALUES (42)']) {
    const began = performance.now();
    socket.write(pgMessage('Q', Buffer.from(`${query}\0`)));
    await once(socket, 'data');
    exchanges.push({
      method: query.slice(0, 6),
      path: '',
      status: -1,
      bodyBytes: 0,
      seconds: (performance.now() - began) / 1000,
    });
  }
}

function answer(request, response) {
  request.resume();
  request.on('end', () => {
    if (request.url.startsWith('/missing')) return response.writeHead(404).end('no such order');
    if (request.url.startsWith('/slow')) return setTimeout(() => response.end('late'), 120);
    if (request.method === 'POST') return response.writeHead(201, { 'content-length': 2 }).end('ok');
    if (request.url.startsWith('/large')) {
      // Several writes: chunked, over records of several sizes.
      for (const size of [4000, 17_000, 100, 9000]) response.write(Buffer.alloc(size, 'x'));
      return response.end();
    }
    response.writeHead(200, { 'content-length': 500 }).end(Buffer.alloc(500, 'o'));
  });
}

async function httpCalls(socket, exchanges, calls, renegotiate) {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  let given = false;
  agent.createConnection = () => {
    if (given) throw new Error('the connection was not kept');
    given = true;
    return socket;
  };
  for (const [method, path, size] of calls) {
    if (renegotiate && path === '/large')
      await new Promise((done, fail) => socket.renegotiate({}, (error) => (error ? fail(error) : done())));
    const began = performance.now();
    const request = https.request({
      agent,
      method,
      path,
      host: NAME,
      headers: size > 0 ? { 'content-length': size } : {},
    });
    request.end(size > 0 ? Buffer.alloc(size, 'p') : undefined);
    const [response] = await once(request, 'response');
    let bytes = 0;
    for await (const chunk of response) bytes += chunk.length;
    exchanges.push({
      method,
      path,
      status: response.statusCode,
      bodyBytes: bytes,
      seconds: (performance.now() - began) / 1000,
    });
    await new Promise((done) => setImmediate(done));
  }
}

async function http2Calls(socket, exchanges) {
  const session = http2.connect(`https://${NAME}`, { createConnection: () => socket });
  for (const [method, path, size] of CALLS) {
    const began = performance.now();
    const stream = session.request({ ':method': method, ':path': path });
    stream.end(size > 0 ? Buffer.alloc(size, 'p') : undefined);
    const [headers] = await once(stream, 'response');
    let bytes = 0;
    for await (const chunk of stream) bytes += chunk.length;
    exchanges.push({
      method,
      path,
      status: headers[':status'],
      bodyBytes: bytes,
      seconds: (performance.now() - began) / 1000,
    });
  }
  session.close();
  await once(session, 'close');
}
