import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import { endsOf } from './tcp-stream.ts';
import { ACK, BACKEND, CLIENT, createRecorder, FIN, RST, SERVICE, SYN, type Recorder } from './testing/segments.ts';

const ISN = 1000;
const ANSWER = 9000;

/** SYN, SYN-ACK, ACK. */
function handshake(recorder: Recorder, of: { clientPort?: number; isn?: number; server?: number } = {}): void {
  const isn = of.isn ?? ISN;
  const common = {
    ...(of.clientPort === undefined ? {} : { clientPort: of.clientPort }),
    server: of.server ?? SERVICE,
  };
  recorder.push({ ...common, sequence: isn, flags: SYN });
  recorder.push({ ...common, from: 'server', sequence: ANSWER, acknowledgment: isn + 1, flags: SYN | ACK });
  recorder.push({ ...common, sequence: isn + 1, acknowledgment: ANSWER + 1, flags: ACK });
}

describe('a connection', () => {
  it('is handed on in order, with who is who', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'query' });
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 6, data: 'ans' });
    recorder.push({ from: 'server', sequence: ANSWER + 4, acknowledgment: ISN + 6, data: 'wer' });
    recorder.push({ sequence: ISN + 6, acknowledgment: ANSWER + 7, flags: FIN | ACK });
    recorder.push({ from: 'server', sequence: ANSWER + 7, acknowledgment: ISN + 7, flags: FIN | ACK });
    recorder.push({ sequence: ISN + 7, acknowledgment: ANSWER + 8, flags: ACK });
    recorder.streams.finish();
    expect(recorder.log).toEqual(['c:query', 's:answer', 'c fin', 's fin']);
    expect(recorder.arrivals).toEqual([4, 5, 6]);
    expect(recorder.seen[0]).toMatchObject({
      fromClient: true,
      connection: { clientId: CLIENT, client: '10.244.1.17', serverPort: 53, rolesFrom: 'handshake' },
    });
    expect(recorder.seen[1]).toMatchObject({
      fromClient: false,
      connection: { serverId: SERVICE, server: '10.96.0.20', firstPacket: 1 },
    });
    expect(endsOf(recorder.seen[1]!)).toMatchObject({ source: SERVICE, sourcePort: 53, destination: CLIENT });
    expect(recorder.seen[1]!.connection).toBe(recorder.seen[0]!.connection);
    expect(recorder.seen[1]!.id).not.toBe(recorder.seen[0]!.id);
    expect(recorder.streams.counters).toMatchObject({ connections: 1, copies: [], gaps: 0 });
  });

  it('is taken up in its middle, the client told by port 53 or the higher port', () => {
    const recorder = createRecorder();
    recorder.push({ from: 'server', sequence: 70, acknowledgment: 50, data: 'answer' });
    recorder.push({ sequence: 50, acknowledgment: 76, data: 'query' });
    recorder.push({
      from: 'server',
      clientPort: 50_000,
      serverPort: 8080,
      sequence: 1,
      acknowledgment: 1,
      data: 'other',
    });
    recorder.streams.finish();
    expect(recorder.said).toEqual({ client: 'query', server: 'answerother' });
    expect(recorder.seen.every((stream) => stream.connection.rolesFrom === 'ports')).toBe(true);
    expect(recorder.streams.counters.gaps).toBe(0);
  });

  it('goes on over the wrap of its numbers', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 0xfffffffd, data: 'abc' });
    recorder.push({ sequence: 0, data: 'def' });
    recorder.push({ sequence: 0x80000003, data: 'far' });
    expect(recorder.said.client).toBe('abcdef|far');
  });

  it('takes data on a SYN, sent again after it was not accepted', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: ISN, flags: SYN, data: 'query' });
    recorder.push({ from: 'server', sequence: ANSWER, acknowledgment: ISN + 1, flags: SYN | ACK });
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'query' });
    recorder.push({ sequence: ISN + 6, acknowledgment: ANSWER + 1, data: '+' });
    expect(recorder.said.client).toBe('query+');
    expect(recorder.seen[0]!.connection.retransmissions).toEqual({ client: 1, server: 0 });
  });

  it('stays one where the SYN is sent again, and begins anew where the ports are used again', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: ISN, flags: SYN });
    recorder.push({ sequence: ISN, flags: SYN, time: 1e9 });
    handshake(recorder);
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'one' });
    expect(recorder.streams.counters.connections).toBe(1);
    handshake(recorder, { isn: 5_000_000 });
    recorder.push({ sequence: 5_000_001, acknowledgment: ANSWER + 1, data: 'two' });
    expect(recorder.log).toEqual(['c:one', 'c replaced', 's replaced', 'c:two']);
    expect(recorder.streams.counters.connections).toBe(2);
  });

  it('begins anew after its end without a captured SYN', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 50, acknowledgment: 70, data: 'one' });
    recorder.push({ sequence: 53, acknowledgment: 70, flags: RST | ACK });
    recorder.push({ sequence: 50, acknowledgment: 70, data: 'one' });
    recorder.push({ sequence: 900_000_000, acknowledgment: 5, data: 'two' });
    expect(recorder.log).toEqual(['c:one', 'c reset', 's reset', 'c:two']);
  });

  it('takes no keepalive for data, with a byte or without', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 99, acknowledgment: 70, flags: ACK });
    recorder.push({ from: 'server', sequence: 70, acknowledgment: 100, flags: ACK });
    recorder.push({ sequence: 99, acknowledgment: 70, flags: ACK, data: '\0' });
    recorder.push({ sequence: 100, acknowledgment: 70, data: 'query' });
    recorder.push({ sequence: 104, acknowledgment: 70, flags: ACK, data: 'y' });
    recorder.streams.finish();
    expect(recorder.said.client).toBe('query');
    expect(recorder.streams.counters.gaps).toBe(0);
  });

  it('takes a keepalive for none where it is the first that is seen, and its answer is not', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 99, acknowledgment: 70, flags: ACK });
    recorder.push({ sequence: 100, acknowledgment: 70, data: 'query' });
    expect(recorder.said.client).toBe('query');
  });

  it('starts where the other side stands, when it comes in late', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 50, acknowledgment: 70, flags: ACK });
    recorder.push({ sequence: 50, acknowledgment: 90, flags: ACK });
    recorder.push({ from: 'server', sequence: 90, acknowledgment: 50, data: 'answer' });
    recorder.streams.advance(at(1e9));
    expect(recorder.log).toEqual(['s:answer']);
  });

  it('begins anew after both sides ended it, without a captured SYN', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 50, acknowledgment: 70, data: 'one' });
    recorder.push({ sequence: 53, acknowledgment: 70, flags: FIN | ACK });
    recorder.push({ from: 'server', sequence: 70, acknowledgment: 54, flags: FIN | ACK });
    recorder.push({ sequence: 900_000_000, acknowledgment: 5, data: 'two' });
    expect(recorder.log).toEqual(['c:one', 'c fin', 's fin', 'c:two']);
  });

  it('is ended by a reset that fits, not by one that does not', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'a' });
    recorder.push({ from: 'server', sequence: ANSWER + 900_000_000, flags: RST });
    recorder.push({ sequence: ISN + 2, acknowledgment: ANSWER + 1, data: 'b' });
    recorder.push({ from: 'server', sequence: ANSWER + 1, flags: RST });
    expect(recorder.log).toEqual(['c:ab', 'c reset', 's reset']);
  });

  it('that is refused ends', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: ISN, flags: SYN });
    recorder.push({ from: 'server', sequence: 0, acknowledgment: ISN + 1, flags: RST | ACK });
    recorder.streams.finish();
    expect(recorder.log).toEqual(['c reset', 's reset']);
  });

  it('is left alone where its header was cut', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 1, flags: 0, data: 'x' });
    expect(recorder.streams.counters.connections).toBe(0);
  });
});

describe('what is missing', () => {
  it('is waited for, and handed on when it comes, as of then', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ sequence: ISN + 4, acknowledgment: ANSWER + 1, data: 'def' });
    recorder.push({ sequence: ISN + 7, acknowledgment: ANSWER + 1, flags: FIN | ACK });
    expect(recorder.log).toEqual([]);
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'abc' });
    expect(recorder.log).toEqual(['c:abcdef', 'c fin']);
    expect(recorder.arrivals).toEqual([6, 6]);
  });

  it('is given up when the other side has it: the capture lost it', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ sequence: ISN + 4, acknowledgment: ANSWER + 1, data: 'def', time: 1e9 });
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 7, flags: ACK, time: 1e9 + 1000 });
    recorder.streams.advance(at(1e9 + 5e6));
    expect(recorder.log).toEqual([]);
    recorder.streams.advance(at(1e9 + 12e6));
    expect(recorder.log).toEqual(['c gap', 'c:def']);
    // The receiver had it when it came.
    expect(recorder.arrivals).toEqual([4]);
    expect(recorder.streams.counters).toMatchObject({ gaps: 1, missingBytes: 3 });
  });

  it('may come after its acknowledgment: packets of several queues', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 4, flags: ACK, time: 1e9 });
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'abc', time: 1e9 + 1e6 });
    recorder.streams.advance(at(2e9));
    expect(recorder.log).toEqual(['c:abc']);
  });

  it('at the end of what was captured is told by the acknowledgment alone', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'abc' });
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 9, flags: ACK });
    recorder.push({ sequence: ISN + 9, acknowledgment: ANSWER + 1, data: 'xyz', time: 1e9 });
    expect(recorder.log).toEqual(['c:abc', 'c gap', 'c:xyz']);
  });

  it('keeps both sides in order: what one side says waits for what it may answer', () => {
    const recorder = createRecorder();
    handshake(recorder);
    const [client, server] = [ISN + 1, ANSWER + 1];
    recorder.push({ sequence: client, acknowledgment: server, data: 'one?' });
    // The answer `1!` is not captured; the client has it.
    recorder.push({ sequence: client + 4, acknowledgment: server + 2, data: 'two?' });
    recorder.push({ from: 'server', sequence: server + 2, acknowledgment: client + 8, data: '2!' });
    recorder.push({ sequence: client + 8, acknowledgment: server + 4, data: 'three?' });
    recorder.push({ from: 'server', sequence: server + 4, acknowledgment: client + 14, data: '3!' });
    expect(recorder.log).toEqual(['c:one?']);
    recorder.streams.advance(at(20_000_000));
    expect(recorder.log).toEqual(['c:one?', 's gap', 'c:two?', 's:2!', 'c:three?', 's:3!']);
    // Each with the packet that it came in.
    expect(recorder.arrivals).toEqual([4, 5, 6, 7, 8]);
    // A question that is not captured.
    recorder.push({ from: 'server', sequence: server + 6, acknowledgment: client + 19, data: '4!', time: 21_000_000 });
    recorder.push({ sequence: client + 19, acknowledgment: server + 8, data: 'five?', time: 22_000_000 });
    recorder.streams.finish();
    expect(recorder.log.slice(6)).toEqual(['c gap', 's:4!', 'c:five?', 'c captureEnd', 's captureEnd']);
  });

  it('is filled by what the capture shows late, and both sides go on', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 3, data: 'next?' });
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 1, data: 'hi' });
    expect(recorder.log).toEqual(['s:hi', 'c:next?']);
    recorder.streams.finish();
    expect(recorder.streams.counters.gaps).toBe(0);
  });

  it('is given up behind what came late, too', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 11, flags: ACK, time: 1e9 });
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'abc', time: 1e9 + 1000 });
    recorder.streams.advance(at(2e9));
    expect(recorder.said.client).toBe('abc|');
    expect(recorder.streams.counters.missingBytes).toBe(7);
  });

  it('is not what a forged acknowledgment claims', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 1_500_000_000, flags: ACK });
    recorder.streams.advance(at(1e9));
    expect(recorder.log).toEqual([]);
  });

  it('leaves nothing behind when what waits lies beyond the end', () => {
    const recorder = createRecorder({ limits: { bytes: 4 } });
    for (const clientPort of [50_001, 50_002, 50_003]) {
      handshake(recorder, { clientPort });
      recorder.push({ clientPort, sequence: ISN + 9, acknowledgment: ANSWER + 1, data: 'junk' });
      recorder.push({ clientPort, sequence: ISN + 4, acknowledgment: ANSWER + 1, flags: FIN | ACK });
      recorder.push({ clientPort, sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'abc' });
    }
    expect(recorder.log).toEqual(['c:abc', 'c fin', 'c:abc', 'c fin', 'c:abc', 'c fin']);
  });

  it('is given up after three seconds where only one side is seen', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 50, data: 'abc', time: 0 });
    recorder.push({ sequence: 56, data: 'ghi', time: 1e9 });
    recorder.push({ sequence: 59, data: 'jkl', time: 2e9 });
    recorder.streams.advance(at(3.9e9));
    expect(recorder.log).toEqual(['c:abc']);
    recorder.streams.advance(at(4.1e9));
    expect(recorder.said.client).toBe('abc|ghijkl');
  });

  it('is what the snap length cut', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 50, data: 'abc', length: 10 });
    recorder.push({ sequence: 60, data: 'def' });
    expect(recorder.said.client).toBe('abc|def');
    expect(recorder.streams.counters.missingBytes).toBe(7);
  });

  it('is given up at the bound of one direction', () => {
    const recorder = createRecorder({ limits: { bytesPerDirection: 100 } });
    handshake(recorder);
    for (let index = 1; index < 20; index++) {
      recorder.push({ sequence: ISN + 1 + index * 10, acknowledgment: ANSWER + 1, data: '0123456789' });
    }
    expect(recorder.said.client).toBe(`|${'0123456789'.repeat(19)}`);
  });

  it('is given up at the bound of all, the oldest hole first', () => {
    const recorder = createRecorder({ limits: { bytes: 100 } });
    for (let port = 1; port <= 20; port++) {
      handshake(recorder, { clientPort: 50_000 + port });
      recorder.push({ clientPort: 50_000 + port, sequence: ISN + 2, acknowledgment: ANSWER + 1, data: '0123456789' });
    }
    expect(recorder.streams.counters.gaps).toBe(10);
    expect(recorder.seen.map((stream) => stream.connection.clientPort)).toEqual(
      Array.from({ length: 10 }, (_, index) => 50_001 + index),
    );
  });

  it('leaves room for new connections: the one that was silent longest ends', () => {
    const recorder = createRecorder({ limits: { connections: 3 } });
    for (let port = 1; port <= 4; port++) {
      recorder.push({ clientPort: 50_000 + port, sequence: 50, data: `${port}` });
      recorder.push({ clientPort: 50_001, sequence: 50 + port, data: '+' });
    }
    expect(recorder.log).toContain('c evicted');
    expect(recorder.streams.counters).toMatchObject({ evicted: 1, connections: 4 });
    recorder.push({ clientPort: 50_001, sequence: 55, data: 'first lives' });
    expect(recorder.streams.counters.connections).toBe(4);
  });

  it('waits at the end of the capture no longer', () => {
    const recorder = createRecorder();
    handshake(recorder);
    recorder.push({ sequence: ISN + 4, acknowledgment: ANSWER + 1, data: 'def' });
    recorder.streams.finish();
    expect(recorder.log).toEqual(['c gap', 'c:def', 'c captureEnd', 's captureEnd']);
  });
});

/** A query and its answer, each packet before and behind the DNAT. */
function throughDnat(recorder: Recorder, withSyn: boolean): void {
  const both = (segment: Parameters<Recorder['push']>[0], ipId: number): void => {
    const servers = segment.from === 'server' ? [BACKEND, SERVICE] : [SERVICE, BACKEND];
    for (const server of servers) recorder.push({ ...segment, server, ipId });
  };
  if (withSyn) {
    both({ sequence: ISN, flags: SYN }, 1);
    both({ from: 'server', sequence: ANSWER, acknowledgment: ISN + 1, flags: SYN | ACK }, 0);
    both({ sequence: ISN + 1, acknowledgment: ANSWER + 1, flags: ACK }, 2);
  }
  both({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'query' }, 3);
  both({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 6, data: 'answer' }, 4);
  both({ sequence: ISN + 6, acknowledgment: ANSWER + 7, flags: FIN | ACK }, 5);
  both({ from: 'server', sequence: ANSWER + 7, acknowledgment: ISN + 7, flags: FIN | ACK }, 6);
}

describe('faces and copies', () => {
  it.each([true, false])('of a DNAT are one connection (handshake seen: %s)', (withSyn) => {
    const recorder = createRecorder();
    throughDnat(recorder, withSyn);
    recorder.streams.finish();
    expect(recorder.log).toEqual(['c:query', 's:answer', 'c fin', 's fin']);
    expect(recorder.streams.counters).toMatchObject({ connections: 1, copies: [withSyn ? 7 : 4] });
    expect(recorder.seen.map((stream) => stream.connection.serverId)).toEqual([SERVICE, SERVICE]);
  });

  it('are told from two connections of one client port', () => {
    const recorder = createRecorder();
    handshake(recorder);
    handshake(recorder, { server: BACKEND, isn: 77_000_000 });
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'one' });
    recorder.push({ server: BACKEND, sequence: 77_000_001, acknowledgment: ANSWER + 1, data: 'two' });
    expect(recorder.streams.counters.connections).toBe(2);
    expect(recorder.seen.map((stream) => stream.connection.serverId)).toEqual([SERVICE, BACKEND]);
  });

  it('on several interfaces count as copies, what is sent again as retransmission', () => {
    const recorder = createRecorder();
    handshake(recorder);
    const query = { sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'query' };
    recorder.push({ ...query, ipId: 40 });
    recorder.push({ ...query, ipId: 40 });
    recorder.push({ ...query, ipId: 41, time: 1e9 });
    // Without identification time tells.
    recorder.push({ ...query, sequence: ISN + 6, ipId: -1, time: 2e9 });
    recorder.push({ ...query, sequence: ISN + 6, ipId: -1, time: 2e9 + 20_000 });
    recorder.push({ ...query, sequence: ISN + 6, ipId: -1, time: 2e9 + 200e6 });
    expect(recorder.said.client).toBe('queryquery');
    expect(recorder.streams.counters).toMatchObject({ copies: [2] });
  });

  it('come late after the end without starting anything', () => {
    const recorder = createRecorder();
    throughDnat(recorder, true);
    handshake(recorder, { clientPort: 50_000 });
    recorder.push({ server: BACKEND, sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'query', ipId: 3 });
    recorder.push({ server: BACKEND, from: 'server', sequence: ANSWER + 8, flags: RST });
    expect(recorder.streams.counters.connections).toBe(2);
    expect(recorder.log).toHaveLength(4);
  });
});
