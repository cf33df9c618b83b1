import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture } from '../bench/generate.ts';
import { analyze } from '../src/analyze.ts';
import { createDiagnosis } from '../src/diagnosis/diagnose.ts';
import type { Diagnosis, Finding } from '../src/model/diagnosis.ts';
import type { Input } from '../src/model/input.ts';
import { copyLookup, type Lookup } from '../src/model/lookup.ts';
import { inputOf } from '../src/model/testing/rows.ts';
import { RULES } from '../src/rules/registry.ts';
import { isOrdinary } from '../src/rules/support/lookups/ordinary.ts';
import { Scenario } from '../src/rules/support/testing/scenario.ts';

/** Ordinary lookups take a quicker way to the rules: it must say what the general one says. */

function diagnosed(
  inputs: readonly Input[],
  lookups: readonly Lookup[],
  quick: (lookup: Lookup) => boolean,
): Diagnosis {
  const run = createDiagnosis({ rules: RULES, inputs, version: '0', isOrdinary: quick });
  for (const input of inputs) run.observer.input(input);
  for (const lookup of lookups) run.observer.lookup(lookup);
  run.observer.finish();
  return run.result();
}

const keyOf = ({ rule, subject }: Finding): string => `${rule} ${subject.name}`;

/** Of two that cost the same neither way tells which comes first, nor which of them is shown. */
const withoutTies = (diagnosis: Diagnosis): unknown => ({
  ...diagnosis,
  findings: diagnosis.findings
    .toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
    .map((finding) => ({ ...finding, evidence: null, examples: null, filter: null })),
});

const FOLDER = 'test/corpora/resolvers';
const captures = readdirSync(FOLDER).filter((file) => file.endsWith('.pcap'));

describe('the quick way and the general one give one answer', () => {
  it.each([...captures.map((file) => `${FOLDER}/${file}`), 'generated'])('%s', async (name) => {
    const path = name === 'generated' ? capture({ kind: 'dns', packets: 20_000, seed: 1 }) : name;
    const lookups: Lookup[] = [];
    const { inputs } = await analyze({
      paths: [path],
      dnsPorts: [53],
      clients: [],
      names: [],
      slowerThan: null,
      observers: [{ lookup: (lookup) => lookups.push(copyLookup(lookup)) }],
    });
    expect(diagnosed(inputs, lookups, isOrdinary)).toEqual(diagnosed(inputs, lookups, () => false));
  });

  it('of any lookups', () => {
    const clients = fc.constantFrom('10.0.3.7', '10.0.3.8', '10.0.3.9');
    const servers = fc.constantFrom('10.96.0.10', '10.96.0.11');
    const parts = ['pair', 'apart', 'walk', 'sequential', 'lostSecond', 'lostFirst', 'lostBoth', 'lostLone'] as const;
    const part = fc.tuple(clients, servers, fc.constantFrom(...parts, 'pair', 'pair', 'slowPair'), fc.nat({ max: 6 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 24 }), (chosen) => {
        const lookups = chosen.flatMap(([client, server, kind, count], index) => {
          const scenario = new Scenario({ client, server });
          const made = kind === 'slowPair' ? scenario.pair(count, 150) : scenario[kind](kind === 'walk' ? 1 : count);
          return made.lookups.map((lookup, place) => ({ ...lookup, id: `0.l${index * 100 + place}` }));
        });
        lookups.sort((one, other) => one.startedAt - other.startedAt);
        const inputs = [inputOf({ input: 0 })];
        const general = diagnosed(inputs, lookups, () => false);
        expect(withoutTies(diagnosed(inputs, lookups, isOrdinary))).toEqual(withoutTies(general));
      }),
      { numRuns: 100 },
    );
  });

  it('most lookups take it', async () => {
    let ordinary = 0;
    let all = 0;
    const count = (lookup: Lookup): void => {
      all++;
      if (isOrdinary(lookup)) ordinary++;
    };
    const path = capture({ kind: 'dns', packets: 20_000, seed: 1 });
    const observers = [{ lookup: count }];
    await analyze({ paths: [path], dnsPorts: [53], clients: [], names: [], slowerThan: null, observers });
    expect(ordinary / all).toBeGreaterThan(0.8);
  });
});
