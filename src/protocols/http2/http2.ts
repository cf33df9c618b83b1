import type { Side } from '../../model/connection.ts';
import type { Protocol, Recognition } from '../protocol.ts';
import { Http2Conversation, type Shared } from './conversation.ts';
import { areFrames, FRAME, FRAME_HEADER_LENGTH, isValidFrame, unsigned24, unsigned31 } from './frame-header.ts';
import { Names } from './names.ts';
import { Texts } from './texts.ts';
import { startsWithPreface } from './preface.ts';

// Longer names and values are cut; SETTINGS of 16 entries are many.
const SCRATCH = 16 * 1024;
const MAX_FIRST_SETTINGS = 6 * 64;

/** HTTP/2 and gRPC: by prior knowledge, by upgrade, within TLS, and from the midst of a connection. */
export function createHttp2(): Protocol {
  const shared: Shared = { streams: 0, scratch: Buffer.alloc(SCRATCH), texts: new Texts(), names: new Names() };
  return { id: 'http/2', ports: [], recognise, open: (context) => new Http2Conversation(context, shared) };
}

function recognise(from: Side, bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition {
  const preface = startsWithPreface(bytes, start, end);
  if (preface !== 'no') return preface;
  if (!fromStart) return areFrames(bytes, start, end) ? 'yes' : 'no';
  return from === 'server' ? startsWithSettings(bytes, start, end) : 'no';
}

/** A server's first frame (RFC 9113 section 3.4). */
function startsWithSettings(bytes: Uint8Array, start: number, end: number): Recognition {
  if (end - start < FRAME_HEADER_LENGTH) return bytes[start] === 0 ? 'more' : 'no';
  const length = unsigned24(bytes, start);
  const isFirst = bytes[start + 3] === FRAME.settings && bytes[start + 4] === 0 && length <= MAX_FIRST_SETTINGS;
  return isFirst && isValidFrame(FRAME.settings, unsigned31(bytes, start + 5), length) ? 'yes' : 'no';
}
