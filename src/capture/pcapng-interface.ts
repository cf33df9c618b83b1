/** One capture interface of a pcapng section (draft-ietf-opsawg-pcapng section 4.2). */
export interface CaptureInterface {
  /** Its number among all interfaces of the input, whatever the section. */
  index: number;
  linkType: number;
  /** 0 where there is no limit. */
  snapLength: number;
  /** Ticks a second: 10^exponent, or 2^exponent. */
  binary: boolean;
  exponent: number;
  /** Seconds to add to each time. */
  offsetSeconds: bigint;
  /** Nanoseconds a tick where that is whole; 0 where the exact way has to be taken. */
  unit: number;
  /** The first packet's ticks, and its time in nanoseconds since the input's first packet. */
  baseHigh: number;
  baseLow: number;
  baseTime: number;
  started: boolean;
  /** What its statistics say was lost, cumulated. */
  dropped: number;
}

const OPTION = { resolution: 9, offset: 14 } as const;
const DEFAULT_EXPONENT = 6;

export function createInterface(index: number): CaptureInterface {
  return {
    index,
    linkType: 0,
    snapLength: 0,
    binary: false,
    exponent: DEFAULT_EXPONENT,
    offsetSeconds: 0n,
    unit: 1e3,
    baseHigh: 0,
    baseLow: 0,
    baseTime: 0,
    started: false,
    dropped: 0,
  };
}

/** Reads an interface description whose body is `start … end`. */
export function readInterface(
  index: number,
  view: DataView,
  start: number,
  end: number,
  little: boolean,
): CaptureInterface {
  const result = createInterface(index);
  if (end - start < 8) return result;
  result.linkType = view.getUint16(start, little);
  result.snapLength = view.getUint32(start + 4, little);
  forEachOption(view, start + 8, end, little, (code, valueStart, length) => {
    if (code === OPTION.resolution && length >= 1) {
      const resolution = view.getUint8(valueStart);
      result.binary = (resolution & 0x80) !== 0;
      result.exponent = resolution & 0x7f;
    } else if (code === OPTION.offset && length >= 8) {
      result.offsetSeconds = little
        ? (BigInt(view.getInt32(valueStart + 4, true)) << 32n) | BigInt(view.getUint32(valueStart, true))
        : (BigInt(view.getInt32(valueStart)) << 32n) | BigInt(view.getUint32(valueStart + 4));
    }
  });
  result.unit = wholeUnit(result);
  return result;
}

/** Options of a block: `visit` is given code, place and length, all within the block. */
export function forEachOption(
  view: DataView,
  start: number,
  end: number,
  little: boolean,
  visit: (code: number, valueStart: number, length: number) => void,
): void {
  let at = start;
  while (at + 4 <= end) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0 || at + 4 + length > end) return;
    visit(code, at + 4, length);
    at += 4 + ((length + 3) & ~3);
  }
}

function wholeUnit({ binary, exponent }: CaptureInterface): number {
  if (!binary) return exponent <= 9 ? 10 ** (9 - exponent) : 0;
  // 10^9 is 2^9 times an odd number: up to 2^-9 seconds a tick is a whole number of nanoseconds.
  return exponent <= 9 ? 1e9 / 2 ** exponent : 0;
}

/**
 * Nanoseconds since 1970 of a time in ticks, exact; what is finer than a nanosecond is dropped.
 * Read as signed: clocks that were never set lie before 1970, none lies 2^63 ticks ahead.
 */
export function absoluteNanoseconds(high: number, low: number, from: CaptureInterface): bigint {
  const ticks = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  const exponent = BigInt(from.exponent);
  const perSecond = from.binary ? 1n << exponent : 10n ** exponent;
  return (ticks * 1_000_000_000n) / perSecond + from.offsetSeconds * 1_000_000_000n;
}
