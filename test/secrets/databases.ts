import {
  big32,
  cat,
  kafka as kafkaWire,
  little32,
  mongodb as mongoWire,
  mysql as mysqlWire,
  postgresql as postgresWire,
  redisCommand as command,
} from '../../src/protocols/upstream/testing/bytes.ts';
import type { Talk } from '../support/build-tcp.ts';
import type { Markers } from './marker.ts';

/** Databases' connections with secrets in all that is said. */

type Plant = (where: string, kind?: Parameters<Markers['plant']>[1]) => string;
const planter =
  (marks: Markers, database: string): Plant =>
  (where, kind) =>
    marks.plant(`${database} ${where}`, kind);

export function postgresql(marks: Markers): Talk[] {
  const secret = planter(marks, 'PostgreSQL');
  const { message, ready } = postgresWire;
  const startup = (): Buffer => {
    const parameters = `user\0${secret('user')}\0database\0${secret('database')}\0options\0${secret('options')}\0\0`;
    return postgresWire.startup(parameters);
  };
  const error = (code: string): string =>
    `SERROR\0VERROR\0C${code}\0M${secret('error message')}\0D${secret('error detail')}\0\0`;
  const row = (value: string): Buffer => message('D', cat([0, 1], big32(value.length), value));
  const statement = `stmt_${secret('statement name')}`;
  const wellSaid: Talk['said'] = [
    ['client', startup()],
    ['server', message('R', cat(big32(3)))],
    ['client', message('p', `${secret('password')}\0`)],
    ['server', cat(message('R', cat(big32(0))), message('S', `TimeZone\0${secret('parameter')}\0`), ready)],
    ['client', message('Q', `SELECT * FROM users WHERE password = '${secret('argument')}'\0`)],
    [
      'server',
      cat(
        message('T', cat([0, 1], `${secret('column')}\0`, new Uint8Array(18))),
        row(secret('value')),
        message('C', 'SELECT 1\0'),
        ready,
      ),
    ],
    ['client', message('Q', `${secret('verb', 'capitals')} now\0`)],
    ['server', cat(message('E', error('42601')), ready)],
    ['client', message('Q', `/* ${secret('comment')} */ ALTER USER x PASSWORD '${secret('new password')}'\0`)],
    ['server', cat(message('E', error(secret('SQLSTATE', 'capitals'))), ready)],
    [
      'client',
      cat(
        message('P', `${statement}\0INSERT INTO t VALUES ($1)\0\0\0`),
        message('B', `\0${statement}\0\0\0\0\u0001${secret('bound value')}\0\0`),
        message('E', '\0\0\0\0\0'),
        message('S', ''),
      ),
    ],
    ['server', cat(message('1', ''), message('2', ''), message('C', 'INSERT 0 1\0'), ready)],
    ['client', message('Q', 'COPY t FROM STDIN\0')],
    ['server', message('G', cat([0, 0, 1, 0, 0]))],
    ['client', cat(message('d', `1\t${secret('copied')}\n`), message('c', ''))],
    [
      'server',
      cat(
        message('C', 'COPY 1\0'),
        message('A', cat(big32(7), `news\0${secret('notification')}\0`)),
        message('N', error('00000')),
        ready,
      ),
    ],
    ['client', message('X', '')],
  ];
  const refused: Talk['said'] = [
    ['client', startup()],
    ['server', message('E', error('28P01'))],
  ];
  return [wellSaid, refused].map((said, index) => ({
    clientPort: 41_000 + index,
    serverPort: 5432,
    milliseconds: 800 + index * 50,
    said,
  }));
}

export function mysql(marks: Markers): Talk {
  const secret = planter(marks, 'MySQL');
  const { packet, ok } = mysqlWire;
  const failed = (sequence: number, code: number): Buffer => mysqlWire.error(sequence, code, secret('error message'));
  const greeting = cat(
    [10],
    `8.0.36-${secret('version')}\0`,
    little32(7),
    secret('salt').slice(0, 8),
    [0, 0xff, 0xf7, 8, 2, 0, 0xff, 0xdf, 21],
    new Uint8Array(10),
    `${secret('more salt').slice(0, 12)}\0`,
  );
  const response = cat(
    [0x8d, 0xa6, 0x0f, 0],
    little32(1 << 24),
    [33],
    new Uint8Array(23),
    `${secret('user')}\0`,
    [20],
    secret('password').slice(0, 20),
    `${secret('database')}\0`,
  );
  return {
    clientPort: 41_100,
    serverPort: 3306,
    milliseconds: 1000,
    said: [
      ['server', packet(0, greeting)],
      ['client', packet(1, response)],
      ['server', ok(2)],
      ['client', packet(0, `\u0003SELECT * FROM cards WHERE number = '${secret('argument')}'`)],
      [
        'server',
        cat(
          packet(1, '\u0001'),
          packet(2, `\u0003def${secret('column definition')}`),
          packet(3, '\u00fe\0\0\u0002\0'),
          packet(4, `\u001a${secret('value')}`),
          packet(5, '\u00fe\0\0\u0002\0'),
        ),
      ],
      ['client', packet(0, `\u0003${secret('verb', 'capitals')} x`)],
      ['server', failed(1, 1064)],
      ['client', packet(0, `\u0002${secret('database that is used')}`)],
      ['server', failed(1, 1049)],
      ['client', packet(0, `\u0016INSERT INTO t VALUES ('${secret('in a prepared statement')}', ?)`)],
      ['server', packet(1, '\0\u0007\0\0\0\0\0\0\0\0\0\0')],
      ['client', packet(0, `\u0017\u0007\0\0\0\0\u0001\0\0\0${secret('bound value')}`)],
      ['server', ok(1)],
      ['client', packet(0, `\u0003LOAD DATA LOCAL INFILE '${secret('file name')}' INTO TABLE t`)],
      ['server', packet(1, `\u00fb${secret('file that is asked for')}`)],
      ['client', cat(packet(2, secret('content of a file')), packet(3, ''))],
      ['server', ok(4)],
    ],
  };
}

const turn = (asks: string, answers: string): Talk['said'] => [
  ['client', asks],
  ['server', answers],
];

export function redis(marks: Markers): Talk {
  const secret = planter(marks, 'Redis');
  const value = secret('value');
  return {
    clientPort: 41_200,
    serverPort: 6379,
    milliseconds: 1200,
    said: [
      ...turn(command('AUTH', secret('user'), secret('password')), `-WRONGPASS ${secret('error text')}\r\n`),
      ...turn(command('HELLO', '3', 'AUTH', secret('HELLO user'), secret('HELLO password')), '+OK\r\n'),
      ...turn(command('SET', secret('key'), secret('argument')), '+OK\r\n'),
      ...turn(command('GET', 'k'), `$${value.length}\r\n${value}\r\n`),
      ...turn(
        command(secret('command', 'capitals'), secret('argument of it')),
        `-ERR unknown command '${secret('echoed command')}'\r\n`,
      ),
      ...turn(
        command('EVAL', `return '${secret('script')}'`, '0'),
        `-${secret('error word', 'capitals')} from a script\r\n`,
      ),
      ...turn(command('CONFIG', 'SET', 'requirepass', secret('new password')), `+${secret('status text')}\r\n`),
      ...turn(
        command('SUBSCRIBE', secret('channel')),
        `*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$${value.length}\r\n${value}\r\n`,
      ),
    ],
  };
}

export function kafka(marks: Markers): Talk {
  const secret = planter(marks, 'Kafka');
  const { text, framed } = kafkaWire;
  const request = (kind: number, version: number, number: number, body: Buffer): Buffer =>
    kafkaWire.request(kind, version, number, secret('client id'), body);
  return {
    clientPort: 41_300,
    serverPort: 9092,
    milliseconds: 1400,
    said: [
      ['client', request(18, 0, 1, cat([]))],
      ['server', framed(cat(big32(1), [0, 0], big32(0)))],
      ['client', request(17, 1, 2, text('PLAIN'))],
      ['server', framed(cat(big32(2), [0, 0], big32(1), text(secret('mechanism'))))],
      ['client', request(36, 0, 3, cat(big32(60), `\0${secret('SASL user')}\0${secret('SASL password')}`))],
      ['server', framed(cat(big32(3), [0, 58], text(secret('SASL error text')), big32(0)))],
      [
        'client',
        request(
          0,
          3,
          4,
          cat([0xff, 0xff, 0, 1], big32(1000), big32(1), text(secret('topic')), big32(1), secret('message')),
        ),
      ],
      [
        'server',
        framed(
          cat(big32(4), big32(1), text(secret('topic of the answer')), big32(1), big32(0), [0, 3], new Uint8Array(16)),
        ),
      ],
    ],
  };
}

const mongoMessage = (number: number, to: number, ...fields: readonly Buffer[]): Buffer =>
  mongoWire.message(number, to, 0, ...fields);

export function mongodb(marks: Markers): Talk {
  const secret = planter(marks, 'MongoDB');
  const { string, int32, binary } = mongoWire;
  return {
    clientPort: 41_400,
    serverPort: 27_017,
    milliseconds: 1600,
    said: [
      [
        'client',
        mongoMessage(
          1,
          0,
          int32('saslStart', 1),
          binary('payload', secret('SASL payload')),
          string('$db', secret('database')),
        ),
      ],
      ['server', mongoMessage(10, 1, int32('ok', 1), binary('payload', secret('SASL answer')))],
      ['client', mongoMessage(2, 0, string('find', secret('collection')), string('filter', secret('filter')))],
      ['server', mongoMessage(11, 2, string(secret('field'), secret('value')), int32('ok', 1))],
      ['client', mongoMessage(3, 0, string(secret('command', 'letters'), secret('argument')))],
      [
        'server',
        mongoMessage(
          12,
          3,
          int32('ok', 0),
          string('errmsg', secret('error text')),
          int32('code', 59),
          string('codeName', secret('code name', 'letters')),
        ),
      ],
    ],
  };
}

export function memcached(marks: Markers): Talk {
  const secret = planter(marks, 'memcached');
  const value = secret('value');
  return {
    clientPort: 41_500,
    serverPort: 11_211,
    milliseconds: 1800,
    said: [
      ['client', `set ${secret('key')} 0 0 ${value.length}\r\n${value}\r\n`],
      ['server', 'STORED\r\n'],
      ['client', `get ${secret('other key')}\r\n`],
      ['server', `VALUE ${secret('key of the answer')} 0 ${value.length}\r\n${value}\r\nEND\r\n`],
      ['client', `incr ${secret('third key')} 1\r\n`],
      ['server', `CLIENT_ERROR ${secret('error text')}\r\n`],
    ],
  };
}
