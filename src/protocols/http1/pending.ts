import type { Side } from '../../model/connection.ts';
import type { ExchangeOutcome } from '../../model/exchange.ts';
import type { OpenExchange } from '../../model/tracked-connection.ts';
import { UNKNOWN_METHOD } from '../redact.ts';
import type { Head } from './head.ts';

/** How an exchange without an answer came out. */
export interface Verdict {
  outcome: ExchangeOutcome;
  by: Side | null;
}

/** A request that waits for its answer, or an answer whose request was lost. */
export interface Pending {
  /** Null: the request itself was lost, and no answer came yet. */
  exchange: OpenExchange | null;
  wasSeen: boolean;
  isHead: boolean;
  /** Its method was not seen, or only the end of it behind lost bytes. */
  mayBeHead: boolean;
  isConnect: boolean;
  /** It asks for a token of its client's own. */
  asksForToken: boolean;
  /** It asks for an answer that lasts. */
  lasts: boolean;
  upgradesTo: Head['upgradesTo'];
  /** The request is whole, or nothing more of it can be told. */
  isSent: boolean;
  /** Requests that were lost right before it, and had no answer when it came. */
  owedBefore: number;
  /** The answer is whole. */
  isAnswered: boolean;
  /** The answer's beginning was lost. */
  isAnswerLost: boolean;
  /** What it came to when the client's side ended before the answer was whole. */
  verdict: Verdict | null;
  isOver: boolean;
}

/** @param exchange null: its request was lost */
export const pendingOf = (exchange: OpenExchange | null): Pending => ({
  exchange,
  wasSeen: exchange !== null,
  isHead: false,
  mayBeHead: exchange === null,
  isConnect: false,
  asksForToken: false,
  lasts: false,
  upgradesTo: '',
  isSent: false,
  owedBefore: 0,
  isAnswered: false,
  isAnswerLost: false,
  verdict: null,
  isOver: false,
});

/** What a request's first line tells. */
export function describe(pending: Pending, exchange: OpenExchange, head: Head): void {
  exchange.method = head.method;
  exchange.path = head.path;
  pending.isHead = head.method === 'HEAD';
  pending.mayBeHead = head.method === UNKNOWN_METHOD;
  pending.isConnect = head.method === 'CONNECT';
  pending.lasts = head.lasts;
}
