/**
 * Scores the tool over captures with truth: `npm run bench:accuracy [-- FOLDER…]`. Without folders
 * over those of test/corpora, and writes docs/accuracy.md and the floor that the tests hold.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { casesOf, type Case } from './accuracy/cases.ts';
import { OWN_SETS, floorOf, FLOOR_FILE } from './accuracy/floor.ts';
import { score, type Scored } from './accuracy/score.ts';
import { renderMarkdown, renderText, summarise } from './accuracy/table.ts';

const root = resolve(import.meta.dirname, '..');

const INTRO = `# How right it is

Written by \`npm run bench:accuracy\`; do not edit. Each capture has one known cause or none, and its truth was
measured by the programs that made the traffic. A finding of severity \`info\` does not count. *found*: under
the right id; *missed*: not found, or only as info; *false*: found, and not true; *cheap*: found, and only info
by what it cost; *hidden*: this capture can't show it
(\`bench/accuracy/names.ts\` says why). Errors are medians of |found − true| / true
(of a cost that is given as a range, to its nearer end);
*saving error*: of what the cure was predicted to save of the median request, against the program's own log.
`;

async function scoreAll(cases: readonly Case[]): Promise<Scored[]> {
  const scored: Scored[] = [];
  for (const one of cases) scored.push(await score(one));
  return scored;
}

function explain(scored: readonly Scored[]): void {
  for (const { case: one, outcomes } of scored) {
    for (const { kind, rule, says, countError, costError } of outcomes) {
      const isOff = kind === 'found' && (countError > 0.1 || costError > 0.1);
      if (kind !== 'missed' && kind !== 'false' && !isOff) continue;
      const off = isOff
        ? `count off by ${(100 * countError).toFixed(0)} %, cost by ${(100 * costError).toFixed(0)} %`
        : '';
      console.log(`${(isOff ? 'off' : kind).padEnd(7)}${one.id}/${one.side}  ${rule}  ${off}  ${says}`);
    }
  }
}

const asked = process.argv.slice(2).filter((word) => word !== '--');
const folders =
  asked.length > 0 ? asked.map((folder) => resolve(folder)) : OWN_SETS.map((set) => join(root, 'test/corpora', set));
const sections: string[] = [];
const all: Scored[] = [];
for (const folder of folders) {
  if (!existsSync(folder)) throw new Error(`${folder}: there is no such folder`);
  const scored = await scoreAll(casesOf(folder));
  all.push(...scored);
  const summary = summarise(scored);
  console.log(`\n${basename(folder)}`);
  explain(scored);
  console.log(renderText(summary));
  sections.push(renderMarkdown(basename(folder), summary));
}
if (asked.length === 0) {
  writeFileSync(join(root, 'docs/accuracy.md'), [INTRO, ...sections].join('\n'));
  writeFileSync(join(root, FLOOR_FILE), `${JSON.stringify(floorOf(all), null, 2)}\n`);
}
