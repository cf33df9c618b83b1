import { between, seconds } from '../../base/time.ts';
import type { DnsMessage } from '../../model/dns-message.ts';
import { isAddressType, lastSentAt } from '../../model/lookup.ts';
import type { Layers } from '../../model/packet.ts';
import { isOtherFace } from './copies.ts';
import { HEADER_LENGTH } from './message.ts';
import type { TransactionRecord } from './transaction-record.ts';

/*
 * DNS servers on ports of their own: whom a DNS server asks in turn (CoreDNS's `forward . 10.0.0.2:5353`), and pods that
 * listen elsewhere than their Service (OpenShift's at 5353). Nobody but a server that was asked asks the same meanwhile,
 * and nothing but a DNAT sends the same datagram on: one such question tells whom it goes to. So does the answer to one.
 */

// Forwarders of a cluster have some upstreams; a cluster's node sees no more.
const MAX_SERVERS = 64;
// A name of one letter, its type and class.
const SHORTEST_QUESTION = HEADER_LENGTH + 3 + 4;
const RECURSION_DESIRED = 0x01;
const RESPONSE = 0x80;
/** AD and CD, which a forwarder may set or hand on. */
const MAY_BE_SET = 0x30;
// A forwarder asks at once, again after some seconds (CoreDNS: 2), and no more when nobody waits.
const WAITED_FOR = seconds(6);
// Questions that wait at once on a busy node: what is handed on was asked just now.
const MAX_LOOKED_AT = 64;
// Questions to such servers that wait for the first answer of one.
const MAX_KEPT = 64;

interface Kept {
  readonly layers: Layers;
  readonly message: DnsMessage;
}

export class OtherPorts {
  readonly #newest: () => TransactionRecord | null;
  /** By port, the addresses. */
  readonly #servers = new Map<number, Set<number>>();
  #count = 0;
  #kept: Kept[] = [];

  /** @param newest the question without an answer that was sent last */
  constructor(newest: () => TransactionRecord | null) {
    this.#newest = newest;
  }

  /** Whether its bytes may be a question to a DNS server: what nearly no other datagram begins with. */
  maybe({ bytes, payloadStart: start, payloadEnd: end }: Layers): boolean {
    return (
      end - start >= SHORTEST_QUESTION &&
      bytes[start + 2] === RECURSION_DESIRED &&
      ((bytes[start + 3] as number) & ~MAY_BE_SET) === 0 &&
      bytes[start + 4] === 0 &&
      bytes[start + 5] === 1
    );
  }

  /** Whether a packet goes to such a server, or comes from one. */
  knows({ source, sourcePort, destination, destinationPort }: Layers): boolean {
    return this.#count > 0 && (this.isServer(destination, destinationPort) || this.isServer(source, sourcePort));
  }

  isServer(address: number, port: number): boolean {
    return this.#servers.get(port)?.has(address) ?? false;
  }

  /** A question to a port that is not known yet. @returns whether it goes to a DNS server */
  learn(layers: Layers, message: DnsMessage): boolean {
    if (this.#count >= MAX_SERVERS || !this.#isForeseen(layers, message)) return false;
    this.#add(layers.destination, layers.destinationPort);
    return true;
  }

  /** A question of which nothing tells yet whether it goes to a DNS server. */
  keep(layers: Layers, message: DnsMessage): void {
    // What is asked in a local network without any server (NetBIOS) has types of its own.
    if (!isAddressType(message.type)) return;
    if (this.#kept.length >= MAX_KEPT) this.#kept.shift();
    this.#kept.push({ layers: { ...layers }, message: { ...message } });
  }

  /** Whether its bytes may be an answer to one of those. */
  mayAnswer({ time, bytes, payloadStart: start, payloadEnd: end }: Layers): boolean {
    const newest = this.#kept.at(-1);
    if (newest === undefined || between(newest.layers.time, time) > WAITED_FOR) return false;
    return end - start >= SHORTEST_QUESTION && (bytes[start + 2] as number) >= RESPONSE;
  }

  /** @returns all that was asked of the server so far, where it is the answer to one of those; empty where not */
  answered({ time, source, sourcePort, destination, destinationPort }: Layers, message: DnsMessage): readonly Kept[] {
    this.#kept = this.#kept.filter(({ layers }) => between(layers.time, time) <= WAITED_FOR);
    const isIt = this.#kept.some(
      ({ layers, message: { id, name, type } }) =>
        layers.destination === source &&
        layers.destinationPort === sourcePort &&
        layers.source === destination &&
        layers.sourcePort === destinationPort &&
        id === message.id &&
        name === message.name &&
        type === message.type,
    );
    if (!isIt || this.#count >= MAX_SERVERS) return [];
    this.#add(source, sourcePort);
    const isOwn = ({ layers }: Kept): boolean => layers.destination === source && layers.destinationPort === sourcePort;
    const own = this.#kept.filter(isOwn);
    this.#kept = this.#kept.filter((kept) => !isOwn(kept));
    return own;
  }

  #add(address: number, port: number): void {
    const addresses = this.#servers.get(port) ?? new Set();
    this.#servers.set(port, addresses.add(address));
    this.#count++;
  }

  /** Who sends it was asked the same and has not answered yet, or it is such a question itself, behind a DNAT. */
  #isForeseen(layers: Layers, { id, nameHash, name, type }: DnsMessage): boolean {
    let steps = 0;
    for (let known = this.#newest(); known !== null && ++steps <= MAX_LOOKED_AT; known = known.earlier) {
      if (between(lastSentAt(known), layers.time) > WAITED_FOR) return false;
      if (known.nameHash !== nameHash || known.type !== type || known.name !== name) continue;
      if (known.serverId === layers.source || known.otherServerId === layers.source) return true;
      if (known.transactionId === id && isOtherFace(known, layers)) return true;
    }
    return false;
  }
}
