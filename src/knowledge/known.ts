import { compareVersions } from '../base/versions.ts';
import type { KnownComponent, KnownDefault, KnownSetting } from '../model/knowledge.ts';
import table from './table.json' with { type: 'json' };

// The test of the table holds every file to the schema that these types say.
const COMPONENTS = table as readonly KnownComponent[];

/** All that is known, in order of the components' names. */
export const knownComponents = (): readonly KnownComponent[] => COMPONENTS;

/** A default that a rule may name, with the source beside it. */
export interface Known extends KnownDefault {
  component: string;
  setting: string;
  /** The version was not told, and others do otherwise: this is what the newest do. */
  assumed: boolean;
}

/**
 * What a component does by default.
 * @param version of the component, null where it is not told: the newest range then, as `assumed`
 * @param where the part or role, for settings that have several
 * @returns null where nothing is known of that version
 * @throws Error where the table has no such component or setting: a rule's slip
 */
export function knownDefault(
  component: string,
  setting: string,
  version: string | null = null,
  where?: string,
): Known | null {
  const ranges = settingOf(component, setting).defaults.filter((entry) => entry.where === where);
  if (ranges.length === 0)
    throw new Error(`knowledge: ${component} ${setting} has nothing for ${where ?? 'everywhere'}`);
  const known =
    version === null
      ? ranges.find((entry) => entry.until === undefined)
      : ranges.find((entry) => holds(entry, version));
  if (known === undefined) return null;
  return { component, setting, ...known, assumed: version === null && ranges.length > 1 };
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

/**
 * Does a component heed an option of resolv.conf? Null where that is not known, or hangs on a
 * version that is not told.
 */
export function honours(component: string, option: string, version: string | null = null): boolean | null {
  const ranges = findSetting(component, `options ${option}`)?.defaults ?? [];
  if (version !== null) return ranges.find((entry) => holds(entry, version))?.honoured ?? null;
  return ranges.length === 1 && ranges[0]?.since === undefined ? (ranges[0]?.honoured ?? null) : null;
}

const holds = ({ since, until }: KnownDefault, version: string): boolean =>
  (since === undefined || compareVersions(version, since) >= 0) &&
  (until === undefined || compareVersions(version, until) < 0);

const findSetting = (component: string, setting: string): KnownSetting | undefined =>
  COMPONENTS.find((entry) => entry.component === component)?.settings.find((entry) => entry.setting === setting);

function settingOf(component: string, setting: string): KnownSetting {
  const found = findSetting(component, setting);
  if (found === undefined) throw new Error(`knowledge: there is no ${component} ${setting}`);
  return found;
}
