import { at, between, milliseconds, nanoseconds } from '../../base/time.ts';
import { otherSide, type Side } from '../../model/connection.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { beginExchange, endExchange } from '../exchange-record.ts';
import type { ConversationContext, StreamEnd } from '../protocol.ts';
import type { Head } from './head.ts';
import { describe, pendingOf, type Pending, type Verdict } from './pending.ts';

// Requests without an answer that are kept of one connection: nobody pipelines deeper.
const MAX_OPEN = 64;
// Of a one-sided capture: as many as may be on their way before the first answer.
const MAX_OPEN_UNHEARD = 16;
const SERVER_ERROR = 500;
// Segments behind a hole are handed on when the hole is given up: at once where the other side
// says that it has what is missing, and so much later where it lies out of order.
const HELD_AT_MOST = milliseconds(20);

/** The requests of one connection in their order, what answers them, and how they end. */
export class RequestQueue {
  /** Since the oldest open request began, bytes of the server were lost, or came that belong to no answer known. */
  isServerAdrift = false;
  /** Anything of the server was seen, if only that bytes of it are missing. */
  isServerHeard = false;
  /** Told when a request begins while another is open. */
  nextBegins: (first: Arrival) => void = () => {};
  readonly #context: ConversationContext;
  readonly #client: Side;
  readonly #list: Pending[] = [];
  /** Whole answers without a request; that may come late, from behind a hole in what the client sent. */
  readonly #unclaimed: Pending[] = [];
  /** Requests that were lost and whose answers did not come yet. */
  #owed = 0;
  #requests = 0;
  #requestBytes = 0;
  #answers = 0;
  #answerBytes = 0;
  /** Answers that came when the next request was already sent. */
  #overlaps = 0;
  #hasPipelined = false;
  /** The client's end. */
  #closedAt: Arrival | null = null;
  #isServerClosed = false;

  /** @param client the side of the connection that sends requests */
  constructor(context: ConversationContext, client: Side) {
    this.#context = context;
    this.#client = client;
  }

  /** A request begins. @param first the packet of its first byte */
  open(head: Head, first: Arrival): Pending {
    this.#requests++;
    const claimed = this.#claim(first);
    if (claimed?.exchange) {
      claimed.wasSeen = true;
      claimed.isSent = false;
      claimed.exchange.startedAt = first.time;
      describe(claimed, claimed.exchange, head);
      if (claimed.isHead) this.nextBegins(first);
      return claimed;
    }
    this.#makeRoom(first);
    if (this.#list.length > 0) this.#overlap(first);
    const exchange = this.#begin(head.minor, first);
    const pending = pendingOf(exchange);
    describe(pending, exchange, head);
    const isOldest = this.#list.length === 0;
    this.#list.push(pending);
    if (isOldest) {
      this.isServerAdrift = false;
      pending.owedBefore = Math.max(0, this.#owed);
      if (this.#pipelines) this.#settleOwed();
    }
    this.#owed = 0;
    return pending;
  }

  #begin(minor: number, first: Arrival): OpenExchange {
    return beginExchange(this.#context, minor === 0 ? 'http/1.0' : 'http/1.1', first);
  }

  /** An answer that came before its request was handed on, though not before it was sent. */
  #claim(first: Arrival): Pending | null {
    if (this.#list.length === 0 && this.#unclaimed.length === 0) return null;
    const isOf = ({ wasSeen, exchange }: Pending): boolean =>
      !wasSeen && exchange !== null && exchange.firstByteAt >= first.time;
    const known = this.#unclaimed.find(isOf);
    // Those before it stay without a request.
    const left = known === undefined ? this.#unclaimed.length : this.#unclaimed.indexOf(known);
    for (const pending of this.#unclaimed.splice(0, left)) this.drop(pending, first);
    if (known === undefined) return this.#list.find(isOf) ?? null;
    this.#unclaimed.shift();
    this.#list.unshift(known);
    return known;
  }

  #makeRoom(arrival: Arrival): void {
    const most = this.isServerHeard ? MAX_OPEN : MAX_OPEN_UNHEARD;
    while (this.#list.length >= most) this.drop(this.#list[0] as Pending, arrival);
  }

  /** The last one open was sent so shortly before that its answer can't have come between. */
  #isTooSoon(first: Arrival): boolean {
    const last = this.#list.at(-1)?.exchange;
    if (!last) return false;
    const since = first.time - last.startedAt;
    return since === 0 || since < this.#context.connection.minRoundTrip / 2;
  }

  /** Another request is open: the client pipelines, or the other's answer was lost or is late. */
  #overlap(first: Arrival): void {
    this.nextBegins(first);
    this.#claim(first);
    this.#hasPipelined ||= this.#isTooSoon(first);
    // Who waits for an answer has it before he asks on: it is in the capture, or known to be missing.
    const hasNotWaited = !this.isServerAdrift && (this.#list.length > 1 || this.#isTwoSided);
    if (this.#pipelines || hasNotWaited) {
      this.#settleOwed();
      // Lost requests among pipelined ones are answered in their turn.
      for (let lost = 0; lost < this.#owed; lost++) {
        this.#makeRoom(first);
        this.#list.push(pendingOf(null));
      }
    } else if (this.isServerAdrift) {
      for (const pending of this.#list.slice()) {
        if (pending.exchange !== null && pending.exchange.status > 0) this.complete(pending, first, true);
        else this.drop(pending, first);
      }
    }
  }

  /** Requests that were lost before the oldest one, of a client that did not wait for their answers: those come first. */
  #settleOwed(): void {
    const oldest = this.#list[0];
    if (oldest === undefined || oldest.owedBefore === 0) return;
    if (oldest.isAnswered || oldest.isAnswerLost || (oldest.exchange?.status ?? 0) > 0) return;
    for (; oldest.owedBefore > 0; oldest.owedBefore--) this.#list.unshift(pendingOf(null));
  }

  /** A client that pipelines does so all the time. */
  get #pipelines(): boolean {
    return this.#hasPipelined || (this.#overlaps >= 2 && this.#overlaps * 4 >= this.#answers);
  }

  /** The request that an answer belongs to, which begins with this packet. */
  answered(head: Head, first: Arrival): Pending {
    let pending = this.#list[0];
    if (pending?.isAnswered === true) pending = this.#list.find((known) => !known.isAnswered);
    if (pending?.isAnswerLost === true) {
      const next = this.#pipelines ? this.#behindLost() : this.#lastBefore(first);
      for (const lost of this.#list.slice(0, next === undefined ? 0 : this.#list.indexOf(next))) this.drop(lost, first);
      pending = next ?? pending;
    }
    if (pending === undefined) {
      // The request was lost or came before the capture, or there was none: 408 on an idle connection.
      this.#owed--;
      pending = pendingOf(null);
      this.#list.push(pending);
    }
    pending.exchange ??= this.#begin(head.minor, first);
    pending.exchange.status = head.status;
    if (!pending.wasSeen) pending.isSent = true;
    return pending;
  }

  /** The oldest request without an answer is asked for its body. */
  continued({ time }: Arrival): void {
    const exchange = this.#list.find(({ isAnswered }) => !isAnswered)?.exchange;
    const expectation = exchange?.expectation;
    // Its client has begun without.
    if (!exchange || !expectation || expectation.waited >= 0) return;
    expectation.answered = true;
    expectation.waited = nanoseconds(Math.max(0, between(exchange.requestedAt, time)));
  }

  #behindLost(): Pending | undefined {
    return this.#list.find((known) => !known.isAnswered && !known.isAnswerLost);
  }

  /** Who asks one by one asked last for what is answered now. */
  #lastBefore(first: Arrival): Pending | undefined {
    return this.#list.findLast(
      ({ isAnswered, exchange }) => !isAnswered && exchange !== null && exchange.startedAt <= first.time,
    );
  }

  /** Bytes of requests are missing between two of them. */
  missedRequests(length: number): void {
    // An answer without a request came before it was known that one is missing.
    const count = howMany(length, this.#requestBytes, this.#requests);
    this.#owed = this.#owed < 0 ? Math.min(0, this.#owed + count) : count;
  }

  /** Bytes of answers are missing where one begins. */
  missedAnswers(length: number, arrival: Arrival): void {
    let count = howMany(length, this.#answerBytes, this.#answers);
    for (const pending of this.#list) {
      if (pending.isAnswered || pending.isAnswerLost || (pending.exchange?.status ?? 0) > 0) continue;
      if (count-- <= 0) return;
      pending.isAnswerLost = true;
      this.isHeld(pending, arrival);
    }
  }

  /** The request was sent whole. */
  sent(pending: Pending): void {
    if (!pending.isSent) this.#requestBytes += pending.exchange?.requestBytes ?? 0;
    pending.isSent = true;
    if (pending.isAnswered && this.#closedAt === null) this.#finish(pending);
  }

  /** The answer is whole. @param isSure its last byte was seen */
  complete(pending: Pending, arrival: Arrival, isSure: boolean): void {
    const { exchange } = pending;
    if (pending.isOver || pending.isAnswered || exchange === null) return;
    this.#answers++;
    this.#answerBytes += exchange.responseBytes;
    if (!isSure) return this.drop(pending, arrival);
    pending.isAnswered = true;
    if (!pending.wasSeen) {
      this.#list.splice(this.#list.indexOf(pending), 1);
      this.#unclaimed.push(pending);
      if (this.#unclaimed.length > MAX_OPEN) this.drop(this.#unclaimed.shift() as Pending, arrival);
      return;
    }
    const next = this.#list[1]?.exchange;
    if (next && next.startedAt < exchange.answeredAt) this.#overlaps++;
    // Whether a client that closed its side took the answer, a reset will tell.
    if (pending.isSent && this.#closedAt === null) this.#finish(pending);
  }

  #finish(pending: Pending): void {
    const { exchange } = pending;
    if (exchange === null) return;
    const outcome = exchange.status >= SERVER_ERROR ? 'error' : 'ok';
    this.#end(pending, answerOf(exchange), { outcome, by: null });
  }

  /** What became of it can't be told, but where the client's end told before. */
  drop(pending: Pending, arrival: Arrival): void {
    const { exchange, verdict, isAnswered } = pending;
    if (verdict !== null) this.#end(pending, this.#closedAt ?? arrival, verdict);
    else this.#end(pending, isAnswered && exchange !== null ? answerOf(exchange) : arrival, UNKNOWN);
  }

  #end(pending: Pending, arrival: Arrival, { outcome, by }: Verdict): void {
    const exchange = this.#remove(pending);
    if (exchange === null) return;
    // Held back as it had asked, until the client or the capture had enough: no call that nobody answered.
    const isHeldBack = pending.lasts && exchange.status < 0 && (outcome === 'incomplete' || outcome === 'cancelled');
    if (isHeldBack) exchange.shape = 'stream';
    // Its client never sent the rest, or that was lost: what answers before the end does so of its own accord.
    const isAnsweredAhead = exchange.firstByteAt <= (this.#closedAt ?? arrival).time;
    const isCutShort = pending.wasSeen && !pending.isSent && by !== 'server';
    if (isCutShort && !isAnsweredAhead) exchange.requestedAt = at(Number.NaN);
    endExchange(this.#context, exchange, arrival, outcome, by);
  }

  /** The open request that asked for what the connection now speaks. */
  upgradedTo(protocol: Pending['upgradesTo']): Pending | null {
    return this.#list.find(({ upgradesTo, exchange }) => upgradesTo === protocol && exchange !== null) ?? null;
  }

  /** The connection speaks something else. @param handedOver whoever speaks next ends it */
  leave(handedOver: Pending | null, arrival: Arrival): void {
    if (handedOver !== null) this.#remove(handedOver);
    for (const pending of [...this.#list, ...this.#unclaimed.splice(0)]) {
      if (pending.isAnswered && pending.wasSeen) this.#finish(pending);
      else this.drop(pending, arrival);
    }
  }

  #remove(pending: Pending): OpenExchange | null {
    if (pending.isOver) return null;
    pending.isOver = true;
    // Answers come in the order of their requests, nearly always.
    if (this.#list[0] === pending) this.#list.shift();
    else {
      const index = this.#list.indexOf(pending);
      if (index >= 0) this.#list.splice(index, 1);
    }
    return pending.exchange;
  }

  /** The client sends nothing more; it may still wait for answers. */
  closed(arrival: Arrival, because: StreamEnd): void {
    this.#closedAt = { input: arrival.input, number: arrival.number, time: arrival.time };
    if (this.#isServerClosed || this.isServerAdrift || !this.#isTwoSided) return;
    const verdict = because === 'fin' ? CANCELLED : because === 'reset' ? this.#resetVerdict() : null;
    for (const pending of this.#list) {
      if (!pending.isAnswered && !pending.isAnswerLost) pending.verdict = verdict;
    }
  }

  /** Bytes of its answer, or the news that they are missing, come behind the client's end. */
  isHeld(pending: Pending, arrival: Arrival): void {
    const closedAt = this.#closedAt?.time ?? Number.NaN;
    // They were sent before it, only held back, or it acknowledges them itself: the client had them.
    if (arrival.time <= closedAt && arrival.time >= closedAt - HELD_AT_MOST) pending.verdict = null;
  }

  /** The server sends nothing more, and perhaps nobody does: all that is open ends. */
  settle(from: Side, arrival: Arrival, because: StreamEnd): void {
    for (const pending of this.#list.slice()) this.#settle(pending, arrival, because);
    if (from === 'server') this.#isServerClosed = true;
    if (this.#closedAt === null) return;
    for (const pending of this.#unclaimed.splice(0)) this.drop(pending, arrival);
  }

  #settle(pending: Pending, arrival: Arrival, because: StreamEnd): void {
    const { exchange, verdict } = pending;
    if (exchange === null || !this.#isTwoSided) return this.drop(pending, arrival);
    if (pending.isAnswered) {
      if (verdict !== null && this.#isUnwanted(exchange, because)) this.drop(pending, arrival);
      else this.#finish(pending);
    } else if (verdict !== null || pending.isAnswerLost) {
      this.drop(pending, arrival);
    } else if (this.isServerAdrift) {
      // The answer's end was lost; where both sides went on in peace, it was there. Where the capture
      // ends, what came last of it is all that can be told.
      if (because === 'fin' && exchange.status > 0) this.#finish(pending);
      else this.drop(pending, Number.isNaN(exchange.answeredAt) ? arrival : answerOf(exchange));
    } else if (because === 'fin') {
      this.#end(pending, arrival, { outcome: 'closed', by: 'server' });
    } else if (because === 'reset') {
      this.#end(pending, arrival, this.#resetVerdict());
    } else {
      this.drop(pending, arrival);
    }
  }

  /**
   * An answer that a client which had ended its side did not take: it answered with a reset, or
   * the answer lay behind a hole so long that the client can't have had what was missing.
   */
  #isUnwanted({ answeredAt }: OpenExchange, because: StreamEnd): boolean {
    const closedAt = (this.#closedAt as Arrival).time;
    return (because === 'reset' && answeredAt >= closedAt) || answeredAt < closedAt - HELD_AT_MOST;
  }

  /** Something of the server was captured, be it an acknowledgement: its silence is one. */
  get #isTwoSided(): boolean {
    const { packets, synAcks } = this.#context.connection;
    return this.isServerHeard || packets[otherSide(this.#client)] > 0 || synAcks.length > 0;
  }

  #resetVerdict(): Verdict {
    const { endedBy } = this.#context.connection;
    if (endedBy === null) return { outcome: 'reset', by: null };
    return endedBy === this.#client ? CANCELLED : { outcome: 'reset', by: 'server' };
  }
}

const CANCELLED: Verdict = { outcome: 'cancelled', by: 'client' };
const UNKNOWN: Verdict = { outcome: 'incomplete', by: null };

/** When its answer was whole. */
const answerOf = ({ input, answeredAt }: OpenExchange): Arrival => ({ input, number: 0, time: answeredAt });

/** How many messages of the usual size so many bytes are. */
function howMany(length: number, bytes: number, messages: number): number {
  if (messages === 0 || bytes === 0) return 1;
  return Math.min(MAX_OPEN, Math.max(1, Math.round((length * messages) / bytes)));
}
