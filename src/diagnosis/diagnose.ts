import { DNS_PROTOCOL } from '../model/connection.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { DIAGNOSIS_SCHEMA } from '../model/schema-names.ts';
import type { Report, Unobservable } from '../model/finding.ts';
import type { Exchange } from '../model/exchange.ts';
import { at, toSeconds } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import { toInputRow } from '../model/input-row.ts';
import type { Cluster } from '../model/workload.ts';
import type { Lookup } from '../model/lookup.ts';
import type { FullObserver, Observer } from '../model/observer.ts';
import { isOwnCall, type Request } from '../model/request.ts';
import type { Rule, RuleContext } from '../rules/support/define-rule.ts';
import { checkers } from '../rules/support/connections/checkers.ts';
import { createFacts } from '../rules/support/facts.ts';
import { tellExchanges } from '../rules/support/exchanges/ordinary-exchanges.ts';
import { tellLookups } from '../rules/support/lookups/ordinary.ts';
import { ownTimes } from '../rules/support/requests/own-times.ts';
import { traffic } from '../rules/support/traffic.ts';
import { witness, type Witness } from '../rules/support/witness.ts';
import { KeptRequests } from '../replay/kept-requests.ts';
import { absorb } from './absorb.ts';
import { ABSORPTIONS } from './absorption.ts';
import { BesideRequests } from './beside-requests.ts';
import { createConnectionStatistics } from './connection-statistics.ts';
import { dearestFirst } from './dearest-first.ts';
import { createExchangeStatistics } from './exchange-statistics.ts';
import { findingRow, messageOf } from './finding-row.ts';
import { createLookupStatistics } from './lookup-statistics.ts';
import { createRequestStatistics } from './request-statistics.ts';
import { Outlooks, type Outlook } from './outlook.ts';
import { createSamples } from './samples.ts';
import { createHearing, type Unwanted } from './unheard.ts';
import { verdictOf } from './verdict.ts';

export interface DiagnosisOptions {
  rules: readonly Rule[];
  /** As read so far; complete when the observer's `finish` is called. */
  inputs: readonly Input[];
  /** Of the tool. */
  version: string;
  /** What was given beside the capture. */
  manifests?: Manifests;
  /** Lookups that never reach the observer; read when the result is made. */
  leftOut?: { readonly count: number; readonly because: string | null };
  /** The same of all rows that the user did not ask for; null where he asked for all. */
  unwanted?: Unwanted | null;
  /** Which lookups rules are told of in the quick way; a test has all of them told in the other. */
  isOrdinary?(lookup: Lookup): boolean;
  isOrdinaryExchange?(exchange: Exchange): boolean;
}

/** Manifests, and how an answer is joined with them: loaded only where they are given. */
export interface Manifests {
  clusterFor(seen: Witness, inputs: readonly Input[]): Cluster;
  join(diagnosis: Diagnosis, seen: Witness, inputs: readonly Input[]): Diagnosis;
}

export interface DiagnosisRun {
  /** Takes the rows, in order of their start. */
  readonly observer: FullObserver;
  /**
   * The diagnosis of all rows so far: final after the observer's `finish`, and before it (a
   * capture that still runs) what can be said now.
   */
  result(): Diagnosis;
}

/** One rule's answers, gathered anew each time it is asked. */
interface Answers {
  reports: Report[];
  ruledOut: Diagnosis['ruledOut'];
  unobservable: Unobservable[];
}

interface Runner {
  readonly rule: Rule;
  readonly observer: Observer;
  answers: Answers;
}

/**
 * Runs facts, statistics and rules over the rows and makes the contract's answer of it.
 * Throws where a rule breaks its contract (no verdict, two verdicts, an unknown message).
 */
export function createDiagnosis(options: DiagnosisOptions): DiagnosisRun {
  const { rules, inputs, version, manifests } = options;
  const lookups = createLookupStatistics();
  const kept = new KeptRequests();
  const facts = createFacts();
  const factOf = facts.of;
  const seenTraffic = factOf(traffic);
  const connections = createConnectionStatistics(factOf(checkers));
  const exchanges = createExchangeStatistics(seenTraffic);
  const samples = createSamples(seenTraffic);
  const requests = createRequestStatistics(seenTraffic.routes, factOf(ownTimes));

  const start = (rule: Rule): Runner => {
    const runner = { answers: noAnswers() };
    const context: RuleContext<string> = {
      inputs,
      cluster: manifests === undefined ? null : () => manifests.clusterFor(factOf(witness), inputs),
      fact: factOf,
      report: (report) => void runner.answers.reports.push(report),
      clear: (message, data, examined) =>
        void runner.answers.ruledOut.push({
          rule: rule.id,
          says: messageOf(rule, message, data),
          examined: { ...examined },
        }),
      unobservable: (reason) => void runner.answers.unobservable.push(reason),
    };
    const observer = rule.create(context);
    return Object.assign(runner, { rule, observer });
  };
  const runners = rules.filter(({ needsManifests }) => needsManifests !== true || manifests !== undefined).map(start);
  const seen = manifests === undefined ? null : factOf(witness);
  const factObservers = facts.all();

  // Called for every lookup, exchange or request: bound once, flat, and only those who listen. Facts go first, so
  // that a rule may ask them about the lookup in its hands.
  const observers = [...factObservers, ...runners.map((runner) => runner.observer)];
  const tellLookup = tellLookups([lookups, { lookup: samples.lookup }, ...observers], options.isOrdinary);
  const hearConnection = [connections, ...observers.filter((observer) => observer.connection !== undefined)];
  const requestListeners: ((request: Request) => void)[] = [];
  for (const observer of observers) {
    if (observer.request !== undefined) requestListeners.push(observer.request.bind(observer));
  }
  const tellExchange = tellExchanges(
    [exchanges, samples, ...observers],
    seenTraffic.routes,
    options.isOrdinaryExchange,
  );
  const latency = {
    lookups: lookups.latency,
    exchanges: exchanges.latency,
    connections: connections.opening,
    requests: requests.latency,
  };

  const judge = (): Diagnosis => {
    for (const observer of factObservers) observer.finish?.();
    const reported: { rule: Rule; report: Report }[] = [];
    const ruledOut: Diagnosis['ruledOut'] = [];
    const unobservable: Diagnosis['unobservable'] = [];
    const rows = {
      lookups: {
        ...lookups.row(inputs),
        leftOut: { count: options.leftOut?.count ?? 0, because: options.leftOut?.because ?? null },
      },
      exchanges: exchanges.row(inputs),
      connections: connections.row(inputs),
      requests: requests.row(inputs),
    };
    const unheard = createHearing(inputs, rows, options.unwanted ?? null);
    for (const runner of runners) {
      const { rule } = runner;
      const reason = unheard(rule.sees);
      const mayHaveHeard = reason === null || (reason.missing === 'http' && rule.hearsTurns);
      runner.answers = noAnswers();
      if (mayHaveHeard) runner.observer.finish?.();
      const { answers } = runner;
      if (reason !== null && answers.reports.length === 0) {
        unobservable.push({ rule: rule.id, ...reason });
        continue;
      }
      requireOneVerdict(rule.id, answers);
      for (const report of answers.reports) reported.push({ rule, report });
      ruledOut.push(...answers.ruledOut);
      for (const why of answers.unobservable) unobservable.push({ rule: rule.id, ...why, missing: null });
    }
    // Made where there is something to predict.
    let outlooks: Outlooks | null = null;
    const outlookOf = (reports: readonly Report[]): Outlook | null => (outlooks ??= new Outlooks(kept)).of(reports);
    const beside = new BesideRequests(kept);
    const findings = dearestFirst(
      absorb(reported, ABSORPTIONS).map(({ rule, report, absorbs, vanishing }) => ({
        ...findingRow(rule, report, latency, outlookOf([report, ...vanishing]), inputs, beside),
        absorbs: absorbs.map(({ rule: name, count, total }) => ({
          rule: name,
          count,
          totalSeconds: toSeconds(at(total)),
        })),
      })),
    );
    const inputRows = inputs.map(toInputRow);
    const diagnosis: Diagnosis = {
      schema: DIAGNOSIS_SCHEMA,
      tool: { name: 'kubelag', version },
      inputs: inputRows,
      verdict: verdictOf({ inputs: inputRows, findings, ruledOut, unobservable, ...rows }),
      findings,
      ruledOut,
      unobservable,
      ...rows,
      samples: samples.rows(inputs),
    };
    return manifests === undefined || seen === null ? diagnosis : manifests.join(diagnosis, seen, inputs);
  };

  let final: Diagnosis | null = null;
  return {
    observer: {
      input(input) {
        for (const observer of observers) observer.input?.(input);
      },
      lookup: tellLookup,
      connection(connection) {
        if (connection.protocol === DNS_PROTOCOL) {
          for (const observer of observers) observer.dnsConnection?.(connection);
          return;
        }
        for (const observer of hearConnection) observer.connection?.(connection);
      },
      exchange: tellExchange,
      request(request) {
        requests.request(request);
        samples.request(request);
        kept.request(request);
        if (isOwnCall(request)) return;
        for (let index = 0; index < requestListeners.length; index++) {
          (requestListeners[index] as (request: Request) => void)(request);
        }
      },
      finish() {
        final ??= judge();
      },
    },
    result: () => final ?? judge(),
  };
}

const noAnswers = (): Answers => ({ reports: [], ruledOut: [], unobservable: [] });

/** Silence is no verdict, and a cause that was found is not ruled out as well. */
function requireOneVerdict(id: string, answers: Answers): void {
  const { reports, ruledOut, unobservable } = answers;
  if (reports.length + ruledOut.length + unobservable.length === 0) throw new Error(`rule ${id} came to no verdict`);
  if (ruledOut.length > 1) throw new Error(`rule ${id} was ruled out twice`);
  if (reports.length > 0 && ruledOut.length > 0) throw new Error(`rule ${id} was both reported and ruled out`);
}
