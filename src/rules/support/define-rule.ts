import type { Clear, Report, Sense, Unobservable } from '../../model/finding.ts';
import type { Input } from '../../model/input.ts';
import type { Observer } from '../../model/observer.ts';
import type { Cluster } from '../../model/workload.ts';

/**
 * Something that several rules need to know of all rows, gathered once. It is an observer
 * itself; it sees each row before the rules do. A result may be asked for while a capture still
 * runs: what it says may then be asked again, and must not be kept.
 */
export interface Fact<Value extends Observer> {
  readonly id: string;
  /** @param fact one that it builds on: that one sees each row before it */
  create(fact: FactOf): Value;
}

export type FactOf = <Value extends Observer>(fact: Fact<Value>) => Value;

export const defineFact = <Value extends Observer>(fact: Fact<Value>): Fact<Value> => fact;

/**
 * A rule's `finish` gives a verdict: reports, or one `clear`, or `unobservable`. It may be
 * called several times, with more rows between, and changes nothing.
 */
export interface RuleContext<Message extends string> {
  /** The pathology is there. Once for each subject. */
  report(finding: Report<Message>): void;
  /** It was looked for and is not there; says with which figures. */
  clear(message: Message, data: Readonly<Record<string, string | number>>, examined: Clear['examined']): void;
  /** This capture could not have shown it. */
  unobservable(reason: Unobservable): void;
  /** A fact shared with other rules. Ask in `create`, read in `finish`. */
  readonly fact: FactOf;
  /** The inputs as read so far; complete in `finish`. */
  readonly inputs: readonly Input[];
  /**
   * The manifests that were given with the capture: of several overlays, those that fit what was seen
   * until then. Null where none were given. Ask in `finish`.
   */
  readonly cluster: (() => Cluster) | null;
}

export interface Rule<Message extends string = string> {
  /** A noun in the failing state: file name, documentation and index entry are the same. */
  readonly id: string;
  readonly title: string;
  readonly category: 'dns' | 'connection' | 'request';
  readonly sees: readonly Sense[];
  /** It may find something of calls inside TLS, too, which nobody can read. */
  readonly hearsTurns?: true;
  /** Compares a capture with manifests: not asked where none were given. */
  readonly needsManifests?: true;
  /** Placeholders as `fillMessage` of base/text knows them. `clear` is what was ruled out. */
  readonly messages: Readonly<Record<Message, string>>;
  create(context: RuleContext<Message>): Observer;
}

export const defineRule = <const Message extends string>(rule: Rule<Message>): Rule<Message> => rule;
