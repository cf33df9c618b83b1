import { compareVersions } from '../base/versions.ts';
import type { KnownComponent, KnownDefault, KnownSetting } from '../model/knowledge.ts';
import table from './table.json' with { type: 'json' };

// The test of the table holds every file to the schema that these types say.
const COMPONENTS = table as readonly KnownComponent[];

/** All that is known, in order of the components' names. */
export const knownComponents = (): readonly KnownComponent[] => COMPONENTS;

/**
 * What a component does by default.
 * @param version of the component, null where it is not told: the newest range then
 * @param where the part or role, for settings that have several
 * @returns null where nothing is known of that version
 * @throws Error where the table has no such component or setting: a rule's slip
 */
export function knownDefault(
  component: string,
  setting: string,
  version: string | null = null,
  where?: string,
): KnownDefault | null {
  const ranges = settingOf(component, setting).defaults.filter((entry) => entry.where === where);
  if (ranges.length === 0)
    throw new Error(`knowledge: ${component} ${setting} has nothing for ${where ?? 'everywhere'}`);
  return ranges.find((entry) => (version === null ? entry.until === undefined : holds(entry, version))) ?? null;
}

/**
 * The number of a default, in its unit.
 * @throws Error where it is none, or where nothing is known: a rule's slip
 */
export function valueOf(component: string, setting: string, version: string | null = null, where?: string): number {
  const value = knownDefault(component, setting, version, where)?.value;
  if (typeof value !== 'number') throw new Error(`knowledge: ${component} ${setting} is no number`);
  return value;
}

const holds = ({ since, until }: KnownDefault, version: string): boolean =>
  (since === undefined || compareVersions(version, since) >= 0) &&
  (until === undefined || compareVersions(version, until) < 0);

function settingOf(component: string, setting: string): KnownSetting {
  const found = COMPONENTS.find((entry) => entry.component === component)?.settings.find(
    (entry) => entry.setting === setting,
  );
  if (found === undefined) throw new Error(`knowledge: there is no ${component} ${setting}`);
  return found;
}
