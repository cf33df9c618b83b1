import { isLoopback, type AddressTable } from '../../base/addresses.ts';
import { between, seconds, type Timestamp } from '../../base/time.ts';
import type { DnsMessage } from '../../model/dns-message.ts';
import type { Layers } from '../../model/packet.ts';
import { COPY_WITHIN } from './copies.ts';

/*
 * iptables' REDIRECT turns what a pod asks of its DNS server to a proxy beside the program (Istio's agent and Kuma at port
 * 15053): the question is seen to go to a loopback address, the answer comes in the name of the server that was asked.
 * What the proxy does not know it asks that server itself, and then the same question is seen twice.
 */

// Who asks waits 5 s (glibc, musl), and asks again then; that many wait at once in one pod.
const WAITED_FOR = seconds(6);
const MAX_WAITING = 256;
const MAX_RESENDS = 8;
// Ports at which proxies listen in the pods of one capture: one each.
const MAX_PROXIES = 64;
// A wait is the proxy's own where the server it asked had less than half of it.
const SERVER_SHARE = 0.5;

interface Server {
  readonly address: number;
  readonly port: number;
}

/** A question to a proxy, without its answer so far. */
interface Question {
  /** As it was sent last. */
  layers: Layers;
  /** As it was sent before that. */
  readonly earlier: Layers[];
  readonly message: DnsMessage;
  /** The same, as the proxy asked it of the server. */
  handedOn: HandedOn | null;
}

interface HandedOn {
  readonly id: number;
  readonly port: number;
  readonly askedAt: Timestamp;
  answeredAt: Timestamp | null;
}

/** Who is told of each message as if no proxy were there. @param answeredBy the proxy, where the wait was its own */
type Deliver = (layers: Layers, message: DnsMessage, answeredBy: string | null) => void;

export class RedirectedQuestions {
  readonly #addresses: AddressTable;
  readonly #deliver: Deliver;
  /** Whom the proxies stand for, by `address|port` of the proxy; null until an answer tells. */
  readonly #servers = new Map<string, Server | null>();
  /** In order of time. */
  #waiting: Question[] = [];

  constructor(addresses: AddressTable, deliver: Deliver) {
    this.#addresses = addresses;
    this.#deliver = deliver;
  }

  /** Nothing but a redirection lets a packet of another address come to a loopback's. */
  isTurned({ source, destination }: Layers): boolean {
    return isLoopback(this.#addresses.text(destination)) && !isLoopback(this.#addresses.text(source));
  }

  /** A question to a loopback address. @returns false where nothing tells yet whether that is a proxy */
  ask(layers: Layers, message: DnsMessage): boolean {
    const proxy = proxyOf(layers);
    if (!this.#servers.has(proxy)) {
      if (this.#servers.size >= MAX_PROXIES) return false;
      this.#servers.set(proxy, null);
    }
    this.#keep(layers, message);
    const server = this.#servers.get(proxy) ?? null;
    if (server !== null) this.#deliver(asked(layers, server), message, null);
    return server !== null;
  }

  /** A message from or to a DNS server. @returns whether it is told of here */
  passes(layers: Layers, message: DnsMessage): boolean {
    if (this.#waiting.length === 0) return false;
    return message.response ? this.#answers(layers, message) : this.#isHandedOn(layers, message);
  }

  #isHandedOn(layers: Layers, message: DnsMessage): boolean {
    const questions = this.#waiting.filter(
      (known) =>
        known.layers.source === layers.source &&
        isAlike(known.message, message) &&
        between(known.layers.time, layers.time) < WAITED_FOR,
    );
    const [first] = questions;
    if (first === undefined) return false;
    const isSeen = questions.some(
      ({ handedOn }) => handedOn !== null && isHop(handedOn, layers.sourcePort, message.id),
    );
    if (isSeen) return true;
    // Where several wait for one name, each is handed on; what was asked again is handed on again.
    const question = questions.find(({ handedOn }) => handedOn === null) ?? first;
    question.handedOn = { id: message.id, port: layers.sourcePort, askedAt: layers.time, answeredAt: null };
    return true;
  }

  #answers(layers: Layers, message: DnsMessage): boolean {
    const { destination, destinationPort, source, sourcePort, time } = layers;
    const isTo = ({ layers: { source: client } }: Question): boolean => client === destination;
    const question = this.#waiting.find(
      (known) => isTo(known) && known.layers.sourcePort === destinationPort && isAnswer(known.message, message),
    );
    if (question !== undefined) {
      const proxy = proxyOf(question.layers);
      if (this.#servers.get(proxy) === null) this.#learn(proxy, { address: source, port: sourcePort });
      this.#waiting = this.#waiting.filter((known) => known !== question);
      this.#deliver(
        layers,
        message,
        this.#isOwnWait(question, time) ? this.#addresses.text(question.layers.destination) : null,
      );
      return true;
    }
    const handedOn = this.#waiting.find(
      (known) => isTo(known) && known.handedOn !== null && isHop(known.handedOn, destinationPort, message.id),
    )?.handedOn;
    if (handedOn === undefined || handedOn === null) return false;
    handedOn.answeredAt ??= time;
    return true;
  }

  /** What was asked before is told of now. */
  #learn(proxy: string, server: Server): void {
    this.#servers.set(proxy, server);
    for (const { layers, earlier, message } of this.#waiting) {
      if (proxyOf(layers) !== proxy) continue;
      for (const sending of [...earlier, layers]) this.#deliver(asked(sending, server), message, null);
    }
  }

  #isOwnWait({ layers, handedOn }: Question, until: Timestamp): boolean {
    if (handedOn === null) return true;
    return between(handedOn.askedAt, handedOn.answeredAt ?? until) < SERVER_SHARE * between(layers.time, until);
  }

  #keep(layers: Layers, message: DnsMessage): void {
    const { time } = layers;
    this.#waiting = this.#waiting.filter((known) => between(known.layers.time, time) < WAITED_FOR);
    const asked = this.#waiting.find((known) => isSame(known, layers, message));
    if (asked === undefined) {
      if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
      this.#waiting.push({ layers: { ...layers }, earlier: [], message: { ...message }, handedOn: null });
      return;
    }
    // Each packet is seen twice on the loopback interface, at once.
    if (between(asked.layers.time, time) < COPY_WITHIN) return;
    if (asked.earlier.length < MAX_RESENDS) asked.earlier.push(asked.layers);
    asked.layers = { ...layers };
    asked.handedOn = null;
  }
}

const proxyOf = ({ destination, destinationPort }: Layers): string => `${destination}|${destinationPort}`;

const asked = (layers: Layers, { address, port }: Server): Layers => ({
  ...layers,
  destination: address,
  destinationPort: port,
});

const isHop = ({ id, port }: HandedOn, otherPort: number, otherId: number): boolean =>
  port === otherPort && id === otherId;

const isAlike = (one: DnsMessage, other: DnsMessage): boolean =>
  one.nameHash === other.nameHash && one.name === other.name && one.type === other.type;

/** Servers may leave the question out with an error. */
const isAnswer = (question: DnsMessage, answer: DnsMessage): boolean =>
  question.id === answer.id && (answer.name === '' || isAlike(question, answer));

const isSame = (known: Question, layers: Layers, message: DnsMessage): boolean =>
  known.message.id === message.id &&
  known.layers.source === layers.source &&
  known.layers.sourcePort === layers.sourcePort &&
  isAlike(known.message, message);
