import { at, nanoseconds } from '../base/time.ts';
import {
  CONFIDENCES,
  END_REASONS,
  OUTCOMES,
  RESOLVERS,
  type Attempt,
  type EndTimer,
  type Lookup,
} from '../model/lookup.ts';
import type { BatchReader } from './batch-reader.ts';
import type { BatchWriter } from './batch-writer.ts';
import { readAttempt, writeAttempt, type Named } from './attempt.ts';
import { LastTexts } from './last-texts.ts';

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
  batch.flag(lookup.chosenWait !== null);
  if (lookup.chosenWait !== null) batch.number(lookup.chosenWait);
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
    chosenWait: batch.flag() ? nanoseconds(batch.number()) : null,
    answers: batch.texts(),
    attempts: [],
  };
  lookup.attempts = readAttempts(batch, lookup);
  return lookup;
}

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
