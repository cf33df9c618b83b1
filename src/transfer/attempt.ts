import { at, NEVER } from '../base/time.ts';
import type { Attempt, DnatSight, OtherReply, Resend } from '../model/lookup.ts';
import type { BatchReader } from './batch-reader.ts';
import type { BatchWriter } from './batch-writer.ts';

const SIGHTS: readonly DnatSight[] = [null, 'before', 'both'];
const TRANSPORTS: readonly Attempt['transport'][] = ['udp', 'tcp'];

/** An attempt mostly asks whom the one before asked, for the same name. */
export type Named = Pick<Attempt, 'name' | 'server'>;

export function writeAttempt(batch: BatchWriter, attempt: Attempt, before: Named): void {
  const isUsual = hasUsualRest(attempt);
  batch.flag(isUsual);
  if (!isUsual) writeRest(batch, attempt);
  batch.textLike(attempt.name, before.name);
  batch.integer(attempt.type);
  batch.integer(attempt.transactionId);
  batch.integer(attempt.clientPort);
  batch.textLike(attempt.server, before.server);
  batch.integer(attempt.serverPort);
  batch.number(attempt.sentAt);
  batch.count(attempt.sentPacket);
  batch.number(attempt.repliedAt);
  batch.count(attempt.replyPacket);
  batch.count(attempt.rcode);
  batch.count(attempt.answerCount);
  batch.texts(attempt.addresses);
  batch.count(attempt.ttl);
}

export function readAttempt(batch: BatchReader, before: Named): Attempt {
  const rest = batch.flag() ? USUAL_REST : readRest(batch);
  return {
    name: batch.textLike(before.name),
    type: batch.integer(),
    transactionId: batch.integer(),
    clientPort: batch.integer(),
    server: batch.textLike(before.server),
    serverPort: batch.integer(),
    transport: rest.transport,
    sentAt: at(batch.number()),
    sentPacket: batch.count(),
    resends: rest.resends,
    earlierReplies: rest.earlierReplies,
    lateReplies: rest.lateReplies,
    repliedAt: at(batch.number()),
    replyPacket: batch.count(),
    rcode: batch.count(),
    truncated: rest.truncated,
    answerCount: batch.count(),
    addresses: batch.texts(),
    ttl: batch.count(),
    unreachableAt: rest.unreachableAt,
    behindDnat: rest.behindDnat,
    backend: rest.backend,
  };
}

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
