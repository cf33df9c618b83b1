import { otherSide, type Side } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Conversation, ConversationContext, Protocol, Recognition, StreamEnd } from '../protocol.ts';
import { Head } from './head.ts';
import type { Pending } from './pending.ts';
import { RequestQueue } from './queue.ts';
import { Reader } from './reader.ts';
import { Requests } from './requests.ts';
import { Responses } from './responses.ts';
import { recogniseStart } from './start-line.ts';
import { createTargetReader, type TargetReader } from './target.ts';

/** HTTP/1.0 and 1.1 (RFC 9112), from the start or the midst of a connection. */
export function createHttp1(): Protocol {
  const targets = createTargetReader();
  return { id: 'http/1.1', ports: [80, 8080], recognise, open: (context) => new Http1(context, targets) };
}

function recognise(from: Side, bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition {
  const recognition = recogniseStart(from, bytes, start, end, !fromStart);
  if (recognition === 'yes' || fromStart) return recognition;
  // Without a handshake only ports told who is the client.
  return recogniseStart(otherSide(from), bytes, start, end, true) === 'yes' ? 'yes' : recognition;
}

class Http1 implements Conversation {
  readonly #context: ConversationContext;
  readonly #targets: TargetReader;
  #parts: Parts | null = null;
  /** What the connection speaks after an upgrade. */
  #next: Conversation | null = null;

  constructor(context: ConversationContext, targets: TargetReader) {
    this.#context = context;
    this.#targets = targets;
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const { client, requests, responses } = (this.#parts ??= this.#begin(from, bytes, start, end, arrival));
    const reader = from === client ? requests : responses;
    const stopped = reader.push(bytes, start, end, arrival);
    if (stopped < end) this.#next?.push(from, bytes, stopped, end, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival): void {
    const parts = (this.#parts ??= this.#assemble('client', arrival));
    (from === parts.client ? parts.requests : parts.responses).gap(length, arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    const { client, requests, responses, queue } = (this.#parts ??= this.#assemble('client', arrival));
    if (from === client) {
      requests.end(arrival, false);
      queue.closed(arrival, because);
      // Half a close is no end: who sends FIN behind a request may still want the answer. After any
      // other end the server's side follows at once, with what it still has.
      if (responses.isOpen) return;
    } else {
      responses.end(arrival, because === 'fin');
    }
    queue.settle(from === client ? 'client' : 'server', arrival, because);
  }

  #begin(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): Parts {
    const { fromStart, connection } = this.#context;
    const isSwapped =
      !fromStart &&
      connection.rolesFrom === 'ports' &&
      recogniseStart(from, bytes, start, end, true) !== 'yes' &&
      recogniseStart(otherSide(from), bytes, start, end, true) === 'yes';
    return this.#assemble(isSwapped ? 'server' : 'client', arrival);
  }

  #assemble(client: Side, arrival: Arrival): Parts {
    const { fromStart, connection } = this.#context;
    if (client === 'server') connection.isTurned = true;
    const queue = new RequestQueue(this.#context, client);
    const answers = new Responses(queue, (request, at) => this.#switch(queue, request, at));
    const asked = new Requests(queue, (at) => this.#turnToHttp2(queue, client, at));
    const requests = new Reader(asked, new Head(true, this.#targets), arrival, fromStart);
    const responses = new Reader(answers, new Head(false, this.#targets), arrival, fromStart);
    answers.reader = responses;
    queue.nextBegins = (first) => responses.endDoubt(first);
    return { client, queue, requests, responses };
  }

  /** From here on the connection speaks what the request asked for. */
  #switch(queue: RequestQueue, request: Pending, arrival: Arrival): void {
    const context = this.#context;
    // HTTP/2 answers the request, as its stream 1.
    const isH2c = request.upgradesTo === 'h2c' && request.exchange !== null;
    if (isH2c) this.#next = context.carry('http/2', request.exchange);
    const isHandedOver = this.#next !== null;
    if (!isHandedOver) queue.complete(request, arrival, true);
    queue.leave(isHandedOver ? request : null, arrival);
    if (request.isConnect) this.#next = context.carry(null);
    else if (request.upgradesTo === 'websocket') context.connection.protocol = 'websocket';
    context.become(this.#next);
  }

  /** The client's side says that both had agreed on it: by an upgrade, or through a proxy's CONNECT. */
  #turnToHttp2(queue: RequestQueue, client: Side, arrival: Arrival): void {
    const context = this.#context;
    const asker = queue.upgradedTo('h2c');
    this.#next = context.carry('http/2', asker?.exchange);
    queue.leave(asker, arrival);
    // What the server said of it so far was not read as HTTP/2.
    this.#next?.gap(otherSide(client), Infinity, arrival);
    context.become(this.#next);
  }
}

interface Parts {
  /** Which side of the connection sends requests. */
  client: Side;
  queue: RequestQueue;
  requests: Reader;
  responses: Reader;
}
