import { at, nanoseconds, NEVER } from '../base/time.ts';
import {
  CONFIDENCES,
  END_REASONS,
  OUTCOMES,
  RESOLVERS,
  type Attempt,
  type DnatSight,
  type EndTimer,
  type Lookup,
  type OtherReply,
  type Resend,
} from '../model/lookup.ts';
import type { BatchReader } from './batch-reader.ts';
import type { BatchWriter } from './batch-writer.ts';
import { LastTexts } from './last-texts.ts';

const SIGHTS: readonly DnatSight[] = [null, 'before', 'both'];
const TRANSPORTS: readonly Attempt['transport'][] = ['udp', 'tcp'];

/** Texts that the lookups of a client mostly have in common. */
type Common = Pick<Lookup, 'server' | 'resolverDetail' | 'resolverBecause'>;
const NO_TEXTS: Common = { server: '', resolverDetail: null, resolverBecause: '' };

function keep(last: Common, { server, resolverDetail, resolverBecause }: Lookup): void {
  last.server = server;
  last.resolverDetail = resolverDetail;
  last.resolverBecause = resolverBecause;
}

export function createLookupWriter(batch: BatchWriter): (lookup: Lookup) => void {
  const lastOf = new LastTexts(NO_TEXTS);
  return (lookup) => {
    const last = lastOf.of(lookup.client);
    batch.text(lookup.client);
    write(batch, lookup, last);
    keep(last, lookup);
  };
}

export function createLookupReader(batch: BatchReader): () => Lookup {
  const lastOf = new LastTexts(NO_TEXTS);
  return () => {
    const client = batch.text();
    const last = lastOf.of(client);
    const lookup = read(batch, client, last);
    keep(last, lookup);
    return lookup;
  };
}

function write(batch: BatchWriter, lookup: Lookup, last: Common): void {
  batch.id(lookup.id);
  batch.integer(lookup.input);
  batch.text(lookup.name);
  batch.textLike(lookup.server, last.server);
  batch.number(lookup.startedAt);
  batch.number(lookup.duration);
  batch.one(END_REASONS, lookup.endBecause);
  batch.flag(lookup.endTimer !== null);
  if (lookup.endTimer !== null) writeTimer(batch, lookup.endTimer);
  batch.flag(lookup.durationIsLowerBound);
  batch.one(OUTCOMES, lookup.outcome);
  batch.one(RESOLVERS, lookup.resolver);
  batch.textLike(lookup.resolverDetail, last.resolverDetail);
  batch.one(CONFIDENCES, lookup.resolverConfidence);
  batch.textLike(lookup.resolverBecause, last.resolverBecause);
  batch.texts(lookup.answers);
  batch.integer(lookup.attempts.length);
  let before: Named = lookup;
  for (const attempt of lookup.attempts) {
    writeAttempt(batch, attempt, before);
    before = attempt;
  }
}

function read(batch: BatchReader, client: string, last: Common): Lookup {
  const lookup: Lookup = {
    id: batch.id(),
    input: batch.integer(),
    name: batch.text(),
    client,
    server: batch.textLike(last.server),
    startedAt: at(batch.number()),
    duration: nanoseconds(batch.number()),
    endBecause: batch.one(END_REASONS),
    endTimer: batch.flag() ? readTimer(batch) : null,
    durationIsLowerBound: batch.flag(),
    outcome: batch.one(OUTCOMES),
    resolver: batch.one(RESOLVERS),
    resolverDetail: batch.textLike(last.resolverDetail),
    resolverConfidence: batch.one(CONFIDENCES),
    resolverBecause: batch.textLike(last.resolverBecause),
    answers: batch.texts(),
    attempts: [],
  };
  lookup.attempts = readAttempts(batch, lookup);
  return lookup;
}

/** An attempt mostly asks whom the one before asked, for the same name. */
type Named = Pick<Attempt, 'name' | 'server'>;

function writeTimer(batch: BatchWriter, { value, source }: EndTimer): void {
  batch.number(value);
  batch.text(source);
}

const readTimer = (batch: BatchReader): EndTimer => ({ value: nanoseconds(batch.number()), source: batch.text() });

function readAttempts(batch: BatchReader, lookup: Named): Attempt[] {
  const attempts: Attempt[] = [];
  let before = lookup;
  for (let left = batch.integer(); left > 0; left--) {
    const attempt = readAttempt(batch, before);
    attempts.push(attempt);
    before = attempt;
  }
  return attempts;
}

function writeAttempt(batch: BatchWriter, attempt: Attempt, before: Named): void {
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

function readAttempt(batch: BatchReader, before: Named): Attempt {
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
