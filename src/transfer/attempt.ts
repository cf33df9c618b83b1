import { at, NEVER } from '../base/time.ts';
import { RR_TYPE, type Attempt, type DnatSight, type OtherReply, type Resend } from '../model/lookup.ts';
import type { BatchReader } from './batch-reader.ts';
import type { BatchWriter } from './batch-writer.ts';

const SIGHTS: readonly DnatSight[] = [null, 'before', 'both'];
const TRANSPORTS: readonly Attempt['transport'][] = ['udp', 'tcp'];

/** Whom an attempt asked and for what: mostly as the one before. */
export interface Asked {
  name: string;
  server: string;
  serverPort: number;
}

/** The last addresses that were found when a name was asked for. */
export interface Found {
  a: readonly string[];
  others: readonly string[];
}

export function writeAttempt(batch: BatchWriter, attempt: Attempt, before: Asked, found: Found): void {
  const isUsual = hasUsualRest(attempt);
  batch.flag(isUsual);
  if (!isUsual) writeRest(batch, attempt);
  const { name, server, serverPort, type, addresses } = attempt;
  const asksTheSame = name === before.name && server === before.server && serverPort === before.serverPort;
  batch.flag(asksTheSame);
  if (!asksTheSame) {
    batch.textLike(name, before.name);
    batch.textLike(server, before.server);
    batch.integer(serverPort);
  }
  batch.integer(type);
  // Sixteen bits each.
  batch.integer((attempt.transactionId << 16) | attempt.clientPort);
  batch.number(attempt.sentAt);
  batch.count(attempt.sentPacket);
  batch.number(attempt.repliedAt);
  batch.count(attempt.replyPacket);
  batch.count(attempt.rcode);
  batch.count(attempt.answerCount);
  batch.textsLike(addresses, type === RR_TYPE.A ? found.a : found.others);
  batch.count(attempt.ttl);
  keepFound(found, type, addresses);
}

/** Those of a walk's other names are none, and tell nothing of the next lookup. */
function keepFound(found: Found, type: number, addresses: readonly string[]): void {
  if (addresses.length === 0) return;
  if (type === RR_TYPE.A) found.a = addresses;
  else found.others = addresses;
}

/** @param into used again: what it was is lost */
export function readAttempt(batch: BatchReader, into: Attempt, before: Asked, found: Found): void {
  const rest = batch.flag() ? USUAL_REST : readRest(batch);
  into.transport = rest.transport;
  into.resends = rest.resends;
  into.earlierReplies = rest.earlierReplies;
  into.lateReplies = rest.lateReplies;
  into.truncated = rest.truncated;
  into.unreachableAt = rest.unreachableAt;
  into.behindDnat = rest.behindDnat;
  into.backend = rest.backend;
  const asksTheSame = batch.flag();
  into.name = asksTheSame ? before.name : batch.textLike(before.name);
  into.server = asksTheSame ? before.server : batch.textLike(before.server);
  into.serverPort = asksTheSame ? before.serverPort : batch.integer();
  into.type = batch.integer();
  const idAndPort = batch.integer();
  into.transactionId = idAndPort >>> 16;
  into.clientPort = idAndPort & 0xffff;
  into.sentAt = at(batch.number());
  into.sentPacket = batch.count();
  into.repliedAt = at(batch.number());
  into.replyPacket = batch.count();
  into.rcode = batch.count();
  into.answerCount = batch.count();
  into.addresses = batch.textsLike(into.type === RR_TYPE.A ? found.a : found.others);
  into.ttl = batch.count();
  keepFound(found, into.type, into.addresses);
}

/** One to be read into. */
export const emptyAttempt = (): Attempt => ({
  name: '',
  type: 0,
  transactionId: 0,
  clientPort: 0,
  server: '',
  serverPort: 0,
  sentAt: NEVER,
  sentPacket: 0,
  repliedAt: NEVER,
  replyPacket: 0,
  rcode: -1,
  answerCount: 0,
  addresses: [],
  ttl: -1,
  ...USUAL_REST,
});

/** What is the same in nearly all attempts: it goes as one flag. */
type Rest = Pick<
  Attempt,
  'transport' | 'resends' | 'earlierReplies' | 'lateReplies' | 'truncated' | 'unreachableAt' | 'behindDnat' | 'backend'
>;
const USUAL_REST: Rest = {
  transport: 'udp',
  resends: [],
  earlierReplies: [],
  lateReplies: [],
  truncated: false,
  unreachableAt: NEVER,
  behindDnat: null,
  backend: null,
};

const hasUsualRest = (attempt: Attempt): boolean =>
  attempt.transport === 'udp' &&
  attempt.resends.length === 0 &&
  attempt.earlierReplies.length === 0 &&
  attempt.lateReplies.length === 0 &&
  !attempt.truncated &&
  Number.isNaN(attempt.unreachableAt) &&
  attempt.behindDnat === null &&
  attempt.backend === null;

function writeRest(batch: BatchWriter, attempt: Attempt): void {
  batch.one(TRANSPORTS, attempt.transport);
  batch.rare(attempt.resends);
  batch.rare(attempt.earlierReplies);
  batch.rare(attempt.lateReplies);
  batch.flag(attempt.truncated);
  batch.number(attempt.unreachableAt);
  batch.one(SIGHTS, attempt.behindDnat);
  batch.textOrNull(attempt.backend);
}

const readRest = (batch: BatchReader): Rest => ({
  transport: batch.one(TRANSPORTS),
  resends: batch.rare<Resend>(),
  earlierReplies: batch.rare<OtherReply>(),
  lateReplies: batch.rare<OtherReply>(),
  truncated: batch.flag(),
  unreachableAt: at(batch.number()),
  behindDnat: batch.one(SIGHTS),
  backend: batch.textOrNull(),
});
