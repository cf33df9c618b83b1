import { emptyList } from '../base/lists.ts';

/** There is an OPT record, and its size is not seen: tcpdump's text, a cut packet. */
export const EDNS_SIZE_UNKNOWN = 0;

/**
 * One DNS message as a parser found it, filled again and again: valid until the next message.
 * The binary parser and the reader of tcpdump's text fill the same object.
 */
export interface DnsMessage {
  id: number;
  response: boolean;
  /** Query kind: 0 is a standard query; others are no lookups. */
  opcode: number;
  rcode: number;
  truncated: boolean;
  recursionDesired: boolean;
  /** AD bit: set in queries by `trust-ad` and by musl's `res_query`. */
  authenticData: boolean;
  questions: number;
  /** The first question's name, lower case, without the root's dot; `.` for the root, '' where none. */
  name: string;
  /** A hash of `name`; only equal hashes can be equal names. 0 from text, which computes none. */
  nameHash: number;
  /** A hash of the name's first label, which all names of one search walk share; 0 from text. */
  labelHash: number;
  type: number;
  class: number;
  answerCount: number;
  /** Addresses among the answers, at most MAX_ANSWERS; a fresh array where there is any. */
  addresses: readonly string[];
  /** Least time-to-live among the answers in seconds, -1 where there is none. */
  ttl: number;
  /** The UDP size of the OPT record (RFC 6891), -1 where there is none, {@link EDNS_SIZE_UNKNOWN}. */
  ednsSize: number;
  /** The OPT record carries a COOKIE (RFC 7873). */
  cookie: boolean;
  /** The message ends before its records do. */
  cut: boolean;
}

export const createDnsMessage = (): DnsMessage => ({
  id: 0,
  response: false,
  opcode: 0,
  rcode: 0,
  truncated: false,
  recursionDesired: false,
  authenticData: false,
  questions: 0,
  name: '',
  nameHash: 0,
  labelHash: 0,
  type: 0,
  class: 0,
  answerCount: 0,
  addresses: emptyList(),
  ttl: -1,
  ednsSize: -1,
  cookie: false,
  cut: false,
});
