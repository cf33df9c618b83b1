import { nanoseconds, seconds, type Duration } from '../../base/time.ts';
import { createFieldNames, UNKNOWN_FIELD } from './field-names.ts';
import { isGrpcContent, readTimeout } from './grpc.ts';
import { MAX_TRACE_IDS, TRACE_HEADERS, traceIdOf, type TraceHeader } from '../trace-ids.ts';
import type { FieldSink } from './hpack.ts';

const TRACE_NAMES = Object.keys(TRACE_HEADERS) as TraceHeader[];
const NAMES = [
  ':method',
  ':path',
  ':authority',
  ':status',
  'host',
  'content-type',
  'grpc-timeout',
  'grpc-status',
  'grpc-previous-rpc-attempts',
  'retry-after',
  ...TRACE_NAMES,
] as const;
/** Fields whose values are read; of all others not even the name is kept. */
export const FIELD_NAMES = createFieldNames(NAMES);

const [METHOD, PATH, AUTHORITY, STATUS, HOST, CONTENT_TYPE, GRPC_TIMEOUT, GRPC_STATUS, PREVIOUS_ATTEMPTS, RETRY_AFTER] =
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

const FIRST_TRACE = NAMES.length - TRACE_NAMES.length + 1;
const NO_TRACE_IDS: readonly string[] = [];

const UNSEEN = -1;
const UNKNOWN = nanoseconds(Number.NaN);
const EVENT_STREAM = 'text/event-stream';
// Longer numbers than this are none that any of these fields has.
const MAX_DIGITS = 9;

/** One side's header block, or its trailers, as far as it matters. One object is filled again and again. */
export class HeaderBlock implements FieldSink {
  method = '';
  path = '';
  authority = '';
  status = UNSEEN;
  hasContentType = false;
  isGrpc = false;
  isEventStream = false;
  timeout: Duration = UNKNOWN;
  grpcStatus = UNSEEN;
  previousAttempts = UNSEEN;
  retryAfter: Duration = UNKNOWN;
  traceIds = NO_TRACE_IDS;
  /** Fields are missing: what is not there may be there. */
  hasUnknown = false;
  /** The last one, and what it says. */
  #contentType = '';
  #isGrpcContent = false;
  #isEventContent = false;

  clear(): void {
    this.method = '';
    this.path = '';
    this.authority = '';
    this.status = UNSEEN;
    this.hasContentType = false;
    this.isGrpc = false;
    this.isEventStream = false;
    this.timeout = UNKNOWN;
    this.grpcStatus = UNSEEN;
    this.previousAttempts = UNSEEN;
    this.retryAfter = UNKNOWN;
    this.traceIds = NO_TRACE_IDS;
    this.hasUnknown = false;
  }

  field(name: number, value: string): void {
    switch (name) {
      case UNKNOWN_FIELD:
        this.hasUnknown = true;
        break;
      case METHOD:
        this.method = value;
        break;
      case PATH:
        this.path = value;
        break;
      case AUTHORITY:
        this.authority = value;
        break;
      case HOST:
        if (this.authority === '') this.authority = value;
        break;
      case STATUS:
        this.status = readNumber(value);
        break;
      case CONTENT_TYPE:
        this.hasContentType = true;
        if (value !== this.#contentType) this.#judge(value);
        this.isGrpc = this.#isGrpcContent;
        this.isEventStream = this.#isEventContent;
        break;
      case GRPC_TIMEOUT:
        this.timeout = readTimeout(value);
        break;
      case GRPC_STATUS:
        this.grpcStatus = readNumber(value);
        break;
      case PREVIOUS_ATTEMPTS:
        this.previousAttempts = readNumber(value);
        break;
      case RETRY_AFTER: {
        const wait = readNumber(value);
        this.retryAfter = wait < 0 ? UNKNOWN : seconds(wait);
        break;
      }
      default:
        this.#traceId(TRACE_NAMES[name - FIRST_TRACE], value);
    }
  }

  /** One connection's calls have one type mostly. */
  #judge(contentType: string): void {
    this.#contentType = contentType;
    this.#isGrpcContent = isGrpcContent(contentType);
    this.#isEventContent = contentType.startsWith(EVENT_STREAM);
  }

  #traceId(header: TraceHeader | undefined, value: string): void {
    if (header === undefined || this.traceIds.length >= MAX_TRACE_IDS) return;
    const id = traceIdOf(header, value);
    if (id !== null && !this.traceIds.includes(id)) this.traceIds = [...this.traceIds, id];
  }
}

/** A number of digits alone, else -1. */
function readNumber(text: string): number {
  if (text.length === 0 || text.length > MAX_DIGITS) return UNSEEN;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return UNSEEN;
    value = value * 10 + digit;
  }
  return value;
}
