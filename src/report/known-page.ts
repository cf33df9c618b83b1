import type { KnownComponent, KnownDefault, KnownSetting } from '../model/knowledge.ts';
import { padEnd, widthOf, wrap } from './layout.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';

/** All components, one line each: what `kubelag knows` prints. */
export function renderKnownList(components: readonly KnownComponent[], options: RenderOptions): string {
  const style = createStyle(options);
  const column = Math.max(0, ...components.map(({ component }) => widthOf(component))) + 2;
  const lines = components.flatMap(({ component, name, settings }) => [
    `  ${style.paint.bold(padEnd(component, column))}${style.clean(name)}${style.paint.dim(` (${settings.length})`)}`,
  ]);
  return `${lines.join('\n')}\n`;
}

/** What is known of components, setting by setting, each with its source. */
export function renderKnown(components: readonly KnownComponent[], options: RenderOptions): string {
  const style = createStyle(options);
  return components.map((component) => componentLines(style, component).join('\n')).join('\n\n') + '\n';
}

function componentLines(style: Style, { component, name, settings }: KnownComponent): string[] {
  const title = style.paint.bold(style.clean(name)) + style.paint.dim(` (${component})`);
  return [title, ...settings.flatMap((setting) => ['', ...settingLines(style, setting)])];
}

function settingLines(style: Style, { setting, means, note, defaults }: KnownSetting): string[] {
  return [
    `  ${style.paint.cyan(style.clean(setting))}`,
    ...defaults.flatMap((entry) => [
      `    ${style.paint.bold(style.clean(valueWords(entry)))}${style.clean(rangeWords(entry))}`,
      ...indented(style, entry.source, 6).map((line) => style.paint.dim(line)),
    ]),
    ...indented(style, means, 4),
    ...(note === undefined ? [] : indented(style, note, 4)),
  ];
}

const indented = (style: Style, text: string, indent: number): string[] =>
  wrap(style.clean(text), style.width - indent).map((line) => ' '.repeat(indent) + line);

/** The same as a document, for a wiki or a ticket. */
export function renderKnownMarkdown(components: readonly KnownComponent[]): string {
  return components
    .map(({ name, settings }) =>
      [
        `## ${cell(name)}`,
        '',
        '| setting | default | for | what it does | source |',
        '|---|---|---|---|---|',
        ...settings.flatMap(({ setting, means, note, defaults }) =>
          defaults.map((entry) => {
            const says = note === undefined ? means : `${means} ${note}`;
            const range = rangeWords(entry).trim();
            return `| \`${cell(setting)}\` | ${[valueWords(entry), range, says, entry.source].map(cell).join(' | ')} |`;
          }),
        ),
        '',
      ].join('\n'),
    )
    .join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** `75 s`, `on`, `unlimited`, `honoured`. */
export function valueWords({ value, unit, honoured }: KnownDefault): string {
  if (honoured !== undefined) return honoured ? 'honoured' : 'ignored';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'number' || unit !== 's' || value < 3600)
    return unit === undefined ? `${value}` : `${value} ${unit}`;
  const hours = value / 3600;
  return `${value} s = ${hours % 24 === 0 ? `${hours / 24} d` : `${Number(hours.toFixed(1))} h`}`;
}

/** ` (client; from 1.20 to before 1.31)`, or nothing. */
function rangeWords({ where, since, until }: KnownDefault): string {
  const versions = [
    ...(since === undefined ? [] : [`from ${since}`]),
    ...(until === undefined ? [] : [`before ${until}`]),
  ];
  const parts = [...(where === undefined ? [] : [where]), ...(versions.length === 0 ? [] : [versions.join(', ')])];
  return parts.length === 0 ? '' : `  (${parts.join('; ')})`;
}
