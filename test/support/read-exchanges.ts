import { readFileSync } from 'node:fs';
import { AddressTable } from '../../src/base/addresses.ts';
import { openInput } from '../../src/capture/open.ts';
import { createExtract, createKeyLog } from '../../src/extract.ts';
import { copyConnection, type Connection } from '../../src/model/connection.ts';
import { copyExchange, type Exchange } from '../../src/model/exchange.ts';

export interface ReadRows {
  exchanges: Exchange[];
  connections: Connection[];
  /** Nanoseconds since 1970 of the first packet; 0 where the capture has no date. */
  base: bigint;
}

/**
 * The connections and exchanges of one capture, through the program's own first half.
 * @param keyLogPath TLS secrets; those that the capture carries are used anyhow
 * @throws UserError where it is no capture
 */
export async function readExchanges(path: string, keyLogPath?: string): Promise<ReadRows> {
  const addresses = new AddressTable();
  const keyLog = createKeyLog();
  if (keyLogPath !== undefined) keyLog.text(readFileSync(keyLogPath));
  const opened = await openInput(path, 0, { addresses, onSecrets: keyLog.text });
  if (opened.kind !== 'packets') throw new Error(`${path} is ${opened.kind}`);
  const { source } = opened;
  const rows: ReadRows = { exchanges: [], connections: [], base: 0n };
  const stages = createExtract({
    addresses,
    dnsPorts: [53],
    keyLog,
    observer: {
      lookup: () => {},
      connection: (connection) => void rows.connections.push(copyConnection(connection)),
      exchange: (exchange) => void rows.exchanges.push(copyExchange(exchange)),
    },
  });
  stages.begin(source.input);
  for (;;) {
    const state = source.next();
    if (state === 'end') break;
    if (state === 'packet') stages.packet(source.packet);
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    else await source.fill();
  }
  stages.finish([source.input]);
  rows.base = source.input.firstPacketAt ?? 0n;
  return rows;
}
