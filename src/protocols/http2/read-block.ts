import type { HeaderBlock } from './header-block.ts';
import type { Names } from './names.ts';
import type { Http2Stream } from './stream.ts';

/** What a request's header block says, into its exchange. */
export function readRequest(stream: Http2Stream, block: HeaderBlock, names: Names): void {
  const { exchange } = stream;
  if (block.hasContentType) stream.isGrpc = block.isGrpc;
  else if (!block.hasUnknown) stream.isGrpc = false;
  const { path, lasts } = names.target(block.path, stream.isGrpc === true);
  exchange.method = names.method(block.method);
  exchange.path = path;
  exchange.host = names.host(block.authority);
  exchange.deadline = block.timeout;
  exchange.previousAttempts = block.previousAttempts;
  exchange.traceIds = block.traceIds;
  stream.lasts = lasts;
}

/** What a response's header block or its trailers say. */
export function readResponse(stream: Http2Stream, block: HeaderBlock): void {
  const { exchange } = stream;
  if (block.hasUnknown) stream.hasUnknown = true;
  if (block.status >= 0) exchange.status = block.status;
  if (block.grpcStatus >= 0) exchange.grpcStatus = block.grpcStatus;
  if (!Number.isNaN(block.retryAfter)) exchange.retryAfter = block.retryAfter;
  if (!block.hasContentType) return;
  stream.lasts ||= block.isEventStream;
  // A gateway's own answer to a call has another type: the request says what it was.
  stream.isGrpc ??= block.isGrpc;
}
