import type { Context } from './analysis.ts';
import type { ColorMode } from './color.ts';
import { EXIT } from './exit-status.ts';
import { lookFor } from './look.ts';

export interface RulesOptions {
  color: ColorMode;
}

/** `kubelag rules [ID]`: what is looked for, or all about one of them. */
export async function listRules(
  id: string | undefined,
  options: RulesOptions,
  { io, services }: Context,
): Promise<number> {
  const look = lookFor(io, io.stdout, options.color);
  io.stdout.write(await (id === undefined ? services.renderRules(look) : services.renderRule(id, look)));
  return EXIT.clear;
}
