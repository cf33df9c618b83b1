import type { Message } from './dns-messages.ts';

/** What an oracle says of one DNS message: as many fields as it prints, undefined for the others. */
export interface Said {
  /** Nanoseconds since 1970. */
  time?: bigint;
  number?: number;
  sourcePort?: number;
  destinationPort?: number;
  id: number;
  response: boolean;
  type?: number;
  name?: string;
  rcode?: number;
  answers?: number;
}

const FIELDS = ['number', 'time', 'sourcePort', 'destinationPort', 'id', 'response', 'type', 'name', 'rcode', 'answers'];

/** The message in the words of the oracle: only the fields that it has. */
export function inWordsOf(said: Said, message: Message): Said {
  const own: Record<string, unknown> = {};
  for (const field of FIELDS) {
    if (said[field as keyof Said] !== undefined) own[field] = message[field as keyof Message];
  }
  return own as unknown as Said;
}

export const lineOf = (said: Said): string =>
  FIELDS.map((field) => said[field as keyof Said])
    .filter((value) => value !== undefined)
    .map(String)
    .join(' ');
