import { describe, expect, it } from 'vitest';
import { AddressTable } from '../../base/addresses.ts';
import { at, milliseconds } from '../../base/time.ts';
import { createDnsMessage, type DnsMessage } from '../../model/dns-message.ts';
import { createLayers, type Layers } from '../../model/packet.ts';
import { RedirectedQuestions } from './redirected.ts';

/*
 * Istio's DNS proxy, as the pod's own loopback interface shows it: the question goes to 127.0.0.1:15053, the answer comes
 * in the name of the server that was asked, and what the proxy does not know it asks that server itself.
 */
const POD = '10.0.3.7';
const SERVER = '10.96.0.10';
const PROXY = '127.0.0.1';
const PROXY_PORT = 15_053;

interface Said {
  readonly port?: number;
  readonly id?: number;
  readonly name?: string;
}

const messageOf = (response: boolean, { id = 7, name = 'a.test' }: Said): DnsMessage => ({
  ...createDnsMessage(),
  id,
  name,
  nameHash: name.length,
  type: 1,
  response,
});

function scenario() {
  const addresses = new AddressTable();
  const told: string[] = [];
  const questions = new RedirectedQuestions(addresses, (layers, message, answeredBy) => {
    const ends = message.response
      ? [layers.source, layers.sourcePort, layers.destination, layers.destinationPort]
      : [layers.destination, layers.destinationPort, layers.source, layers.sourcePort];
    const [server, serverPort, client, clientPort] = ends as [number, number, number, number];
    const who = `${addresses.text(client)}:${clientPort} ${addresses.text(server)}:${serverPort}`;
    told.push(`${message.response ? 'answer' : 'question'} ${who}${answeredBy === null ? '' : ` by ${answeredBy}`}`);
  });
  const layersOf = (ms: number, from: string, sourcePort: number, to: string, destinationPort: number): Layers => ({
    ...createLayers(),
    time: at(milliseconds(ms)),
    source: addresses.internText(from),
    sourcePort,
    destination: addresses.internText(to),
    destinationPort,
    protocol: 17,
  });
  return {
    told,
    isTurned: (from: string, to: string) => questions.isTurned(layersOf(0, from, 40_000, to, PROXY_PORT)),
    /** The program, of the proxy. */
    asks: (ms: number, said: Said = {}) =>
      questions.ask(layersOf(ms, POD, said.port ?? 40_000, PROXY, PROXY_PORT), messageOf(false, said)),
    /** @returns whether it is told of here */
    answered: (ms: number, said: Said = {}) =>
      questions.passes(layersOf(ms, SERVER, 53, POD, said.port ?? 40_000), messageOf(true, said)),
    /** The proxy, of the server; or a program that is not redirected. */
    asksServer: (ms: number, said: Said = {}, from = POD) =>
      questions.passes(layersOf(ms, from, said.port ?? 50_000, SERVER, 53), messageOf(false, said)),
  };
}

const QUESTION = `question ${POD}:40000 ${SERVER}:53`;
const ANSWER = `answer ${POD}:40000 ${SERVER}:53`;

it('knows what only a redirection turns to a loopback address', () => {
  const { isTurned } = scenario();
  expect(isTurned(POD, PROXY)).toBe(true);
  expect(isTurned(PROXY, PROXY)).toBe(false);
  expect(isTurned(POD, SERVER)).toBe(false);
});

describe('a question to a proxy in the pod', () => {
  it('is told as asked of whom answers in its name, once that is known', () => {
    const s = scenario();
    expect(s.asks(0)).toBe(false);
    expect(s.told).toEqual([]);
    expect(s.answered(2)).toBe(true);
    expect(s.told).toEqual([QUESTION, `${ANSWER} by ${PROXY}`]);
    expect(s.asks(10, { port: 40_001 })).toBe(true);
    expect(s.told[2]).toBe(`question ${POD}:40001 ${SERVER}:53`);
  });

  it('is none of DNS while no answer matches', () => {
    const s = scenario();
    s.asks(0);
    expect(s.answered(2, { id: 8 })).toBe(false);
    expect(s.answered(2, { port: 40_002 })).toBe(false);
    expect(s.answered(2, { name: 'other.test' })).toBe(false);
    expect(s.told).toEqual([]);
  });

  it('is told once where the proxy hands it on', () => {
    const s = scenario();
    s.asks(0);
    expect(s.asksServer(1, { id: 9 })).toBe(true);
    expect(s.answered(100, { id: 9, port: 50_000 })).toBe(true);
    expect(s.answered(101)).toBe(true);
    expect(s.told).toEqual([QUESTION, ANSWER]);
  });

  it('waited for the proxy where the server had answered it long before', () => {
    const s = scenario();
    s.asks(0);
    s.asksServer(1, { id: 9 });
    s.answered(2, { id: 9, port: 50_000 });
    s.answered(300);
    expect(s.told).toEqual([QUESTION, `${ANSWER} by ${PROXY}`]);
  });

  it('is handed on once more where it is asked again', () => {
    const s = scenario();
    s.asks(0);
    s.asksServer(1, { id: 9 });
    s.asks(5000);
    expect(s.asksServer(5001, { id: 10, port: 50_001 })).toBe(true);
    expect(s.answered(5100, { id: 10, port: 50_001 })).toBe(true);
    s.answered(5101);
    expect(s.told).toEqual([QUESTION, QUESTION, ANSWER]);
  });

  it('is not asked again where the capture shows its packet twice', () => {
    const s = scenario();
    s.asks(0);
    s.asksServer(1, { id: 9 });
    s.asks(2);
    s.answered(100, { id: 9, port: 50_000 });
    s.answered(101);
    expect(s.told).toEqual([QUESTION, ANSWER]);
  });

  it('is not what others ask, or what is asked when it has its answer', () => {
    const s = scenario();
    s.asks(0);
    expect(s.asksServer(1, { name: 'other.test' })).toBe(false);
    expect(s.asksServer(1, {}, '10.0.3.8')).toBe(false);
    s.answered(2);
    expect(s.asksServer(3)).toBe(false);
  });
});
