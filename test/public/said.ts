import type { Message } from './dns-messages.ts';

/** What an oracle says of one DNS message: as many fields as it prints, undefined for the others. */
export interface Said {
  number?: number;
  /** Nanoseconds since 1970. */
  time?: bigint;
  sourcePort?: number;
  destinationPort?: number;
  id: number;
  response: boolean;
  type?: number;
  name?: string;
  rcode?: number;
  answers?: number;
}

const FIELDS = [
  'number',
  'time',
  'sourcePort',
  'destinationPort',
  'id',
  'response',
  'type',
  'name',
  'rcode',
  'answers',
] as const satisfies readonly (keyof Said & keyof Message)[];

/** A message in the words of an oracle: only the fields that it has. */
const lineOf = (message: Said | Message, fields: readonly (typeof FIELDS)[number][]): string =>
  fields.map((field) => `${field} ${message[field]}`).join(', ');

export interface Difference {
  same: number;
  /** What the oracle says and we do not, and the other way round. */
  onlyTheirs: string[];
  onlyOurs: string[];
}

/** Compares as multisets: each of our messages answers to one of the oracle's. */
export function compare(theirs: readonly Said[], ours: readonly Message[]): Difference {
  const rest = new Set(ours);
  const onlyTheirs: string[] = [];
  for (const said of theirs) {
    const fields = FIELDS.filter((field) => said[field] !== undefined);
    const line = lineOf(said, fields);
    const found = [...rest].find((message) => message.id === said.id && lineOf(message, fields) === line);
    if (found === undefined) onlyTheirs.push(line);
    else rest.delete(found);
  }
  return {
    same: theirs.length - onlyTheirs.length,
    onlyTheirs,
    onlyOurs: [...rest].map((message) => lineOf(message, FIELDS)),
  };
}
