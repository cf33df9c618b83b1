import { readFileSync } from 'node:fs';
import type { Analysis, AnalyzeOptions } from '../analyze.ts';
import type { Alike } from '../model/alike.ts';
import type { ConnectionRow } from '../model/connection-schema.ts';
import type { Comparison } from '../model/comparison.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { LookupRow } from '../model/lookup-schema.ts';
import type { ExchangeRow } from '../model/exchange-schema.ts';
import type { KnownComponent } from '../model/knowledge.ts';
import type { RequestRow } from '../model/request-schema.ts';
import type { FixAnswer, FixOptions } from '../fix/fix.ts';
import type { LintOptions } from '../lint.ts';
import type { RenderOptions } from '../report/style.ts';
import { UserError } from '../model/user-error.ts';
import { closest } from './suggest.ts';
import { isWorthThread } from './worth-thread.ts';

export const FORMATS = ['terminal', 'json', 'markdown'] as const;
export type Format = (typeof FORMATS)[number];

export const LINT_FORMATS = [...FORMATS, 'sarif', 'junit', 'github'] as const;
export type LintFormat = (typeof LINT_FORMATS)[number];

/** How to draw an answer, and how much of it. */
export interface Look extends RenderOptions {
  top?: number;
  full?: boolean;
}

export interface RuleEntry {
  id: string;
  title: string;
}

/** One row that is shown packet by packet; an exchange beside the connection that it went over. */
export type ShownRow =
  | { kind: 'lookup'; row: LookupRow }
  | { kind: 'exchange'; row: ExchangeRow; connection: ConnectionRow | null }
  | { kind: 'connection'; row: ConnectionRow }
  | { kind: 'request'; row: RequestRow }
  | { kind: 'like'; row: Alike };

/**
 * What the commands call. Each is loaded when it is first needed: a command that shows help
 * must not wait for what reads captures.
 */
export interface Services {
  analyze(options: AnalyzeOptions): Promise<Analysis>;
  render(diagnosis: Diagnosis, format: Format, look: Look): Promise<string>;
  compare(before: Diagnosis, after: Diagnosis): Promise<Comparison>;
  renderComparison(comparison: Comparison, format: Format, look: Look): Promise<string>;
  renderRow(shown: ShownRow, format: Format, look: RenderOptions): Promise<string>;
  lint(options: LintOptions): Promise<Diagnosis>;
  renderLint(diagnosis: Diagnosis, format: LintFormat, look: Look): Promise<string>;
  /** What tells the findings again tomorrow. */
  baselineKeys(diagnosis: Diagnosis): Promise<string[]>;
  /** @throws UserError where changes cannot be written; then none is */
  fix(findings: Diagnosis['findings'], options: FixOptions): Promise<FixAnswer>;
  rules(): Promise<readonly RuleEntry[]>;
  renderRules(look: RenderOptions): Promise<string>;
  /** A rule's documentation. @throws UserError where there is no such rule */
  renderRule(id: string, look: RenderOptions): Promise<string>;
  /** What components do by default. */
  known(): Promise<readonly KnownComponent[]>;
  /** @param listing names alone */
  renderKnown(
    components: readonly KnownComponent[],
    listing: boolean,
    format: Format,
    look: RenderOptions,
  ): Promise<string>;
  schemas(): Promise<Readonly<Record<string, object>>>;
}

export const services: Services = {
  async analyze(options) {
    const { analyze } = await import('../analyze.ts');
    if (!isWorthThread(options.paths)) return analyze(options);
    const { readAside } = await import('../transfer/read-aside.ts');
    return analyze({ ...options, read: readAside(new URL('./reader.cjs', import.meta.url)) });
  },
  async render(diagnosis, format, look) {
    if (format === 'json') return (await import('../report/json.ts')).renderJson(diagnosis);
    if (format === 'markdown') return (await import('../report/markdown.ts')).renderMarkdown(diagnosis, look);
    // A saved answer of lint.
    if (diagnosis.inputs.length === 0 && diagnosis.manifests !== undefined) {
      return (await import('../report/lint-terminal.ts')).renderLintTerminal(diagnosis, look);
    }
    return (await import('../report/terminal.ts')).renderTerminal(diagnosis, look);
  },
  async compare(before, after) {
    return (await import('../compare/compare.ts')).compareDiagnoses(before, after);
  },
  async renderComparison(comparison, format, look) {
    if (format === 'json') return (await import('../report/json.ts')).harmlessJson(comparison);
    if (format === 'markdown') {
      return (await import('../report/compare-markdown.ts')).renderComparisonMarkdown(comparison);
    }
    return (await import('../report/compare-terminal.ts')).renderComparisonTerminal(comparison, look);
  },
  async renderRow(shown, format, look) {
    if (format === 'json') return `${JSON.stringify(shown.row, null, 2)}\n`;
    if (format === 'terminal') return timelineOf(shown, look);
    // A drawing stays one in Markdown: a code block, without colours.
    return `\`\`\`text\n${await timelineOf(shown, { ...look, color: false })}\`\`\`\n`;
  },
  async lint(options) {
    return (await import('../lint.ts')).lint(options);
  },
  async renderLint(diagnosis, format, look) {
    if (format === 'terminal') return (await import('../report/lint-terminal.ts')).renderLintTerminal(diagnosis, look);
    if (format === 'sarif') return (await import('../report/sarif.ts')).renderSarif(diagnosis);
    if (format === 'junit') return (await import('../report/junit.ts')).renderJunit(diagnosis);
    if (format === 'github') return (await import('../report/github.ts')).renderGithub(diagnosis);
    return this.render(diagnosis, format, look);
  },
  async baselineKeys(diagnosis) {
    return (await import('../lint.ts')).baselineKeys(diagnosis);
  },
  async fix(findings, options) {
    return (await import('../fix/fix.ts')).fix(findings, options);
  },
  async rules() {
    return (await import('../rules/registry.ts')).RULES;
  },
  async renderRules(look) {
    const [{ renderRuleList }, rules] = await Promise.all([import('../report/rule-page.ts'), this.rules()]);
    return renderRuleList(rules, look);
  },
  async renderRule(id, look) {
    const [{ renderRulePage }, rules] = await Promise.all([import('../report/rule-page.ts'), this.rules()]);
    const known = rules.map((rule) => rule.id);
    if (known.includes(id))
      return renderRulePage(readFileSync(new URL(`../rules/${id}.md`, import.meta.url), 'utf8'), look);
    const meant = closest(id, known);
    const hint = meant === null ? 'see them all: kubelag rules' : `did you mean ${meant}?`;
    throw new UserError(`rules ${id}: there is no such rule; ${hint}`);
  },
  async known() {
    return (await import('../knowledge/known.ts')).knownComponents();
  },
  async renderKnown(components, listing, format, look) {
    if (format === 'json') return `${JSON.stringify(components, null, 2)}\n`;
    const pages = await import('../report/known-page.ts');
    if (format === 'markdown') return pages.renderKnownMarkdown(components);
    return listing ? pages.renderKnownList(components, look) : pages.renderKnown(components, look);
  },
  async schemas() {
    const [
      { jsonSchema },
      { InputSchema },
      { LookupSchema },
      { TransactionSchema },
      { ConnectionSchema },
      { ExchangeSchema },
      { RequestSchema },
      { ComparisonSchema },
    ] = await Promise.all([
      import('../report/schema.ts'),
      import('../model/diagnosis.ts'),
      import('../model/lookup-schema.ts'),
      import('../model/transaction-schema.ts'),
      import('../model/connection-schema.ts'),
      import('../model/exchange-schema.ts'),
      import('../model/request-schema.ts'),
      import('../model/comparison.ts'),
    ]);
    return {
      diagnosis: jsonSchema(),
      lookup: LookupSchema,
      transaction: TransactionSchema,
      connection: ConnectionSchema,
      exchange: ExchangeSchema,
      request: RequestSchema,
      input: InputSchema,
      comparison: ComparisonSchema,
    };
  },
};

async function timelineOf(shown: ShownRow, look: RenderOptions): Promise<string> {
  switch (shown.kind) {
    case 'lookup':
      return (await import('../report/lookup-timeline.ts')).renderLookupTimeline(shown.row, look);
    case 'exchange': {
      const { renderExchangeTimeline } = await import('../report/exchange-timeline.ts');
      return renderExchangeTimeline(shown.row, shown.connection, look);
    }
    case 'connection':
      return (await import('../report/connection-timeline.ts')).renderConnectionTimeline(shown.row, look);
    case 'like':
      return (await import('../report/alike.ts')).renderAlike(shown.row, look);
    case 'request':
      return (await import('../report/waterfall.ts')).renderRequest(shown.row, look);
  }
}
