import type { ExchangeOutcome, ExchangeShape } from '../../model/exchange.ts';
import type { Http2Stream } from './stream.ts';

/** gRPC's OK (google.golang.org/grpc/codes). */
const GRPC_OK = 0;
const HTTP_OK = 200;
const SERVER_ERROR = 500;

/** How a stream came out whose response is whole. */
export function outcomeOf(stream: Http2Stream): ExchangeOutcome {
  const { status, grpcStatus } = stream.exchange;
  if (stream.isGrpc !== true) {
    if (status < 0) return 'incomplete';
    return status >= SERVER_ERROR ? 'error' : 'ok';
  }
  if (grpcStatus >= 0) return grpcStatus === GRPC_OK ? 'ok' : 'error';
  // Clients make an error of any other answer (grpc/doc/http-grpc-status-mapping.md), and of one without a status.
  if (status >= 0 && status !== HTTP_OK) return 'error';
  if (!stream.hasUnknown) return 'error';
  // The status can't be read: `grpcStatus` stays -1. A server that fails a call with one answer
  // sends no message, so a message and trailers are a call that went well. Of several messages the
  // last may have been followed by an error as well.
  return stream.response.messages.count === 1 ? 'ok' : 'incomplete';
}

/** Whether it was one call and answer, or lasts by design. */
export function shapeOf(stream: Http2Stream): ExchangeShape {
  const { request, response } = stream;
  if (stream.exchange.method === 'CONNECT') return 'upgrade';
  // Whose head can't be read, as the capture begins later: whole messages, and more may come (etcd's watches).
  if (stream.isGrpc === null && areMessages(stream) && response.messages.count > 0 && !response.hasEnded)
    return 'stream';
  if (stream.isGrpc !== true) return stream.lasts ? 'stream' : 'call';
  if (request.messages.count > 1 || response.messages.count > 1) return 'stream';
  // Messages came and the end did not: the side that is still open has more to say.
  if (response.messages.count > 0 && !response.hasEnded) return 'stream';
  // A single request ends its side at once; one that is answered before is a conversation.
  const isAnswered = !Number.isNaN(response.begunAt) && !stream.hasTrailers;
  return request.messages.count > 0 && !request.hasEnded && isAnswered ? 'stream' : 'call';
}

/**
 * Whether an undeclared stream's content is gRPC: both sides consist of whole messages, and the
 * answer ends with trailers, which next to nothing else has.
 */
export const looksLikeGrpc = (stream: Http2Stream): boolean => stream.hasTrailers && areMessages(stream);

function areMessages({ request, response }: Http2Stream): boolean {
  const count = request.messages.count + response.messages.count;
  return count > 0 && request.messages.isWhole && response.messages.isWhole;
}
