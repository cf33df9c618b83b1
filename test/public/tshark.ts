import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** What tshark says of one DNS message; see `corpora/oracles/dns-messages.md`. */
export interface TsharkMessage {
  number: number;
  id: number;
  response: boolean;
  name: string;
  type: number;
  /** The four bits of the header, 0 in queries. */
  rcode: number;
  /** The packet of the query that tshark takes a reply for, 0 where it knows none. */
  query: number;
  /** From that query to the reply, in nanoseconds. */
  delay: number;
}

/** Numbers of packets as steps: from the message before, and back to the query. */
type Row = [number, number, 0 | 1, string, number, number, number, number];

const ORACLE = new URL('../corpora/oracles/dns-messages.json.gz', import.meta.url);

/** By capture, as its path below the folder of shared captures. */
export function readTsharkOracle(): Map<string, TsharkMessage[]> {
  const { captures } = JSON.parse(gunzipSync(readFileSync(ORACLE)).toString()) as { captures: Record<string, Row[]> };
  return new Map(Object.entries(captures).map(([path, rows]) => [path, messagesOf(rows)]));
}

function messagesOf(rows: readonly Row[]): TsharkMessage[] {
  let number = 0;
  return rows.map(([step, id, response, name, type, rcode, back, delay]) => {
    number += step;
    return { number, id, response: response === 1, name, type, rcode, query: back === 0 ? 0 : number - back, delay };
  });
}
