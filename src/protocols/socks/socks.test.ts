import { describe, expect, it } from 'vitest';
import { inShort, talk } from '../http1/testing/talk.ts';
import { socks } from './socks.ts';

const GET = 'GET /a HTTP/1.1\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const OFFER = '\x05\x01\0';
const NAME = '\x05\x01\0\x03\x09items.far\0\x50';
const IPV4 = '\x05\x01\0\x01\x0a\0\0\x01\0\x50';
const IPV6 = `\x05\x01\0\x04${'\x20'.repeat(16)}\0\x50`;
const GRANTED = '\x05\0\0\x01\0\0\0\0\0\0';
const REFUSED = '\x05\x05\0\x01\0\0\0\0\0\0';
const PASSWORD = '\x01\x04anna\x06secret';

const ask = (request = NAME) => talk({}, [socks]).client(OFFER).server('\x05\0').client(request);

describe('SOCKS', () => {
  it.each([
    ['a name', NAME],
    ['an IPv4 address', IPV4],
    ['an IPv6 address', IPV6],
  ])('to %s is passed over', (_, request) => {
    const spoken = ask(request).server(GRANTED).client(GET).server(OK);
    expect(inShort(spoken.exchanges)).toEqual(['GET /a 200 ok']);
    expect(spoken.connection.protocol).toBe('http/1.1');
  });

  it('with a password as well', () => {
    const spoken = talk({}, [socks]).client('\x05\x02\0\x02').server('\x05\x02').client(PASSWORD).server('\x01\0');
    expect(inShort(spoken.client(NAME).server(GRANTED).client(GET).server(OK).exchanges)).toEqual(['GET /a 200 ok']);
  });

  it('is passed over in parts, and with what follows in one packet', () => {
    const spoken = talk({}, [socks]).client('\x05').client('\x01\0').server('\x05').server('\0');
    spoken.client(NAME.slice(0, 5)).client(NAME.slice(5)).server(GRANTED.slice(0, 4));
    expect(inShort(spoken.server(GRANTED.slice(4)).client(GET).server(OK).exchanges)).toEqual(['GET /a 200 ok']);
  });

  it.each([
    ['that is refused', () => ask().server(REFUSED)],
    ['of which a part was lost', () => talk({}, [socks]).client(OFFER).lost('server', 2).client(NAME).server(GRANTED)],
    ['with an address of no kind', () => ask('\x05\x01\0\x07\x0a\0\0\x01\0\x50').server(GRANTED)],
  ])('%s is given up', (_, begin) => {
    expect(inShort(begin().client(GET).server(OK).exchanges)).toEqual([]);
  });

  it.each([
    ['offers nothing', '\x05\0'],
    ['offers more than there is', `\x05\x20${'\0'.repeat(32)}`],
    ['says more at once than it may', `${OFFER}${NAME}`],
  ])('is none where the client %s', (_, first) => {
    expect(socks.recognise('client', Buffer.from(first, 'latin1'), 0, first.length, true)).toBe('no');
  });
});
