import { endpoint, isLoopback, isV6 } from '../base/addresses.ts';
import { between, endOf, milliseconds, type Timestamp } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import { isWithinPod } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import { isProbe } from '../model/probe.ts';
import type { TrackedConnection } from '../model/tracked-connection.ts';
import { apart, asOneCall, hopOf, mayHold, type Hop } from './sidecar-hop.ts';
import { SidecarWays } from './sidecar-ways.ts';

// A proxy hands on at once what it gets, but may wait for its turn on a busy processor. Longer than a connection is
// kept behind its last packet (flows: 1 s) would be in vain.
const HELD_FOR = milliseconds(900);
// Calls on their way through one pod's proxy within that time; beyond, those held longest go as they are.
const MAX_HELD = 1 << 12;
// Calls to the proxy that are remembered for what lies within them; a turn inside TLS is over when the next one begins.
const MAX_SPANS = 1 << 10;
// What one pod listens at, and what it calls.
const MAX_ENDPOINTS = 1 << 8;

interface Held {
  readonly exchange: Exchange;
  readonly hop: Hop;
}

/** The pod in which an input was taken. */
interface Pod {
  /** Its addresses, as far as what it says to itself shows them. */
  readonly own: Set<string>;
  /** Exchanges of which the other hop may still come, in order of their ends, mostly. */
  held: Held[];
  /** When calls to the proxy lasted that can be read, in order of their ends. */
  readonly spans: { readonly startedAt: Timestamp; readonly endedAt: Timestamp }[];
  /** Where the proxy hands calls on to that can be read: `address:port`. */
  readonly programs: Set<string>;
  /** Ports at which others ask it, health checks aside. */
  readonly served: Set<number>;
  /** Ports that others send something to, of which no more is known yet, and those where it was a health check. */
  readonly asked: Set<number>;
  readonly probed: Set<number>;
  /** What it calls itself. */
  readonly called: Set<string>;
  readonly ways: SidecarWays;
}

/**
 * In a pod with a proxy beside the program (a service mesh's sidecar) each call is seen twice: within the pod, and towards
 * others, where it mostly can't be read. It is told once.
 * @param ownOf the addresses of the pod where an input was taken, as far as they are known
 * @param emit each exchange once, valid during the call only
 */
export function createSidecars(ownOf: (input: number) => readonly string[], emit: (exchange: Exchange) => void) {
  /** By input; those of which nothing is said within the pod are not there. */
  const pods: (Pod | undefined)[] = [];

  /**
   * What a program asks of another one in the pod, by a loopback address, is a call of the pod like those to others. Of a
   * pod that others ask for nothing, or for the same, it is a request: somebody asks through kubectl port-forward, or with
   * curl in the pod. By the pod's own address (programs with hostNetwork do so by their node's) it is such a call, too, and
   * goes the same way: what others do not ask for they do not send through a proxy either.
   */
  function place(row: Pick<Connection, 'input' | 'client' | 'server' | 'serverPort'>): void {
    const isServed = serves(pods[row.input], row.serverPort);
    const all = ownOf(row.input);
    if (row.client === row.server && !isLoopback(row.server)) {
      if (!isServed && all.includes(row.server)) row.server = isV6(row.server) ? '::1' : '127.0.0.1';
      return;
    }
    if (!isLoopback(row.client) || !isLoopback(row.server)) return;
    const own = all.find((address) => isV6(address) === isV6(row.client)) ?? all[0];
    if (own === undefined) return;
    if (isServed) row.server = own;
    else row.client = own;
  }

  /** A connection begins that does not leave the pod. */
  function within(input: number, { client, server }: Pick<Connection, 'client' | 'server'>): void {
    const { own } = (pods[input] ??= createPod());
    for (const address of [client, server]) if (!isLoopback(address)) own.add(address);
  }

  /** A connection carries data. */
  function carries(connection: TrackedConnection): void {
    const pod = pods[connection.input];
    if (pod === undefined || isWithinPod(connection)) return;
    if (pod.own.has(connection.client)) pod.ways.add(connection);
    const { serverPort: port, server } = connection;
    if (pod.asked.has(port) || pod.probed.has(port) || pod.asked.size >= MAX_ENDPOINTS) return;
    if (pod.own.has(server) || ownOf(connection.input).includes(server)) pod.asked.add(port);
  }

  function push(exchange: Exchange): void {
    const pod = pods[exchange.input];
    if (pod === undefined || (exchange.shape !== 'call' && exchange.shape !== 'turn')) return emit(exchange);
    let hop = hopOf(exchange, (address) => pod.own.has(address) || ownOf(exchange.input).includes(address));
    if (hop === 'other') return emit(exchange);
    remember(pod, exchange, hop);
    if (hop === 'local' && ownOf(exchange.input).length > 0 && serves(pod, exchange.serverPort)) hop = 'asked';
    const both = exchange.shape === 'call' ? pairWith(pod, { exchange, hop }) : null;
    if (both !== null) return emit(both);
    pod.held.push({ exchange, hop });
    if (pod.held.length > MAX_HELD) letGo(pod, pod.held.splice(0, MAX_HELD / 2));
  }

  /** Nothing earlier can follow. */
  function advance(time: Timestamp): void {
    for (const pod of pods) {
      if (pod === undefined) continue;
      const young = pod.held.findIndex(({ exchange }) => between(endOf(exchange), time) < HELD_FOR);
      if (young !== 0) letGo(pod, pod.held.splice(0, young < 0 ? Infinity : young));
    }
  }

  /** The connection is over, and is told next: behind its exchanges. */
  function closed(connection: TrackedConnection): void {
    const pod = pods[connection.input];
    if (pod === undefined) return;
    const isOfIt = ({ exchange }: Held): boolean => exchange.connection === connection.id;
    const due = pod.held.filter(isOfIt);
    if (due.length > 0) {
      pod.held = pod.held.filter((held) => !isOfIt(held));
      letGo(pod, due);
    }
    pod.ways.delete(connection);
  }

  /** The packets are at their end. */
  function finish(): void {
    for (const pod of pods) if (pod !== undefined) letGo(pod, pod.held.splice(0));
  }

  /** By themselves. */
  function letGo(pod: Pod, due: readonly Held[]): void {
    for (const { exchange, hop } of due) {
      if (exchange.shape === 'turn' && isSeenElsewhere(pod, exchange, hop)) continue;
      if (hop === 'toSidecar') pod.ways.waited(exchange);
      if (hop === 'local' || hop === 'asked' || hop === 'toProgram') place(exchange);
      emit(exchange);
    }
  }

  return { within, carries, place, push, advance, closed, finish };
}

const createPod = (): Pod => ({
  own: new Set(),
  held: [],
  spans: [],
  programs: new Set(),
  served: new Set(),
  asked: new Set(),
  probed: new Set(),
  called: new Set(),
  ways: new SidecarWays(),
});

/** Whether others ask for that as well, as far as it is known; nobody asks the pod for anything, either. */
function serves(pod: Pod | undefined, port: number): boolean {
  const ports = pod === undefined || pod.served.size > 0 ? pod?.served : pod.asked;
  return ports === undefined || ports.size === 0 || ports.has(port);
}

const serverOf = ({ server, serverPort }: Exchange): string => endpoint(server, serverPort);

function remember({ spans, programs, served, asked, probed, called }: Pod, exchange: Exchange, hop: Hop): void {
  if (hop === 'received') {
    if (!isProbe(exchange)) {
      if (served.size < MAX_ENDPOINTS) served.add(exchange.serverPort);
    } else if (asked.delete(exchange.serverPort)) probed.add(exchange.serverPort);
  }
  if (hop === 'sent' && called.size < MAX_ENDPOINTS) called.add(serverOf(exchange));
  if (exchange.shape !== 'call') return;
  if (hop === 'toProgram' && programs.size < MAX_ENDPOINTS) programs.add(serverOf(exchange));
  if (hop !== 'toSidecar') return;
  spans.push({ startedAt: exchange.startedAt, endedAt: endOf(exchange) });
  if (spans.length > MAX_SPANS) spans.shift();
}

/** The call with its other hop, which is held no more: the closest; null where none is. */
function pairWith(pod: Pod, one: Held): Exchange | null {
  let closest: { readonly other: Held; readonly outer: Held; readonly inner: Held } | null = null;
  let least = Infinity;
  for (const other of pod.held) {
    const [outer, inner] = mayHold(one.hop, other.hop) ? [one, other] : [other, one];
    if (!mayHold(outer.hop, inner.hop)) continue;
    const distance = apart(outer.exchange, inner.exchange);
    if (!(distance < least)) continue;
    closest = { other, outer, inner };
    least = distance;
  }
  if (closest === null) return null;
  const { other, outer, inner } = closest;
  pod.held = pod.held.filter((held) => held !== other);
  return asOneCall(outer.exchange, outer.hop, inner.exchange);
}

/** What can't be read is told by itself where it is not the other hop of what can be, or of what can't be either. */
function isSeenElsewhere({ programs, called, spans }: Pod, exchange: Exchange, hop: Hop): boolean {
  if (hop === 'received') return programs.has(serverOf(exchange));
  if (hop === 'toSidecar') return called.has(serverOf(exchange));
  if (hop !== 'sent') return false;
  const endedAt = endOf(exchange);
  for (let index = spans.length - 1; index >= 0; index--) {
    const span = spans[index] as Pod['spans'][number];
    if (span.endedAt < endedAt) return false;
    if (span.startedAt <= exchange.startedAt) return true;
  }
  return false;
}
