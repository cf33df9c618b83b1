/** What components do when nobody configures them. */

/** Units of defaults; a default without one is a word, a count or a switch. */
export const KNOWN_UNITS = ['ms', 's', 'bytes', 'percent'] as const;
export type KnownUnit = (typeof KNOWN_UNITS)[number];

export interface KnownComponent {
  /** As people type it: `nginx`. */
  component: string;
  /** As its makers write it: `NGINX`. */
  name: string;
  kind: 'proxy' | 'server' | 'client' | 'resolver' | 'dns' | 'credentials' | 'cloud' | 'kernel' | 'runtime' | 'pool';
  settings: readonly KnownSetting[];
}

export interface KnownSetting {
  setting: string;
  /** What it does to a request, in one sentence. */
  means: string;
  /** What works only with it, against it, or not at all. */
  note?: string;
  defaults: readonly KnownDefault[];
}

/** What holds for one range of versions. Either a value or whether the setting is heeded. */
export interface KnownDefault {
  value?: number | string | boolean;
  unit?: KnownUnit;
  /** Of an option that others define (resolv.conf): does this component heed it? */
  honoured?: boolean;
  /** In which part or role: `client`, `IMDS`; none: everywhere. */
  where?: string;
  /** First version that has it; none: as far back as is known. */
  since?: string;
  /** First version that has it no more; none: up to now. */
  until?: string;
  /** Where it was read: an address, or a file of the public project, or what was measured. */
  source: string;
}
