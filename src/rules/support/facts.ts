import type { Observer } from '../../model/observer.ts';
import type { Fact, FactOf } from './define-rule.ts';

/** The facts of one diagnosis: each is created when it is first asked for, after those that it builds on. */
export function createFacts(): { readonly of: FactOf; all(): Observer[] } {
  const facts = new Map<string, { fact: Fact<Observer>; value: Observer }>();
  const of = <Value extends Observer>(fact: Fact<Value>): Value => {
    const known = facts.get(fact.id);
    if (known !== undefined) {
      if (known.fact !== fact) throw new Error(`two facts have the id ${fact.id}`);
      return known.value as Value;
    }
    const value = fact.create(of);
    facts.set(fact.id, { fact, value });
    return value;
  };
  return { of, all: () => [...facts.values()].map(({ value }) => value) };
}
