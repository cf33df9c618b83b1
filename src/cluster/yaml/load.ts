import type { Yaml } from './full.ts';

/** Slow to load, and not needed for most manifests. */
export const loadYaml = (): Promise<Yaml> => import('yaml');
