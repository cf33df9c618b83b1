import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressTable } from '../../base/addresses.ts';
import { createDnsMessage } from '../../model/dns-message.ts';
import { createDnsParser } from './message.ts';
import { emitMessage, type WireMessage } from './testing/emit.ts';

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const address = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
const wire: fc.Arbitrary<WireMessage> = fc
  .record({
    id: fc.nat(0xffff),
    response: fc.boolean(),
    rcode: fc.nat(5),
    truncated: fc.boolean(),
    name,
    type: fc.constantFrom(1, 28, 12, 33),
    answers: fc.array(fc.record({ type: fc.constant(1), ttl: fc.nat(86_400), data: address }), { maxLength: 8 }),
    ednsSize: fc.constantFrom(-1, 512, 1232, 4096),
    cookie: fc.boolean(),
  })
  .map((message) => ({
    ...message,
    answers: message.response ? message.answers : [],
    rcode: message.response ? message.rcode : 0,
    cookie: message.cookie && message.ednsSize >= 0,
  }));

function parse(bytes: Uint8Array, from = 0, to = bytes.length) {
  const message = createDnsMessage();
  return { ok: createDnsParser(new AddressTable()).parse(bytes, from, to, message), message };
}

describe('DNS messages', () => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(wire, fc.nat(20), (sent, shift) => {
        const emitted = emitMessage(sent);
        const bytes = new Uint8Array(shift + emitted.length + 3);
        bytes.set(emitted, shift);
        const { ok, message } = parse(bytes, shift, shift + emitted.length);
        expect(ok).toBe(true);
        expect(message).toMatchObject({
          id: sent.id,
          response: sent.response,
          rcode: sent.rcode,
          truncated: sent.truncated,
          name: sent.name,
          type: sent.type,
          ednsSize: sent.ednsSize,
          cookie: sent.cookie,
          answerCount: sent.answers.length,
          addresses: sent.answers.map((answer) => answer.data.join('.')),
          ttl: sent.answers.length === 0 ? -1 : Math.min(...sent.answers.map((answer) => answer.ttl)),
          cut: false,
        });
      }),
    );
  });

  it('keeps what stands before a cut, and never throws', () => {
    fc.assert(
      fc.property(wire, fc.nat(200), (sent, at) => {
        const bytes = emitMessage(sent);
        const end = at % bytes.length;
        const { ok, message } = parse(bytes, 0, end);
        const question = 12 + sent.name.length + 2 + 4;
        expect(ok).toBe(end >= question);
        if (ok) expect(message.name).toBe(sent.name);
      }),
    );
  });

  it('knows of a query that is cut in its OPT record that it has one, and its size where that is before the cut', () => {
    const query = { id: 7, response: false, rcode: 0, truncated: false, name: 'db.test', type: 1, answers: [] };
    const bytes = emitMessage({ ...query, ednsSize: 1232, cookie: true });
    const sizeFrom = (cut: number): number => parse(bytes, 0, bytes.length - cut).message.ednsSize;
    const cookie = 12;
    expect([0, 1, cookie].map(sizeFrom)).toEqual([1232, 1232, 1232]);
    expect([cookie + 1, cookie + 6].map(sizeFrom)).toEqual([1232, 1232]);
    expect([cookie + 7, cookie + 11].map(sizeFrom)).toEqual([0, 0]);
    const plain = emitMessage({ ...query, ednsSize: -1, cookie: false });
    expect(parse(plain).message.ednsSize).toBe(-1);
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => parse(bytes)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  it('survives flips of a message', () => {
    fc.assert(
      fc.property(wire, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), (sent, flips) => {
        const bytes = emitMessage(sent);
        for (const [at, value] of flips) bytes[at % bytes.length] = value;
        expect(() => parse(bytes)).not.toThrow();
      }),
    );
  });

  it('does not follow names that point to themselves or forward', () => {
    const bytes = emitMessage({ ...empty, name: 'a' });
    bytes.set([0xc0, 12], 12);
    expect(parse(bytes).ok).toBe(false);
    bytes.set([0xc0, 30], 12);
    expect(parse(bytes).ok).toBe(false);
  });

  it('takes names apart by case no more than DNS does', () => {
    const upper = parse(emitMessage({ ...empty, name: 'API.Example.COM' })).message;
    const lower = parse(emitMessage({ ...empty, name: 'api.example.com' })).message;
    expect(upper.name).toBe('api.example.com');
    expect(upper.nameHash).toBe(lower.nameHash);
    expect(upper.labelHash).toBe(lower.labelHash);
  });

  it('writes the root as a dot, also where it is the first name of all', () => {
    expect(parse(emitMessage({ ...empty, name: '.' })).message).toMatchObject({ name: '.', type: 1 });
  });

  it('escapes what is no printable character', () => {
    expect(parse(emitMessage({ ...empty, name: 'a\u001b[31mb' })).message.name).toBe('a\\027[31mb');
  });

  it('reads what has the reserved bit set', () => {
    for (const response of [false, true]) {
      const bytes = emitMessage({ ...empty, response });
      bytes[3] = (bytes[3] as number) | 0x40;
      expect(parse(bytes)).toMatchObject({ ok: true, message: { name: 'a.test', response, rcode: 0 } });
    }
  });

  it('adds the upper bits of the code from EDNS', () => {
    const { message } = parse(emitMessage({ ...empty, response: true, rcode: 23, ednsSize: 1232 }));
    expect(message.rcode).toBe(23);
  });
});

const empty: WireMessage = {
  id: 1,
  response: false,
  rcode: 0,
  truncated: false,
  name: 'a.test',
  type: 1,
  answers: [],
  ednsSize: -1,
  cookie: false,
};
