// The table of components' defaults: from the YAML that people write to what is loaded.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';

const FOLDER = 'src/knowledge/components';

/** One setting a line, so that a change of one is a difference of one line. */
export function knowledgeTable() {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
  const components = files.toSorted().map((file) => {
    const { settings, ...head } = parse(readFileSync(join(FOLDER, file), 'utf8'));
    const lines = settings.map((setting) => `    ${JSON.stringify(setting)}`);
    return `  {\n    ${JSON.stringify(head).slice(1, -1)},\n    "settings": [\n${lines.join(',\n')}\n    ]\n  }`;
  });
  return `[\n${components.join(',\n')}\n]\n`;
}

export const TABLE = 'src/knowledge/table.json';

if (import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(TABLE, knowledgeTable());
