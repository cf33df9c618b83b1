const NAMES: Readonly<Record<number, string>> = {
  0x0002: 'SSL 2.0',
  0x0300: 'SSL 3.0',
  0x0301: '1.0',
  0x0302: '1.1',
  0x0303: '1.2',
  0x0304: '1.3',
};

const TLS_13 = 0x0304;
// Drafts of TLS 1.3 called themselves 0x7f00 and their number.
const DRAFT = 0x7f;

export const is13 = (version: number): boolean => version === TLS_13 || version >> 8 === DRAFT;

export const versionName = (version: number): string | null => (is13(version) ? '1.3' : (NAMES[version] ?? null));
