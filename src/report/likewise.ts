import { formatCount } from '../base/text.ts';
import type { Finding } from '../model/diagnosis.ts';
import { labelled } from './layout.ts';
import type { Style } from './style.ts';
import { duration } from './words.ts';

/** A finding, and those that say the same of others. */
export interface Alike {
  readonly finding: Finding;
  readonly others: readonly Finding[];
}

// Of the same at a dozen servers a reader wants to know that it is a dozen.
const MAX_LIKEWISE = 4;

/** Findings in their order, each followed by those of the same rule, settings and changes: what is to be done is the same. */
export function alikeTogether(findings: readonly Finding[]): Alike[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = keyOf(finding);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [finding]);
    else known.push(finding);
  }
  return [...groups.values()].map(([finding, ...others]) => ({ finding: finding as Finding, others }));
}

function keyOf({ rule, basis, input, because, fix, evidence, subject }: Finding): string {
  const settings = because.map(({ setting, value, origin }) => [setting, value, origin]);
  const changes = fix.map(({ title, patch }) => [title, patch]);
  // Lines of manifests are each workload's own.
  const isQuoted = evidence.some(({ place }) => place !== undefined);
  return JSON.stringify([rule, basis, input, settings, changes, isQuoted ? subject : null]);
}

/** Those of the others, in a line each. */
export function likewiseLines(style: Style, others: readonly Finding[]): string[] {
  const left = others.length - MAX_LIKEWISE;
  return [
    ...others
      .slice(0, MAX_LIKEWISE)
      .flatMap((finding, index) => labelled(style, index === 0 ? 'likewise' : '', style.clean(likewiseWords(finding)))),
    ...(left > 0 ? labelled(style, '', `… ${formatCount(left)} more with --full`) : []),
  ];
}

/** What it says, whose it is, and what it weighs. */
export function likewiseWords({ says, subject, cost, severity, confidence }: Finding): string {
  const whose = says.includes(subject.name) ? '' : `${subject.name}, `;
  return `${says} (${whose}${duration(cost.totalSeconds)} in all; ${severity} · ${confidence})`;
}
