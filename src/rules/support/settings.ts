import type { Setting } from '../../model/finding.ts';

/** A setting as the wire shows it, where no manifest says it. */
export const wireSetting = (component: string, setting: string, value: string, source = 'the packets'): Setting => ({
  component,
  setting,
  value,
  origin: 'wire',
  source,
});

/** What holds where nobody says otherwise, with who says so. */
export const defaultSetting = (component: string, setting: string, value: string, source: string): Setting => ({
  component,
  setting,
  value,
  origin: 'default',
  source,
});
