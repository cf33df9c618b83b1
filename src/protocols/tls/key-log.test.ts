import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyLog } from './key-log.ts';

const RANDOM = 'ab'.repeat(32);
const MASTER = 'cd'.repeat(48);
const TRAFFIC = 'ef'.repeat(32);

describe('a key log', () => {
  it('gives each connection its secrets, however they are written', () => {
    const keyLog = createKeyLog();
    keyLog.text(
      Buffer.from(
        [
          '# a comment',
          '',
          `CLIENT_RANDOM ${RANDOM.toUpperCase()} ${MASTER}\r`,
          `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${RANDOM} ${TRAFFIC}`,
          `SERVER_TRAFFIC_SECRET_0 ${'00'.repeat(32)} ${TRAFFIC}`,
          `EXPORTER_SECRET ${RANDOM} ${TRAFFIC}`,
        ].join('\n'),
      ),
    );
    expect(keyLog.find(RANDOM)).toEqual({
      master: Buffer.from(MASTER, 'hex'),
      clientHandshake: Buffer.from(TRAFFIC, 'hex'),
    });
    expect(Object.keys(keyLog.find('00'.repeat(32)) ?? {})).toEqual(['serverTraffic']);
    expect(keyLog.find('11'.repeat(32))).toBeUndefined();
    expect(keyLog.learned).toBe(3);
  });

  it.each([
    ['another format', `RSA ${'aa'.repeat(8)} ${MASTER}`],
    ['a random that is too short', `CLIENT_RANDOM ${'ab'.repeat(31)} ${MASTER}`],
    ['half an octet', `CLIENT_RANDOM ${RANDOM} ${MASTER}a`],
    ['text', 'CLIENT_RANDOM is missing here'],
  ])('passes over %s', (_, line) => {
    const keyLog = createKeyLog();
    expect(keyLog.line(line)).toBe(false);
    expect(keyLog.isInUse).toBe(false);
  });

  it('passes over a secret that no cipher has, and says that it is one', () => {
    const keyLog = createKeyLog();
    expect(keyLog.line(`CLIENT_RANDOM ${RANDOM} ${'cd'.repeat(20)}`)).toBe(true);
    expect(keyLog.find(RANDOM)).toBeUndefined();
  });

  it('asks for more where a connection is not known', () => {
    let asked = 0;
    const keyLog = createKeyLog(() => {
      asked++;
      keyLog.line(`CLIENT_RANDOM ${RANDOM} ${MASTER}`);
    });
    expect(keyLog.isInUse).toBe(true);
    expect(keyLog.find(RANDOM)).toBeDefined();
    expect(keyLog.find(RANDOM)).toBeDefined();
    expect(asked).toBe(1);
  });

  it('is not harmed by any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const keyLog = createKeyLog();
        keyLog.text(bytes);
        expect(keyLog.learned).toBe(0);
      }),
    );
  });
});
