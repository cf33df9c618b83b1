import type { HeaderBlock } from './header-block.ts';
import { hostOf, methodOf, pathOf } from './names.ts';
import type { Http2Stream } from './stream.ts';

/** What a request's header block says, into its exchange. */
export function readRequest(stream: Http2Stream, block: HeaderBlock): void {
  const { exchange } = stream;
  if (block.hasContentType) stream.isGrpc = block.isGrpc;
  else if (!block.hasUnknown) stream.isGrpc = false;
  exchange.method = methodOf(block.method);
  exchange.path = pathOf(block.path);
  exchange.host = hostOf(block.authority);
  exchange.deadline = block.timeout;
  exchange.previousAttempts = block.previousAttempts;
}

/** What a response's header block or its trailers say. */
export function readResponse(stream: Http2Stream, block: HeaderBlock): void {
  const { exchange } = stream;
  if (block.hasUnknown) stream.hasUnknown = true;
  if (block.status >= 0) exchange.status = block.status;
  if (block.grpcStatus >= 0) exchange.grpcStatus = block.grpcStatus;
  if (!Number.isNaN(block.retryAfter)) exchange.retryAfter = block.retryAfter;
  if (!block.hasContentType) return;
  stream.isEventStream = block.isEventStream;
  // A gateway's own answer to a call has another type: the request says what it was.
  stream.isGrpc ??= block.isGrpc;
}
