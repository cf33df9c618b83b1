import { TCP_FLAG, type Layers } from '../model/packet.ts';
import type { Connection } from './tcp-table.ts';

// The first request, where the capture lost it, and no more: numbers of a former connection lie anywhere else.
const FIRST_DATA = 1 << 24;

/**
 * A packet of the connection that had these ports before, between a SYN and its SYN-ACK. A server that still has that
 * one answers the SYN with an ACK of it (RFC 9293 section 3.10.7.4), the client resets that one (section 3.10.7.3) and
 * sends its SYN again: nothing of it is the new connection's, and the reset does not end it.
 */
export function isOfFormer(connection: Connection, layers: Layers, fromClient: boolean): boolean {
  const { fromClient: client, fromServer: server } = connection;
  if (!client.opened || client.delivered || server.opened || server.delivered) return false;
  const { tcpFlags } = layers;
  if (fromClient) {
    const isBareReset = (tcpFlags & (TCP_FLAG.rst | TCP_FLAG.ack)) === TCP_FLAG.rst;
    return isBareReset && connection.formerNumber === (layers.sequence | 0);
  }
  if ((tcpFlags & TCP_FLAG.ack) === 0 || (tcpFlags & TCP_FLAG.rst) !== 0) return false;
  const acknowledgment = layers.acknowledgment | 0;
  const ahead = (acknowledgment - client.origin) | 0;
  if (ahead >= 0 && ahead <= FIRST_DATA) return false;
  connection.formerNumber = acknowledgment;
  return true;
}
