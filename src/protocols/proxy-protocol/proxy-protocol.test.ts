import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inShort, talk } from '../http1/testing/talk.ts';
import { proxyProtocol } from './proxy-protocol.ts';

const GET = 'GET /a HTTP/1.1\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const TEXT = 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n';
const BINARY = `\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c${'\x0a'.repeat(12)}`;
// With 300 bytes of further fields: the length takes both its bytes.
const LONG = `\r\n\r\n\0\r\nQUIT\n\x21\x11\x01\x38${'\x0a'.repeat(312)}`;

describe('the PROXY protocol', () => {
  it.each([
    ['version 1', TEXT],
    ['version 2', BINARY],
    ['version 2 with much to say', LONG],
    ['version 1 that knows nothing', 'PROXY UNKNOWN\r\n'],
  ])('%s is passed over, however it is cut', (_, head) => {
    fc.assert(
      fc.property(fc.nat(head.length + GET.length), (cut) => {
        const said = head + GET;
        const spoken = talk({}, [proxyProtocol]);
        if (cut > 0) spoken.client(said.slice(0, cut));
        if (cut < said.length) spoken.client(said.slice(cut));
        expect(inShort(spoken.server(OK).exchanges)).toEqual(['GET /a 200 ok']);
        expect(spoken.connection.protocol).toBe('http/1.1');
      }),
    );
  });

  it('lets the server speak first', () => {
    const heard: string[] = [];
    const spoken = talk({}, [
      proxyProtocol,
      {
        id: 'greeting',
        ports: [],
        recognise: (from) => (from === 'server' ? 'yes' : 'no'),
        open: ({ fromStart }) => {
          heard.push(`from start: ${fromStart}`);
          return { push: (from) => heard.push(from), gap: () => undefined, end: () => undefined };
        },
      },
    ]);
    spoken.client(TEXT).server('hello').client('hello');
    expect(heard).toEqual(['from start: true', 'server', 'client']);
  });

  it('that was lost in part is given up', () => {
    const { exchanges } = talk({}, [proxyProtocol]).client(TEXT.slice(0, 12)).lost('client', 40).client(GET).server(OK);
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok']);
  });

  it('is none in the midst of a connection', () => {
    const { connection } = talk({ syns: [], synAcks: [] }, [proxyProtocol]).client(TEXT).client(GET).server(OK);
    expect(connection.protocol).toBe('http/1.1');
  });
});
