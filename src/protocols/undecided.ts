import type { Side } from '../model/connection.ts';
import type { Arrival } from '../model/tracked-connection.ts';
import type { Conversation, Protocol, StreamEnd } from './protocol.ts';
import { SaidSoFar, type Said } from './unread/said.ts';

/** Bytes kept of one side until a protocol says yes: room for a request line or a greeting. */
const MAX_KEPT = 4096;
const FIRST_CAPACITY = 256;
// Bytes kept of all undecided connections together: as many as a busy node has, most of them with one segment.
const MAX_KEPT_TOTAL = 16 << 20;
// Segments kept of one connection: a person who types a request by hand sends some hundreds.
const MAX_PIECES = 1024;
// Places in the midst of a connection at which a message may begin: so many segments of each side
// are asked. A download goes on longer, but then the client's next request tells.
const MAX_TRIES = 256;

/** What all undecided connections keep together. */
export interface Kept {
  bytes: number;
  /** Notes of who said how much when. */
  said: number;
  readonly counts: { droppedBytes: number };
}

/** Where the decision goes. Until one is made, the line speaks through this. */
interface Decider extends Conversation {
  decide(protocol: Protocol, fromStart: boolean): void;
  /** @param said all that was said so far, as far as it was kept */
  giveUp(said: readonly Said[]): void;
}

/** What came of one side at once: bytes of its head, missing ones, or its end. */
interface Piece {
  from: Side;
  /** Offsets in the side's head; -1 where it is no bytes. */
  start: number;
  end: number;
  missing: number;
  because: StreamEnd | null;
  arrival: Arrival;
}

interface Head {
  readonly side: Side;
  bytes: Uint8Array;
  length: number;
  /** Where the bytes begin that are asked about: behind a gap. */
  asked: number;
  /** Nothing of this side was missed so far. */
  fromStart: boolean;
  tries: number;
  /** Nothing that comes from this side will tell any more; kept for the other side's word. */
  spent: boolean;
  /** There was no room to keep what the other side's word might make use of. */
  deaf: boolean;
}

const NOTHING = new Uint8Array(0);

const createHead = (side: Side, fromStart: boolean): Head => ({
  side,
  bytes: NOTHING,
  length: 0,
  asked: 0,
  fromStart,
  tries: 0,
  spent: false,
  deaf: false,
});

/**
 * Speaks for a connection of which it is not known yet what it speaks: keeps what comes, asks all
 * protocols, and says all of it again to the one that says yes.
 */
export class Undecided implements Conversation {
  readonly #protocols: readonly Protocol[];
  readonly #kept: Kept;
  readonly #port: number;
  readonly #line: Decider;
  readonly #said: SaidSoFar;
  readonly #client: Head;
  readonly #server: Head;
  #pieces: Piece[] = [];
  #missed: boolean;

  constructor(protocols: readonly Protocol[], kept: Kept, port: number, fromStart: boolean, line: Decider) {
    this.#protocols = protocols;
    this.#kept = kept;
    this.#port = port;
    this.#line = line;
    this.#said = new SaidSoFar(kept);
    this.#client = createHead('client', fromStart);
    this.#server = createHead('server', fromStart);
    this.#missed = !fromStart;
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const head = from === 'client' ? this.#client : this.#server;
    if (head.spent) {
      this.#said.heard(from, end - start, arrival);
      if (!head.deaf && !this.#keep(head, bytes, start, end, arrival)) head.deaf = true;
      return;
    }
    const isContinued = head.length > head.asked;
    let answer = isContinued && head.fromStart ? 'no' : this.#ask(from, bytes, start, end, head.fromStart);
    if (isContinued && typeof answer === 'string') {
      const alone = answer;
      answer = this.#askContinued(head, bytes, start, end);
      // In the midst: what was kept was no beginning, and this segment may be one.
      if (answer === 'no' && !head.fromStart) {
        this.#forget(head);
        answer = alone;
      }
    } else if (isContinued) {
      this.#forget(head);
    }
    if (typeof answer !== 'string') {
      this.#replay(answer);
      this.#line.push(from, bytes, start, end, arrival);
      return;
    }
    this.#said.heard(from, end - start, arrival);
    const { areManyTurns } = this.#said;
    if (answer === 'more' && !areManyTurns && this.#keep(head, bytes, start, end, arrival)) return;
    head.tries++;
    if (areManyTurns) return this.#giveUp();
    // At the start the other side may tell what it was; in the midst it was no beginning, and nobody needs it.
    if (head.fromStart) {
      if (!this.#keep(head, bytes, start, end, arrival)) head.deaf = true;
      this.#spend(head);
    } else {
      this.#forget(head);
      if (head.tries >= MAX_TRIES) this.#spend(head);
    }
  }

  gap(from: Side, length: number, arrival: Arrival, isCut = false): void {
    const head = from === 'client' ? this.#client : this.#server;
    this.#missed = true;
    if (isCut) this.#said.heard(from, length, arrival);
    else this.#said.missed(from, length, arrival);
    if (this.#said.areManyTurns) return this.#giveUp();
    if (!head.fromStart) {
      this.#forget(head);
      return;
    }
    this.#note(from, length, null, arrival);
    head.asked = head.length;
    head.fromStart = false;
    head.spent = false;
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#said.ended(from, because, arrival);
    this.#note(from, 0, because, arrival);
    this.#spend(from === 'client' ? this.#client : this.#server);
  }

  /** Forgets all that is kept. */
  letGo(): void {
    this.#kept.bytes -= this.#client.bytes.length + this.#server.bytes.length;
    this.#client.bytes = NOTHING;
    this.#server.bytes = NOTHING;
    this.#pieces = [];
    this.#said.take();
  }

  /** The protocol that speaks so; of several that with the port, else the first. */
  #ask(from: Side, bytes: Uint8Array, start: number, end: number, fromStart: boolean): Protocol | 'more' | 'no' {
    let answer: Protocol | 'more' | 'no' = 'no';
    for (const protocol of this.#protocols) {
      const recognition = protocol.recognise(from, bytes, start, end, fromStart);
      if (recognition === 'no') continue;
      if (recognition === 'more') {
        if (answer === 'no') answer = 'more';
      } else if (typeof answer === 'string') {
        answer = protocol;
      } else if (protocol.ports.includes(this.#port) && !answer.ports.includes(this.#port)) {
        answer = protocol;
      }
    }
    return answer;
  }

  /** Asks about what is kept of a side and the bytes at hand as one. */
  #askContinued(head: Head, bytes: Uint8Array, start: number, end: number): Protocol | 'more' | 'no' {
    const more = Math.min(end - start, MAX_KEPT - head.length);
    if (more === 0 || !this.#reserve(head, head.length + more)) return 'no';
    head.bytes.set(bytes.subarray(start, start + more), head.length);
    return this.#ask(head.side, head.bytes, head.asked, head.length + more, head.fromStart);
  }

  #spend(head: Head): void {
    head.spent = true;
    if (!this.#client.spent || !this.#server.spent) return;
    // Who never said anything is not unreadable.
    if (this.#said.isNothing) this.letGo();
    else this.#giveUp();
  }

  #giveUp(): void {
    const said = this.#said.take();
    this.letGo();
    this.#line.giveUp(said);
  }

  /** What was kept of this side is let go: a protocol that is told by the other side finds this one in its midst. */
  #forget(head: Head): void {
    this.#missed = true;
    head.fromStart = false;
    head.asked = 0;
    if (this.#pieces.length > 0) {
      this.#pieces = this.#pieces.filter((piece) => piece.from !== head.side || piece.because !== null);
    }
    head.length = 0;
  }

  /** @returns false where there was no room: then nothing of this side is kept any more */
  #keep(head: Head, bytes: Uint8Array, start: number, end: number, arrival: Arrival): boolean {
    const length = head.length + end - start;
    if (length > MAX_KEPT || this.#pieces.length >= MAX_PIECES || !this.#reserve(head, length)) {
      this.#kept.counts.droppedBytes += length;
      this.#forget(head);
      return false;
    }
    head.bytes.set(bytes.subarray(start, end), head.length);
    const { input, number, time } = arrival;
    this.#pieces.push({
      from: head.side,
      start: head.length,
      end: length,
      missing: 0,
      because: null,
      arrival: { input, number, time },
    });
    head.length = length;
    return true;
  }

  #reserve(head: Head, length: number): boolean {
    const before = head.bytes.length;
    if (length <= before) return true;
    let capacity = Math.max(before, FIRST_CAPACITY);
    while (capacity < length) capacity *= 2;
    if (this.#kept.bytes + capacity - before > MAX_KEPT_TOTAL) return false;
    const grown = new Uint8Array(capacity);
    grown.set(head.bytes);
    head.bytes = grown;
    this.#kept.bytes += capacity - before;
    return true;
  }

  /** Missing bytes (one gap of each side at most) or a side's end. */
  #note(from: Side, missing: number, because: StreamEnd | null, arrival: Arrival): void {
    const { input, number, time } = arrival;
    this.#pieces.push({ from, start: -1, end: -1, missing, because, arrival: { input, number, time } });
  }

  #replay(protocol: Protocol): void {
    const pieces = this.#pieces;
    const client = this.#client.bytes;
    const server = this.#server.bytes;
    this.letGo();
    this.#line.decide(protocol, !this.#missed);
    for (const { from, start, end, missing, because, arrival } of pieces) {
      if (because !== null) this.#line.end(from, arrival, because);
      else if (start < 0) this.#line.gap(from, missing, arrival);
      else this.#line.push(from, from === 'client' ? client : server, start, end, arrival);
    }
  }
}
