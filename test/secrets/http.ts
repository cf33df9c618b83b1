import { bytesOf, type Talk } from '../support/build-tcp.ts';
import {
  block,
  data,
  frame,
  goAway,
  headers,
  ping,
  PREFACE,
  settings,
} from '../../src/protocols/http2/testing/frames.ts';
import type { Markers } from './marker.ts';

const request = (line: string, ...fields: string[]): string =>
  `${[line, 'Host: orders:8080', ...fields].join('\r\n')}\r\n\r\n`;
const answer = (status: string, content: string, ...fields: string[]): string =>
  `${[`HTTP/1.1 ${status}`, `Content-Length: ${content.length}`, ...fields].join('\r\n')}\r\n\r\n${content}`;

/** HTTP/1.1 with secrets wherever people put them. */
export function http1(marks: Markers): Talk[] {
  const secret = (where: string, kind?: Parameters<Markers['plant']>[1]): string =>
    marks.plant(`HTTP/1 ${where}`, kind);
  const basic = Buffer.from(`admin:${secret('Basic password')}`).toString('base64');
  const token = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(secret('JWT')).toString('base64url')}.${secret('JWT signature', 'hex')}`;
  const body = `{"password":"${secret('request body')}"}`;
  const page = `<p>${secret('response body')}</p>`;
  const lines: [string, string][] = [
    [
      request(
        `GET /api/orders?token=${secret('query')}&page=2#${secret('fragment')} HTTP/1.1`,
        `Authorization: Bearer ${token}`,
        `Proxy-Authorization: Basic ${basic}`,
        `Cookie: sid=${secret('Cookie')}; theme=dark`,
        `X-Api-Key: ${secret('X-Api-Key')}`,
        `X-Internal-Thing: ${secret('custom header')}`,
        `Referer: http://shop/?session=${secret('Referer')}`,
        `User-Agent: curl/8 (${secret('User-Agent')})`,
      ),
      answer(
        `200 ${secret('reason phrase')}`,
        page,
        `Set-Cookie: sid=${secret('Set-Cookie')}; HttpOnly`,
        `Location: /callback?code=${secret('Location')}`,
        `X-Auth-Token: ${secret('response header')}`,
        `Retry-After: ${secret('Retry-After')}`,
      ),
    ],
    ...[
      `/reset/${secret('reset path', 'hex')}`,
      `/users/${secret('uuid path', 'uuid')}/orders`,
      `/share/${secret('base64 path', 'base64').replace(/[+/]/g, '_')}`,
      `/hooks/${secret('word path')}`,
      `/token/${secret('letters behind token', 'letters')}`,
      `/v1/${encodeURIComponent(secret('escaped path', 'base64'))}`,
      `/page;jsessionid=${secret('path parameter')}`,
      `/${token}/profile`,
      `http://user:${secret('userinfo')}@orders:8080/status`,
      `//user:${secret('userinfo without scheme')}@orders/status`,
      `/broken\u001b[31m${secret('behind a control byte')}`,
    ].map((target): [string, string] => [request(`GET ${target} HTTP/1.1`), answer('503 Busy', secret('error body'))]),
    [
      `POST /upload HTTP/1.1\r\nHost: user:${secret('userinfo in Host')}@orders\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `${body.length.toString(16)};sig=${secret('chunk extension')}\r\n${body}\r\n0\r\nX-Checksum: ${secret('trailer')}\r\n\r\n`,
      answer('500 Oops', secret('error page')),
    ],
  ];
  const good: Talk = {
    clientPort: 40_001,
    serverPort: 8080,
    milliseconds: 0,
    said: lines.flatMap(([asks, answers]) => [['client', asks] as const, ['server', answers] as const]),
  };
  const odd: Talk['said'][] = [
    [
      ['client', `${secret('method', 'capitals')} / HTTP/1.1\r\nHost: a\r\n\r\n`],
      ['server', answer('405 No', 'no')],
    ],
    [
      ['client', request('GET / HTTP/1.1', `broken ${secret('broken header')}`, '')],
      ['server', `HTTP/1.1 abc ${secret('broken status')}\r\n\r\n`],
    ],
    [
      [
        'client',
        request(
          'GET /ws HTTP/1.1',
          'Upgrade: websocket',
          'Connection: Upgrade',
          `Sec-WebSocket-Key: ${secret('WebSocket key')}`,
          `Sec-WebSocket-Protocol: bearer.${secret('WebSocket protocol')}`,
        ),
      ],
      ['server', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
      ['server', `\u0081\u001a${secret('WebSocket message')}`],
    ],
    [
      ['client', request('CONNECT user:pass@inner:443 HTTP/1.1', `Proxy-Authorization: Basic ${basic}`)],
      ['server', `HTTP/1.1 200 OK\r\n\r\n`],
      ['client', secret('inside CONNECT')],
    ],
    // Cut in the midst.
    [['client', `GET /a?key=${secret('cut query')} HTTP/1.1\r\nAuthorization: ${secret('cut header')}`]],
    [
      ['client', request('GET /slow HTTP/1.1', `Cookie: ${secret('cookie without an answer')}`)],
      ['server', `HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n${secret('cut body')}`],
    ],
  ];
  const others = odd.map((said, index) => ({
    clientPort: 40_010 + index,
    serverPort: 8080,
    milliseconds: 200 + index * 20,
    said,
  }));
  return [good, ...others];
}

/** The metadata service's answers: credentials. */
export function metadata(marks: Markers): Talk {
  const secret = (where: string, kind?: Parameters<Markers['plant']>[1]): string =>
    marks.plant(`metadata ${where}`, kind);
  const role = secret('role');
  const token = secret('IMDSv2 token', 'base64');
  const credentials = JSON.stringify({
    Code: 'Success',
    LastUpdated: '2026-01-01T00:00:00Z',
    Type: 'AWS-HMAC',
    AccessKeyId: `ASIA${secret('AccessKeyId', 'capitals').slice(0, 16)}`,
    SecretAccessKey: secret('SecretAccessKey', 'base64'),
    Token: secret('Token', 'base64'),
    Expiration: '2026-01-01T06:00:00Z',
  });
  const list = '/latest/meta-data/iam/security-credentials/';
  const get = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: 169.254.169.254\r\nX-aws-ec2-metadata-token: ${token}\r\n\r\n`;
  return {
    server: '169.254.169.254',
    clientPort: 40_100,
    serverPort: 80,
    milliseconds: 500,
    said: [
      [
        'client',
        'PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\nContent-Length: 0\r\n\r\n',
      ],
      ['server', answer('200 OK', token)],
      ['client', get(list)],
      ['server', answer('200 OK', role)],
      ['client', get(list + role)],
      ['server', answer('200 OK', credentials)],
    ],
  };
}

/** HTTP/2 and gRPC by prior knowledge. */
export function http2(marks: Markers): Talk {
  const secret = (where: string, kind?: Parameters<Markers['plant']>[1]): string =>
    marks.plant(`HTTP/2 ${where}`, kind);
  const END = 1;
  const asked = headers(
    1,
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', `user:${secret('userinfo')}@orders`],
      [':path', `/accounts/${secret('path', 'hex')}?key=${secret('query')}`],
      ['authorization', `Bearer ${secret('authorization')}`],
      ['cookie', `sid=${secret('cookie')}`],
      ['x-api-key', secret('x-api-key')],
      ['x-anything', secret('custom value')],
    ],
    END,
  );
  const answered = [
    headers(1, [
      [':status', '200'],
      ['set-cookie', secret('set-cookie')],
      ['retry-after', secret('retry-after')],
    ]),
    data(1, bytesOf(secret('body')), END),
  ];
  const called = [
    headers(3, [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':authority', 'orders'],
      [':path', '/shop.Orders/Get'],
      ['content-type', 'application/grpc'],
      ['grpc-timeout', `${secret('grpc-timeout')}S`],
      ['authorization', `Bearer ${secret('gRPC authorization')}`],
      ['x-token-bin', Buffer.from(secret('gRPC binary metadata')).toString('base64')],
    ]),
    data(3, Buffer.concat([Buffer.from([0, 0, 0, 0, 26]), bytesOf(secret('gRPC message'))]), END),
  ];
  const failed = [
    headers(3, [
      [':status', '200'],
      ['content-type', 'application/grpc'],
    ]),
    headers(
      3,
      [
        ['grpc-status', '16'],
        ['grpc-message', `token ${secret('grpc-message')} expired`],
        ['grpc-status-details-bin', Buffer.from(secret('grpc-status-details')).toString('base64')],
      ],
      END,
    ),
  ];
  const odd = [
    headers(
      5,
      [
        [':method', secret('method', 'capitals')],
        [':scheme', 'http'],
        [':path', `/files/${secret('path', 'base64')}`],
      ],
      END,
    ),
    frame(1, 4 | END, 7, Buffer.concat([block([[':method', 'GET']]), Buffer.from([0x40, 0xff])])),
    ping(Buffer.from(secret('ping').slice(-8)).toString('hex')),
  ];
  return {
    clientPort: 40_200,
    serverPort: 50_051,
    milliseconds: 600,
    said: [
      ['client', Buffer.concat([PREFACE, settings(), asked])],
      ['server', Buffer.concat([settings(), ...answered])],
      ['client', Buffer.concat(called)],
      ['server', Buffer.concat(failed)],
      ['client', Buffer.concat(odd)],
      [
        'server',
        Buffer.concat([headers(5, [[':status', secret('status')]], END), goAway(5, 11, secret('GOAWAY', 'letters'))]),
      ],
    ],
  };
}

/** The same, from the midst: no preface, and a GOAWAY that is one word. */
export const http2Rest = (marks: Markers): Talk => ({
  clientPort: 40_201,
  serverPort: 50_051,
  milliseconds: 700,
  said: [
    ['client', Buffer.concat([PREFACE, settings()])],
    ['server', Buffer.concat([settings(), goAway(0, 0, marks.plant('HTTP/2 GOAWAY without an error', 'hex'))])],
  ],
});
