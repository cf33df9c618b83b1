import type { KnownComponent } from '../model/knowledge.ts';
import { UserError } from '../model/user-error.ts';
import type { Context } from './analysis.ts';
import type { ColorMode } from './color.ts';
import { EXIT } from './exit-status.ts';
import { lookFor } from './look.ts';
import type { Format } from './services.ts';
import { closest } from './suggest.ts';

export interface KnowsOptions {
  color: ColorMode;
  format: Format;
}

/** `kubelag knows [COMPONENT] [SETTING]`: what components do by default, and who says so. */
export async function showKnown(
  component: string | undefined,
  setting: string | undefined,
  options: KnowsOptions,
  { io, services }: Context,
): Promise<number> {
  const all = await services.known();
  const listing = component === undefined;
  const wanted = listing ? all : withSetting(select(all, component), component, setting);
  io.stdout.write(await services.renderKnown(wanted, listing, options.format, lookFor(io, io.stdout, options.color)));
  return EXIT.clear;
}

/** That component; else all settings and components that hold the word. @throws UserError where none does */
function select(all: readonly KnownComponent[], word: string): readonly KnownComponent[] {
  const asked = word.toLowerCase();
  const exact = all.filter(({ component, name }) => component === asked || name.toLowerCase() === asked);
  if (exact.length > 0) return exact;
  const named = all.filter(({ component, name }) => holds(component, asked) || holds(name, asked));
  if (named.length > 0) return named;
  const found = withSettings(all, asked);
  if (found.length > 0) return found;
  const meant = closest(
    asked,
    all.map(({ component }) => component),
  );
  const hint = meant === null ? 'see them all: kubelag knows' : `did you mean ${meant}?`;
  throw new UserError(`knows ${word}: nothing is known of that; ${hint}`);
}

function withSetting(
  components: readonly KnownComponent[],
  component: string,
  setting: string | undefined,
): readonly KnownComponent[] {
  if (setting === undefined) return components;
  const found = withSettings(components, setting.toLowerCase());
  if (found.length > 0) return found;
  const names = components.flatMap(({ settings }) => settings.map((one) => one.setting));
  const meant = closest(setting, names);
  const hint = meant === null ? `see them all: kubelag knows ${component}` : `did you mean ${meant}?`;
  throw new UserError(`knows ${component} ${setting}: there is no such setting; ${hint}`);
}

const withSettings = (components: readonly KnownComponent[], word: string): KnownComponent[] =>
  components.flatMap((component) => {
    const settings = component.settings.filter(({ setting }) => holds(setting, word));
    return settings.length === 0 ? [] : [{ ...component, settings }];
  });

const holds = (text: string, word: string): boolean => text.toLowerCase().includes(word);
