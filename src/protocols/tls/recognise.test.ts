import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HANDSHAKE } from './handshake-reader.ts';
import { recogniseTls } from './recognise.ts';
import { alert, clientHello, message, record, sealed, serverHello } from './testing/hellos.ts';

const HELLO = record(22, message(HANDSHAKE.clientHello, clientHello({ serverName: 'a.example' })), 0x0301);
const ANSWER = record(22, message(HANDSHAKE.serverHello, serverHello()));
const OLD = Buffer.concat([Buffer.from('802e0103010015000000100000350000300000', 'hex'), Buffer.alloc(29, 7)]);
const ask = (from: 'client' | 'server', bytes: Uint8Array, fromStart = true) =>
  recogniseTls(from, bytes, 0, bytes.length, fromStart);

describe('at the start', () => {
  it('a hello is TLS as soon as it shows', () => {
    for (const [from, hello] of [
      ['client', HELLO],
      ['server', ANSWER],
      ['client', OLD],
    ] as const) {
      for (let length = 1; length < 6; length++) expect(ask(from, hello.subarray(0, length))).not.toBe('no');
      for (let length = 6; length <= hello.length; length++) expect(ask(from, hello.subarray(0, length))).toBe('yes');
    }
  });

  it('an alert is, where nothing in common was found', () => {
    expect(ask('server', alert(2, 70))).toBe('yes');
    expect(ask('server', sealed(21, 26))).toBe('no');
  });

  it.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\n')],
    ['HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['PostgreSQL', Buffer.from('0000000804d2162f', 'hex')],
    ['MySQL', Buffer.from('4a0000000a382e302e33', 'hex')],
    ['Redis', Buffer.from('*1\r\n$4\r\nPING\r\n')],
    ['a MySQL packet that begins like a record', Buffer.from('16030000010203040506', 'hex')],
    ['application data', sealed(23, 100)],
    ['the other side’s hello', ANSWER],
  ])('%s is not', (_, bytes) => {
    expect(ask('client', bytes)).toBe('no');
  });
});

describe('in the midst', () => {
  it('records are, anywhere in a segment', () => {
    expect(ask('server', sealed(23, 4000).subarray(0, 1400), false)).toBe('yes');
    expect(ask('client', Buffer.concat([Buffer.alloc(500, 0x99), sealed(23, 60), sealed(23, 80)]), false)).toBe('yes');
    expect(ask('client', Buffer.concat([Buffer.alloc(500, 0x99), sealed(23, 60)]), false)).toBe('yes');
  });

  it('one that would begin within a segment and end beyond it proves nothing', () => {
    expect(ask('client', Buffer.concat([Buffer.alloc(500, 0x99), sealed(23, 600).subarray(0, 300)]), false)).toBe('no');
  });

  it('a record of SSL 3.0 is less likely than a length that looks like it', () => {
    expect(ask('server', Buffer.concat([record(22, Buffer.alloc(200), 0x0300)]), false)).toBe('no');
  });
});

it('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), fc.boolean(), (bytes, isClient, fromStart) => {
      expect(['yes', 'no', 'more']).toContain(ask(isClient ? 'client' : 'server', bytes, fromStart));
    }),
    { numRuns: 1000 },
  );
});
