import { at, between, milliseconds, orZero, type Duration, type Timestamp } from '../../base/time.ts';
import type { Side, Stall } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Conversation, ConversationContext, StreamEnd } from '../protocol.ts';
import { Turn } from '../turn.ts';

/** What a connection is said to speak whose calls are told by whose turn it is alone, as Wireshark names it. */
const UNREAD = 'tcp';

// What a program writes in parts it writes at once; what it says later, while it waits, is another call. That may be
// a program which the scheduler held back in between: then nothing more is told of its connection.
const ASKS_WITHIN = milliseconds(1);
// Parts of an answer leave as they are made: a busy machine's scheduler holds a program back for some milliseconds
// (Linux: sched_latency), a delayed ACK is a stall of its own.
const ANSWERS_WITHIN = milliseconds(20);
// What does not fit into the window leaves a round trip later, with acknowledgments that are late as well.
const ROUND_TRIPS = 2;
// Clients' ports are from here on where nobody says otherwise (Linux: ip_local_port_range), servers' below.
const EPHEMERAL = 32_768;

/**
 * Calls in a protocol that nobody knows, told by whose turn it is: the client speaks, and waits until the server has
 * spoken. A connection on which one of them speaks out of turn (several calls at once, messages that nobody asked for)
 * is left alone from there on.
 */
export class UnreadConversation implements Conversation {
  readonly #context: ConversationContext;
  readonly #turn: Turn;
  /** When each side said its last. */
  #askedAt = 0 as Timestamp;
  #answeredAt = 0 as Timestamp;

  constructor(context: ConversationContext) {
    this.#context = context;
    this.#turn = new Turn(context);
    const { connection } = context;
    connection.protocol ??= UNREAD;
  }

  push(from: Side, _bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    this.#said(from, end - start, arrival);
  }

  #said(from: Side, length: number, arrival: Arrival): void {
    if (!this.#isTheirTurn(from, arrival)) return this.#stop(arrival);
    if (from === 'client') {
      if (!this.#turn.isOpen || this.#turn.isAnswered) this.#begin(arrival);
      this.#askedAt = arrival.time;
    } else {
      this.#answeredAt = arrival.time;
    }
    this.#turn.saw(from, length, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival, isCut = false): void {
    if (isCut) this.#said(from, length, arrival);
    else this.#turn.lost(arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#turn.end(from, arrival, because);
  }

  #begin(arrival: Arrival): void {
    const last = at(Math.max(this.#askedAt, this.#answeredAt));
    const open = this.#turn.begin(UNREAD, '', arrival);
    // What is read again was said before: the connection has gone on since.
    if (last > 0) open.idleBefore = between(last, arrival.time);
  }

  /** A greeting, or the rest of what was asked before the capture, is no turn and no harm. */
  #isTheirTurn(from: Side, arrival: Arrival): boolean {
    if (!this.#turn.isOpen) return true;
    if (from === 'client') return this.#turn.isAnswered || this.#goesOn(this.#askedAt, ASKS_WITHIN, arrival);
    return !this.#turn.isAnswered || this.#goesOn(this.#answeredAt, ANSWERS_WITHIN, arrival);
  }

  /** It belongs to what came last of that side: it came soon, or the network held it back. */
  #goesOn(last: Timestamp, within: Duration, { time }: Arrival): boolean {
    const { stalls, roundTrip } = this.#context.connection;
    const allowed = within + ROUND_TRIPS * orZero(roundTrip);
    return between(last, time) <= allowed || between(last, time) - heldWithin(stalls, last, time) <= allowed;
  }

  #stop(arrival: Arrival): void {
    if (this.#turn.isAnswered) this.#turn.close(arrival);
    else this.#turn.drop();
    const { connection } = this.#context;
    if (connection.protocol === UNREAD) connection.protocol = null;
    this.#context.become(null);
  }
}

function heldWithin(stalls: readonly Stall[], from: Timestamp, until: Timestamp): number {
  let held = 0;
  // What was said before somebody knew that it is unread is read again: the stall need not be the last.
  for (let index = stalls.length - 1; index >= 0; index--) {
    const { startedAt, duration } = stalls[index] as Stall;
    if (startedAt + duration <= from) break;
    held += Math.max(0, Math.min(startedAt + duration, until) - Math.max(startedAt, from));
  }
  return held;
}

/** Whether it is known who asks on a connection: it was seen to open, or its ports tell. */
export const areRolesKnown = ({ rolesFrom, clientPort, serverPort }: ConversationContext['connection']): boolean =>
  rolesFrom === 'handshake' || (clientPort >= EPHEMERAL && serverPort < EPHEMERAL);
