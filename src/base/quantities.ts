const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400,
}; // prettier-ignore

/** Seconds of a duration as Go, Istio and NGINX write it: `1m30s`, `500ms`, `1.5h`; null where it is none. */
export function parseGoDuration(text: string): number | null {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d)\s?)+$/.test(text)) return /^0+$/.test(text) ? 0 : null;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) {
    seconds += Number(count) * (UNIT_SECONDS[unit as string] as number);
  }
  return seconds;
}

/** Cores of a CPU quantity of Kubernetes: `200m`, `0.5`, `2`; null where it is none. */
export function parseCores(text: string): number | null {
  const match = /^(\d+(?:\.\d*)?|\.\d+)(m|u|n|k)?$/.exec(text.trim());
  if (match === null) return null;
  const factor = { m: 1e-3, u: 1e-6, n: 1e-9, k: 1e3 }[match[2] ?? ''] ?? 1;
  return Number(match[1]) * factor;
}

const DECIMAL: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const BINARY: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** Bits a second of a bandwidth as a quantity of Kubernetes: `10M`, `512Ki`, `1G`; null where it is none. */
export function parseBitRate(text: string): number | null {
  const match = /^(\d+(?:\.\d*)?|\.\d+)([kMGT]|[KMGT]i)?$/.exec(text.trim());
  if (match === null) return null;
  const unit = match[2] ?? '';
  return Number(match[1]) * (DECIMAL[unit] ?? (BINARY[unit] as number));
}

/** `15m`, `1 h 30 min`: seconds as people write settings. */
export function formatSeconds(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
