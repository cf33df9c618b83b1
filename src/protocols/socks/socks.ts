import type { Side } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Conversation, ConversationContext, Protocol, Recognition, StreamEnd } from '../protocol.ts';

/*
 * SOCKS version 5 (RFC 1928): the client offers ways to log in, perhaps does so by name and password (RFC 1929), and says
 * whom it wants to be connected with. What follows the proxy's consent is what it would have said to that one.
 */

const VERSION = 5;
// IANA has assigned ten methods; who offers more is no client of it.
const MAX_METHODS = 10;
const BY_PASSWORD = 2;
/** Address types, and the octets of an address; a name's length is in its first. */
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;
const GRANTED = 0;
/** Version, command or answer, a reserved octet and the address's type; and its first octet. */
const FIXED = 5;
const PORT = 2;
/** Of a message of no known form. */
const UNKNOWN = 0;

export const socks: Protocol = {
  id: 'socks',
  ports: [1080],
  isCarrier: true,
  recognise,
  open: (context) => new SocksHead(context),
};

/** The offer, alone in what the client says first: it waits for the answer. */
function recognise(from: Side, bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition {
  if (from !== 'client' || !fromStart || bytes[start] !== VERSION) return 'no';
  if (end - start < 2) return 'more';
  const methods = bytes[start + 1] as number;
  if (methods === 0 || methods > MAX_METHODS || end - start > 2 + methods) return 'no';
  return end - start === 2 + methods ? 'yes' : 'more';
}

/** How long a message is, as far as its bytes tell; undefined where they do not yet. */
type Length = (message: readonly number[]) => number | undefined;

const offer: Length = ([, methods]) => (methods === undefined ? undefined : 2 + methods);
const choice: Length = () => 2;
const password: Length = (message) => {
  const name = message[1];
  const length = name === undefined ? undefined : message[2 + name];
  return name === undefined || length === undefined ? undefined : 3 + name + length;
};
const addressed: Length = ([, , , type, first]) => {
  if (first === undefined) return undefined;
  if (type === IPV4) return FIXED + 3 + PORT;
  if (type === IPV6) return FIXED + 15 + PORT;
  return type === NAME ? FIXED + first + PORT : UNKNOWN;
};

class SocksHead implements Conversation {
  readonly #context: ConversationContext;
  readonly #carried: Conversation | null;
  /** What each side still says before the tunnel, in order. */
  readonly #expected: Record<Side, Length[]> = { client: [offer, addressed], server: [choice, addressed] };
  /** The message that is being read. */
  readonly #read: Record<Side, number[]> = { client: [], server: [] };

  constructor(context: ConversationContext) {
    this.#context = context;
    this.#carried = context.carry(null);
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    let position = start;
    while (position < end && this.#expected[from].length > 0) {
      if (!this.#take(from, bytes[position++] as number)) return this.#context.become(null);
    }
    if (this.#expected.client.length + this.#expected.server.length === 0) this.#context.become(this.#carried);
    if (position < end) this.#carried?.push(from, bytes, position, end, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival): void {
    if (this.#expected[from].length > 0) return this.#context.become(null);
    this.#carried?.gap(from, length, arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#carried?.end(from, arrival, because);
  }

  /** @returns false where that is no SOCKS, or the proxy refuses */
  #take(from: Side, byte: number): boolean {
    const message = this.#read[from];
    message.push(byte);
    const expected = this.#expected[from];
    const length = (expected[0] as Length)(message);
    if (length === UNKNOWN) return false;
    if (length === undefined || message.length < length) return true;
    const isChoice = from === 'server' && expected[0] === choice && message[0] === VERSION;
    const isReply = from === 'server' && expected[0] === addressed;
    if (isReply && message[1] !== GRANTED) return false;
    expected.shift();
    if (isChoice && message[1] === BY_PASSWORD) {
      this.#expected.client.unshift(password);
      this.#expected.server.unshift(choice);
    }
    // Nothing of it is kept: it may be a password.
    message.length = 0;
    return true;
  }
}
