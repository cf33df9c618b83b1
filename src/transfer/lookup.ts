import { emptyList } from '../base/lists.ts';
import { at, nanoseconds, NEVER, type Duration } from '../base/time.ts';
import {
  CONFIDENCES,
  END_REASONS,
  OUTCOMES,
  RESOLVERS,
  type Attempt,
  type Confidence,
  type EndReason,
  type EndTimer,
  type Lookup,
  type Outcome,
  type ResolverName,
} from '../model/lookup.ts';
import { emptyAttempt, readAttempt, writeAttempt, type Asked, type Found } from './attempt.ts';
import type { BatchReader } from './batch-reader.ts';
import type { BatchWriter } from './batch-writer.ts';
import { ByPlace } from './by-place.ts';

/** What is the same in nearly all lookups of a client: then it goes as one flag. */
type Rest = Pick<
  Lookup,
  | 'input'
  | 'server'
  | 'endBecause'
  | 'endTimer'
  | 'durationIsLowerBound'
  | 'outcome'
  | 'resolver'
  | 'resolverDetail'
  | 'resolverConfidence'
  | 'resolverBecause'
  | 'chosenWait'
>;

const noRest = (): Rest => ({
  input: -1,
  server: '',
  endBecause: 'reply',
  endTimer: null,
  durationIsLowerBound: false,
  outcome: 'ok',
  resolver: 'unknown',
  resolverDetail: null,
  resolverConfidence: 'possible',
  resolverBecause: '',
  chosenWait: null,
});

const isLike = (last: Rest, lookup: Lookup): boolean =>
  lookup.input === last.input &&
  lookup.server === last.server &&
  lookup.endBecause === last.endBecause &&
  lookup.endTimer === null &&
  last.endTimer === null &&
  lookup.durationIsLowerBound === last.durationIsLowerBound &&
  lookup.outcome === last.outcome &&
  lookup.resolver === last.resolver &&
  lookup.resolverDetail === last.resolverDetail &&
  lookup.resolverConfidence === last.resolverConfidence &&
  lookup.resolverBecause === last.resolverBecause &&
  lookup.chosenWait === last.chosenWait;

function keep(last: Rest, row: Rest): void {
  last.input = row.input;
  last.server = row.server;
  last.endBecause = row.endBecause;
  last.endTimer = row.endTimer;
  last.durationIsLowerBound = row.durationIsLowerBound;
  last.outcome = row.outcome;
  last.resolver = row.resolver;
  last.resolverDetail = row.resolverDetail;
  last.resolverConfidence = row.resolverConfidence;
  last.resolverBecause = row.resolverBecause;
  last.chosenWait = row.chosenWait;
}

/** What the last lookup of a name brought. */
interface OfName extends Found {
  answers: readonly string[];
}
const nothingFound = (): OfName => ({ a: [], others: [], answers: [] });

// Where a first attempt asks, mostly.
const DNS_PORT = 53;

export function createLookupWriter(batch: BatchWriter): (lookup: Lookup) => void {
  const ofClient = new ByPlace(noRest);
  const ofName = new ByPlace(nothingFound);
  return (lookup) => {
    const last = ofClient.of(batch.text(lookup.client));
    const isUsual = isLike(last, lookup);
    batch.flag(isUsual);
    if (!isUsual) {
      writeRest(batch, lookup, last);
      keep(last, lookup);
    }
    batch.id(lookup.id);
    batch.number(lookup.startedAt);
    batch.number(lookup.duration);
    const found = ofName.of(batch.text(lookup.name));
    const { answers, attempts } = lookup;
    batch.textsLike(answers, found.answers);
    found.answers = answers;
    batch.integer(attempts.length);
    let before: Asked = { name: lookup.name, server: lookup.server, serverPort: DNS_PORT };
    for (const attempt of attempts) {
      writeAttempt(batch, attempt, before, found);
      before = attempt;
    }
  };
}

/** Each is valid until the next is read. */
export function createLookupReader(batch: BatchReader): () => Lookup {
  const ofClient = new ByPlace(noRest);
  const ofName = new ByPlace(nothingFound);
  const lookup = new ReadLookup();
  const pool: Attempt[] = [];
  return () => {
    const client = batch.integer();
    const last = ofClient.of(client);
    if (!batch.flag()) readRest(batch, last);
    keep(lookup, last);
    lookup.client = batch.textAt(client);
    batch.idInto(lookup);
    lookup.startedAt = at(batch.number());
    lookup.duration = nanoseconds(batch.number());
    const name = batch.integer();
    const found = ofName.of(name);
    lookup.name = batch.textAt(name);
    lookup.answers = batch.textsLike(found.answers);
    found.answers = lookup.answers;
    const { attempts } = lookup;
    const count = batch.integer();
    while (attempts.length > count) attempts.pop();
    let before: Asked = { name: lookup.name, server: lookup.server, serverPort: DNS_PORT };
    for (let index = 0; index < count; index++) {
      const attempt = (pool[index] ??= emptyAttempt());
      readAttempt(batch, attempt, before, found);
      attempts[index] = attempt;
      before = attempt;
    }
    return lookup;
  };
}

/** The row that all are read into. */
class ReadLookup implements Lookup {
  idBegins = '';
  idNumber = -1;
  input = 0;
  name = '';
  client = '';
  server = '';
  startedAt = NEVER;
  duration = nanoseconds(Number.NaN);
  endBecause: EndReason = 'reply';
  endTimer: EndTimer | null = null;
  durationIsLowerBound = false;
  outcome: Outcome = 'ok';
  resolver: ResolverName = 'unknown';
  resolverDetail: string | null = null;
  resolverConfidence: Confidence = 'possible';
  resolverBecause = '';
  chosenWait: Duration | null = null;
  answers: readonly string[] = emptyList();
  attempts: Attempt[] = emptyList();

  /** Made when somebody asks: most lookups are only counted. */
  get id(): string {
    return this.idNumber < 0 ? this.idBegins : this.idBegins + this.idNumber;
  }
}

function writeRest(batch: BatchWriter, row: Rest, last: Rest): void {
  batch.integer(row.input);
  batch.textLike(row.server, last.server);
  batch.one(END_REASONS, row.endBecause);
  batch.flag(row.endTimer !== null);
  if (row.endTimer !== null) writeTimer(batch, row.endTimer);
  batch.flag(row.durationIsLowerBound);
  batch.one(OUTCOMES, row.outcome);
  batch.one(RESOLVERS, row.resolver);
  batch.textLike(row.resolverDetail, last.resolverDetail);
  batch.one(CONFIDENCES, row.resolverConfidence);
  batch.textLike(row.resolverBecause, last.resolverBecause);
  batch.flag(row.chosenWait !== null);
  if (row.chosenWait !== null) batch.number(row.chosenWait);
}

function readRest(batch: BatchReader, last: Rest): void {
  last.input = batch.integer();
  last.server = batch.textLike(last.server);
  last.endBecause = batch.one(END_REASONS);
  last.endTimer = batch.flag() ? readTimer(batch) : null;
  last.durationIsLowerBound = batch.flag();
  last.outcome = batch.one(OUTCOMES);
  last.resolver = batch.one(RESOLVERS);
  last.resolverDetail = batch.textLike(last.resolverDetail);
  last.resolverConfidence = batch.one(CONFIDENCES);
  last.resolverBecause = batch.textLike(last.resolverBecause);
  last.chosenWait = batch.flag() ? nanoseconds(batch.number()) : null;
}

function writeTimer(batch: BatchWriter, { value, source }: EndTimer): void {
  batch.number(value);
  batch.text(source);
}

const readTimer = (batch: BatchReader): EndTimer => ({ value: nanoseconds(batch.number()), source: batch.text() });
