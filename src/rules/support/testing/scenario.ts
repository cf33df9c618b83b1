import { at, nanoseconds, type Timestamp } from '../../../base/time.ts';
import { RCODE, RR_TYPE, type Attempt, type Lookup } from '../../../model/lookup.ts';
import { attemptOf, lookupOf, unanswered } from '../../../model/testing/rows.ts';

const ms = (count: number): number => Math.round(count * 1e6);

/** One question, times in milliseconds since the lookup's start. */
export interface Question {
  name?: string;
  type?: number;
  sent?: number;
  /** When the answer comes; null for never. */
  answered?: number | null;
  /** Asked again on the same port and id. */
  again?: readonly number[];
  /** Replies that the client did not leave it at. */
  earlier?: readonly { at: number; rcode: number }[];
  /** Answers to earlier sendings that come after the one to a resend. */
  late?: readonly number[];
  port?: number;
  server?: string;
  rcode?: number;
  records?: number;
  unreachable?: number;
  transport?: 'udp' | 'tcp';
  truncated?: boolean;
  behindDnat?: 'before' | 'both';
  backend?: string;
}

export interface Client {
  client?: string;
  server?: string;
  resolver?: Lookup['resolver'];
  detail?: string | null;
  name?: string;
}

/** Builds lookups one after another, as one client's would lie in a capture. */
export class Scenario {
  readonly lookups: Lookup[] = [];
  readonly #client: Required<Client>;
  #clock = 0;
  #port = 40_000;
  #packet = 0;

  constructor(client: Client = {}) {
    this.#client = {
      client: '10.0.3.7',
      server: '10.96.0.10',
      resolver: 'glibc',
      detail: null,
      name: 'db.prod.svc.cluster.local',
      ...client,
    };
  }

  /** A lookup made of these questions; it lasts until the last answer unless told otherwise. */
  ask(questions: readonly Question[], parts: Partial<Lookup> & { lasts?: number } = {}): this {
    const startedAt = at(this.#clock);
    const port = ++this.#port;
    const attempts = questions
      .map((question) => this.#attempt(question, startedAt, port))
      .toSorted((a, b) => a.sentAt - b.sentAt);
    const last = Math.max(...attempts.map((attempt) => (attempt.rcode >= 0 ? attempt.repliedAt : attempt.sentAt)));
    const { lasts, ...rest } = parts;
    const duration = nanoseconds(lasts === undefined ? last - startedAt : ms(lasts));
    this.lookups.push(
      lookupOf({
        id: `0.l${this.lookups.length + 1}-${this.#client.client}`,
        name: this.#client.name,
        client: this.#client.client,
        server: attempts[0]?.server ?? this.#client.server,
        resolver: this.#client.resolver,
        resolverDetail: this.#client.detail,
        startedAt,
        duration,
        attempts,
        ...rest,
      }),
    );
    this.#clock += Math.max(duration, 0) + ms(50);
    return this;
  }

  /** Both families from one port, answered at once. */
  pair(count = 1, answered = 0.4): this {
    for (let index = 0; index < count; index++) {
      this.ask([{ answered }, { type: RR_TYPE.AAAA, sent: 0.03, answered: answered + 0.1, records: 0 }]);
    }
    return this;
  }

  /** Each family from its own port, as Go asks. */
  apart(count = 1): this {
    for (let index = 0; index < count; index++) {
      const port = (this.#port += 2);
      this.ask([
        { type: RR_TYPE.AAAA, port, answered: 0.4, records: 0 },
        { sent: 0.05, port: port + 1, answered: 0.5 },
      ]);
    }
    return this;
  }

  /** The second of a pair is lost; glibc asks for both again after its wait. */
  lostSecond(count = 1, wait = 5000, parts: Question = {}): this {
    for (let index = 0; index < count; index++) {
      this.ask([
        { again: [wait], earlier: [{ at: 0.4, rcode: 0 }], answered: wait + 0.4 },
        { type: RR_TYPE.AAAA, sent: 0.03, again: [wait + 0.45], answered: wait + 0.9, records: 0, ...parts },
      ]);
    }
    return this;
  }

  /** The same, captured where the lost query never came by: musl and c-ares send it again alone. */
  unseenSecond(count = 1, wait = 2500, port?: number): this {
    for (let index = 0; index < count; index++) {
      const other = port === undefined ? {} : { port };
      this.ask([{}, { type: RR_TYPE.AAAA, sent: wait, answered: wait + 0.5, records: 0, ...other }]);
    }
    return this;
  }

  unseenFirst(count = 1, wait = 2500): this {
    for (let index = 0; index < count; index++) {
      this.ask([
        { sent: wait, answered: wait + 0.5 },
        { type: RR_TYPE.AAAA, answered: 0.5, records: 0 },
      ]);
    }
    return this;
  }

  /** Answered where the capture was taken, and sent again all the same; both families where glibc does so. */
  unreceived(count = 1, wait = 2500, again: readonly ('A' | 'AAAA')[] = ['A']): this {
    for (let index = 0; index < count; index++) {
      const twice = (type: 'A' | 'AAAA', sent: number): Question =>
        again.includes(type)
          ? {
              sent,
              again: [wait + sent],
              earlier: [{ at: sent + 0.4, rcode: RCODE.NOERROR }],
              answered: wait + sent + 0.4,
            }
          : { sent };
      this.ask([twice('A', 0), { type: RR_TYPE.AAAA, records: 0, ...twice('AAAA', 0.03) }]);
    }
    return this;
  }

  lostFirst(count = 1, wait = 5000): this {
    for (let index = 0; index < count; index++) {
      this.ask([
        { again: [wait], answered: wait + 0.4 },
        {
          type: RR_TYPE.AAAA,
          sent: 0.03,
          earlier: [{ at: 0.5, rcode: 0 }],
          again: [wait + 0.1],
          answered: wait + 0.5,
          records: 0,
        },
      ]);
    }
    return this;
  }

  /** Both of a pair are lost, then both asked again and answered. */
  lostBoth(count = 1, wait = 5000): this {
    for (let index = 0; index < count; index++) {
      this.ask([
        { again: [wait], answered: wait + 0.4 },
        { type: RR_TYPE.AAAA, sent: 0.03, again: [wait + 0.1], answered: wait + 0.5, records: 0 },
      ]);
    }
    return this;
  }

  /** Asked one after the other, and the second is lost once. */
  lostLone(count = 1, wait = 5000): this {
    for (let index = 0; index < count; index++) {
      this.ask([{ answered: 6 }, { type: RR_TYPE.AAAA, sent: 6.1, again: [wait + 6], answered: wait + 7, records: 0 }]);
    }
    return this;
  }

  /** Nothing is ever answered: glibc's two tries. */
  silent(count = 1, server = this.#client.server): this {
    for (let index = 0; index < count; index++) {
      this.ask(
        [
          { server, again: [5000], answered: null },
          { server, type: RR_TYPE.AAAA, sent: 0.03, again: [5000.1], answered: null },
        ],
        { lasts: 10_000, outcome: 'timeout', endBecause: 'timer', answers: [] },
      );
    }
    return this;
  }

  /** Suffixes are tried first, both families each, then the name as it is. */
  walk(count = 1, name = 'api.example.test', suffixes = ['prod.svc.cluster.local', 'svc.cluster.local']): this {
    for (let index = 0; index < count; index++) {
      const questions: Question[] = [];
      for (const [step, suffix] of [...suffixes, ''].entries()) {
        const asked = suffix === '' ? name : `${name}.${suffix}`;
        const found = suffix === '' ? {} : { rcode: RCODE.NXDOMAIN, records: 0 };
        const port = ++this.#port;
        questions.push(
          { name: asked, port, sent: step * 2, answered: step * 2 + 1, ...found },
          {
            name: asked,
            port,
            type: RR_TYPE.AAAA,
            sent: step * 2 + 0.03,
            answered: step * 2 + 1.1,
            records: 0,
            ...found,
          },
        );
      }
      this.ask(questions, { name });
    }
    return this;
  }

  /** The second family only after the first one's answer. */
  sequential(count = 1, answered = 4): this {
    for (let index = 0; index < count; index++) {
      const port = (this.#port += 2);
      this.ask([
        { port, answered },
        { type: RR_TYPE.AAAA, port: port + 1, sent: answered + 0.05, answered: answered * 2, records: 0 },
      ]);
    }
    return this;
  }

  #attempt(question: Question, startedAt: Timestamp, port: number): Attempt {
    const moment = (time: number): Timestamp => at(startedAt + ms(time));
    const packet = (): number => ++this.#packet;
    const { answered = 0.4, again = [], earlier = [], late = [] } = question;
    return attemptOf({
      name: question.name ?? this.#client.name,
      type: question.type ?? RR_TYPE.A,
      transactionId: this.#packet & 0xffff,
      clientPort: question.port ?? port,
      server: question.server ?? this.#client.server,
      transport: question.transport ?? 'udp',
      truncated: question.truncated ?? false,
      sentAt: moment(question.sent ?? 0),
      sentPacket: packet(),
      resends: again.map((time) => ({ at: moment(time), packet: packet(), behindDnat: null })),
      earlierReplies: earlier.map((reply) => ({ at: moment(reply.at), packet: packet(), rcode: reply.rcode })),
      lateReplies: late.map((time) => ({ at: moment(time), packet: packet(), rcode: RCODE.NOERROR })),
      ...(answered === null
        ? unanswered
        : {
            repliedAt: moment(answered),
            replyPacket: packet(),
            rcode: question.rcode ?? RCODE.NOERROR,
            answerCount: question.records ?? 1,
            ...(question.records === 0 ? { addresses: [] } : {}),
          }),
      unreachableAt: question.unreachable === undefined ? at(Number.NaN) : moment(question.unreachable),
      behindDnat: question.behindDnat ?? null,
      backend: question.backend ?? null,
    });
  }
}

/** Several clients' lookups in order of their start. */
export const together = (...scenarios: readonly Scenario[]): Lookup[] =>
  scenarios.flatMap((scenario) => scenario.lookups).toSorted((a, b) => a.startedAt - b.startedAt);
