import { describe, expect, it } from 'vitest';
import { mongodb } from './mongodb.ts';
import { cat, little32, mongodb as wire } from './testing/bytes.ts';
import { Talk } from './testing/talk.ts';

const { document, framed, inner, int32, message, string } = wire;
const [MORE, EXHAUST_ALLOWED] = [2, 0x1_0000];
const ok = (number: number, to: number, flags = 0): Buffer => message(number, to, flags, int32('n', 1), int32('ok', 1));
const asks = (number: number, name: string, flags = 0): Buffer =>
  message(number, 0, flags, string(name, 'x'), string('$db', 'shop'));

describe('commands', () => {
  it('are named where they are known, and paired by number', () => {
    const talk = new Talk(mongodb).client(asks(1, 'find'), asks(2, 'mySecretCommand')).server(ok(10, 2), ok(11, 1));
    expect(talk.said).toEqual(['COMMAND ok 2-3', 'find ok 1-4']);
  });

  it('in other forms: before OP_MSG, behind other documents, packed', () => {
    const legacy = (collection: string, ...fields: readonly Uint8Array[]): Buffer =>
      framed(2004, 1, 0, cat(little32(0), `${collection}\0`, little32(0), little32(-1), document(...fields)));
    const reply = framed(1, 10, 1, cat(little32(8), new Uint8Array(12), little32(1), document(int32('ok', 1))));
    const documents = cat(document(int32('_id', 1)));
    const section = cat([1], little32(4 + 10 + documents.length), 'documents\0', documents);
    const behind = framed(2013, 1, 0, cat(little32(0), section, [0], document(string('insert', 'fruit'))));
    const packed = framed(2012, 1, 0, cat(little32(2013), little32(99), [2], 'packed'));
    const methods = [
      legacy('admin.$cmd', int32('isMaster', 1)),
      legacy('admin.$cmd', inner(3, '$query', document(int32('ping', 1)))),
      legacy('shop.fruit', int32('a', 1)),
      behind,
      packed,
    ].map((bytes) => new Talk(mongodb).client(bytes).server(reply).said[0]);
    expect(methods).toEqual(['isMaster ok 1-2', 'ping ok 1-2', 'query ok 1-2', 'insert ok 1-2', "'' ok 1-2"]);
  });

  it('of before OP_MSG fail by their own word, not by a field of what a query finds', () => {
    const query = framed(
      2004,
      1,
      0,
      cat(little32(0), 'shop.orders\0', little32(0), little32(-1), document(int32('a', 1))),
    );
    const ping = framed(
      2004,
      1,
      0,
      cat(little32(0), 'admin.$cmd\0', little32(0), little32(-1), document(int32('ping', 1))),
    );
    const reply = (...fields: readonly Uint8Array[]): Buffer =>
      framed(1, 10, 1, cat(little32(8), new Uint8Array(12), little32(1), document(...fields)));
    const said = [
      new Talk(mongodb).client(query).server(reply(int32('ok', 0), int32('code', 7))),
      new Talk(mongodb).client(query).server(reply(string('$err', 'x'), int32('code', 13))),
      new Talk(mongodb).client(ping).server(reply(int32('ok', 0), int32('code', 13))),
    ].map((talk) => talk.said[0]);
    expect(said).toEqual(['query ok 1-2', 'query error 13 1-2', 'ping error 13 1-2']);
  });

  it('that want no answer are no exchange', () => {
    const talk = new Talk(mongodb)
      .client(
        asks(1, 'insert', MORE),
        framed(2002, 2, 0, cat(little32(0), 'shop.fruit\0', document())),
        asks(3, 'ping'),
      )
      .server(ok(10, 3));
    expect(talk.said).toEqual(['ping ok 3-4']);
  });

  it('that wait for news last by design', () => {
    const talk = new Talk(mongodb)
      .client(message(1, 0, 0, int32('getMore', 7), string('collection', 'x'), int32('maxTimeMS', 1000)))
      .server(ok(10, 1))
      .client(message(2, 0, 0, int32('getMore', 7), string('collection', 'x')))
      .server(ok(11, 2));
    expect(talk.said).toEqual(['getMore stream ok 1-2', 'getMore ok 3-4']);
  });

  it('that are answered on and on are one exchange', () => {
    const talk = new Talk(mongodb)
      .client(message(1, 0, EXHAUST_ALLOWED, int32('hello', 1), int32('maxAwaitTimeMS', 10_000)))
      .server(ok(10, 1, MORE), ok(11, 10, MORE), ok(12, 11));
    expect(talk.said).toEqual(['hello stream ok 1-4']);
  });
});

const failed = (...fields: readonly Uint8Array[]): string | undefined =>
  new Talk(mongodb).client(asks(1, 'insert')).server(message(10, 1, 0, ...fields)).said[0];

describe('errors', () => {
  it('are told by number: of a command, of a write, of its acknowledgement', () => {
    expect(failed(int32('ok', 0), string('errmsg', 'secret'), int32('code', 59))).toBe('insert error 59 1-2');
    const writes = inner(4, 'writeErrors', document(inner(3, '0', document(int32('index', 0), int32('code', 11_000)))));
    expect(failed(int32('n', 0), writes, int32('ok', 1))).toBe('insert error 11000 1-2');
    expect(failed(int32('ok', 1), inner(3, 'writeConcernError', document(int32('code', 64))))).toBe(
      'insert error 64 1-2',
    );
    expect(failed(int32('ok', 0))).toBe('insert error error 1-2');
    const double = cat([1], 'ok\0', new Uint8Array(8));
    expect(failed(double)).toBe('insert error error 1-2');
    expect(failed(int32('n', 1), int32('ok', 1))).toBe('insert ok 1-2');
  });
});
