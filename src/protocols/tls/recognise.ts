import type { Side } from '../../model/connection.ts';
import type { Recognition } from '../protocol.ts';
import { ALERT_BYTES } from './alerts.ts';
import { HANDSHAKE } from './handshake-reader.ts';
import { oldHelloLength } from './old-hello.ts';
import { findRecord, plausibleRecordLength, RECORD, RECORD_HEADER_BYTES } from './record.ts';

const HANDSHAKE_RECORD = RECORD.handshake;
const MAJOR = 3;
const LAST_MINOR = 4;

/**
 * A connection's first bytes are TLS where they begin a hello, or an alert in answer to one. In
 * its midst a record is enough whose end fits, anywhere in a segment.
 */
export function recogniseTls(
  from: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  fromStart: boolean,
): Recognition {
  if (!fromStart) return findRecord(bytes, start, end, 0) >= 0 ? 'yes' : 'no';
  if (end - start <= RECORD_HEADER_BYTES) return couldBegin(bytes, start, end) ? 'more' : 'no';
  if (from === 'client' && oldHelloLength(bytes, start, end) > 0) return 'yes';
  const length = plausibleRecordLength(bytes, start);
  if (length < 0) return 'no';
  const type = bytes[start];
  if (type === RECORD.alert) return length === ALERT_BYTES ? 'yes' : 'no';
  const message = bytes[start + RECORD_HEADER_BYTES];
  const hello = from === 'client' ? HANDSHAKE.clientHello : HANDSHAKE.serverHello;
  return type === HANDSHAKE_RECORD && message === hello ? 'yes' : 'no';
}

function couldBegin(bytes: Uint8Array, start: number, end: number): boolean {
  const type = bytes[start] as number;
  if (type !== HANDSHAKE_RECORD && type !== RECORD.alert && (type & 0x80) === 0) return false;
  if ((type & 0x80) !== 0) return end - start < 3 || bytes[start + 2] === HANDSHAKE.clientHello;
  if (end - start > 1 && bytes[start + 1] !== MAJOR) return false;
  return end - start < 3 || (bytes[start + 2] as number) <= LAST_MINOR;
}
