import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnosis } from '../model/diagnosis.ts';
import { renderComparisonMarkdown } from './compare-markdown.ts';
import { renderComparisonTerminal } from './compare-terminal.ts';
import { renderConnectionTimeline } from './connection-timeline.ts';
import { renderExchangeTimeline } from './exchange-timeline.ts';
import { harmlessJson, renderJson } from './json.ts';
import { renderLookupTimeline } from './lookup-timeline.ts';
import { renderMarkdown } from './markdown.ts';
import { renderTerminal } from './terminal.ts';
import { comparisonOf } from './testing/comparisons.ts';
import { crowdedDiagnosis, emptyDiagnosis } from './testing/diagnoses.ts';
import { deadLookup } from './testing/lookups.ts';
import { busyConnection, cancelledCall, encryptedDiagnosis, requestDiagnosis } from './testing/requests.ts';

// Fields whose words come from a capture, a path or a saved file; the rest are fixed sets.
const FREE = new Set(
  'path format because name client server id lookup says why capture title confidenceBecause severityBecause component setting value source target command rollback metric method filter documentation rule detail resolverDetail resolverBecause type rcode at startedAt version host method path error serverName alpn alerts debug connection exchange backend protocol to'.split(
    ' ',
  ),
);

function poisoned<Value>(value: Value, text: string): Value {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (typeof inner === 'string' && FREE.has(key) ? text + inner : inner)),
  ) as Value;
}

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const evil = fc.oneof(
  fc.constantFrom('\u001b]0;owned\u0007', '\u009b31m', 'a\r\nb', '\u202e', '\t', '```\n# x', '\ud800'),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
);

describe('text of a capture', () => {
  it('never drives a terminal, in any report', () => {
    fc.assert(
      fc.property(
        evil,
        fc.constantFrom<() => Diagnosis>(crowdedDiagnosis, emptyDiagnosis, requestDiagnosis, encryptedDiagnosis),
        fc.boolean(),
        (text, make, unicode) => {
          const diagnosis = poisoned(make(), text);
          const options = { color: false, width: 80, unicode };
          expect(renderTerminal(diagnosis, { ...options, full: true })).not.toMatch(CONTROL);
          expect(renderTerminal(diagnosis, options)).not.toMatch(CONTROL);
          expect(renderMarkdown(diagnosis)).not.toMatch(CONTROL);
          expect(renderJson(diagnosis)).not.toMatch(CONTROL);
          expect(renderLookupTimeline(poisoned(deadLookup(), text), options)).not.toMatch(CONTROL);
          const comparison = poisoned(comparisonOf(), text);
          expect(renderComparisonTerminal(comparison, { ...options, full: true })).not.toMatch(CONTROL);
          expect(renderComparisonMarkdown(comparison)).not.toMatch(CONTROL);
          expect(harmlessJson(comparison)).not.toMatch(CONTROL);
          const connection = poisoned(busyConnection(), text);
          expect(renderConnectionTimeline(connection, options)).not.toMatch(CONTROL);
          expect(renderExchangeTimeline(poisoned(cancelledCall(), text), connection, options)).not.toMatch(CONTROL);
        },
      ),
    );
  });
});
