import type { Clear, Predicted } from '../../model/finding.ts';
import type { Cluster, Workload } from '../../model/workload.ts';

/** What a prediction may say; one verdict, as a rule: reports, or one `clear`, or nothing to judge. */
export interface PredictionContext<Message extends string> {
  readonly cluster: Cluster;
  /** A capture shows it at this workload: what explains it is worth saying, however common. */
  isObserved(workload: Workload): boolean;
  report(predicted: Predicted<Message>): void;
  /** It was looked for and is not there; says with which figures. */
  clear(message: Message, data: Readonly<Record<string, string | number>>, examined: Clear['examined']): void;
}

/**
 * A rule's configuration side: the same pathology, from manifests alone. Its basis is `predicted`,
 * and it is never certain: it says what it assumed.
 */
export interface Prediction<Message extends string = string> {
  /** Of the rule. */
  readonly id: string;
  /** Of the rule. */
  readonly title: string;
  readonly messages: Readonly<Record<Message, string>>;
  predict(context: PredictionContext<Message>): void;
}

export const definePrediction = <const Message extends string>(prediction: Prediction<Message>): Prediction<Message> =>
  prediction;
