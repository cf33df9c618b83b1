import { seededRandom } from '../../src/base/random.ts';

/** A secret that a test plants, and how it may show. */
export interface Planted {
  /** Where it was put. */
  where: string;
  text: string;
}

// A shorter piece may stand in an output by chance; half a secret is a leak, too.
const PIECE = 10;
// The same in each run: one in some hundred random ones looks like words (redact.test.ts counts them).
const SEED = 0x5ec7e7;

/** Hands out secrets, each different, and looks for them. */
export class Markers {
  readonly planted: Planted[] = [];
  readonly #random = seededRandom(SEED);

  /** @param kind how it is written: what services use */
  plant(where: string, kind: 'word' | 'hex' | 'uuid' | 'base64' | 'capitals' | 'letters' = 'word'): string {
    const text = written(kind, Buffer.from(Array.from({ length: 20 }, () => this.#random() * 256)));
    this.planted.push({ where, text });
    return text;
  }

  /** Where secrets show in a text: as they are, in pieces, in base64, as URL escapes, in hexadecimal, in other case. */
  foundIn(output: string): string[] {
    const low = output.toLowerCase();
    const found: string[] = [];
    for (const { where, text } of this.planted) {
      const shapes = shapesOf(text).filter((shape) => low.includes(shape));
      if (shapes.length > 0) found.push(`${where}: ${text} shows as ${shapes[0]}`);
    }
    return found;
  }
}

function written(kind: Parameters<Markers['plant']>[1], random: Buffer): string {
  if (kind === 'hex') return random.toString('hex');
  if (kind === 'base64') return `${random.toString('base64').replaceAll('=', '')}+/`;
  if (kind === 'uuid') return random.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  const letters = [...random].map((octet) => String.fromCharCode(97 + (octet % 26))).join('');
  if (kind === 'capitals') return letters.toUpperCase();
  if (kind === 'letters') return letters;
  return `s3cr3t${letters}`;
}

/** In small letters, as is the text that is looked through. */
function shapesOf(text: string): string[] {
  const shapes = new Set<string>();
  for (let start = 0; start + PIECE <= text.length; start++) shapes.add(text.slice(start, start + PIECE));
  // The three ways in which base64 may cut it, without what depends on its neighbours.
  for (const before of ['', 'x', 'xx']) {
    shapes.add(
      Buffer.from(before + text)
        .toString('base64')
        .slice(4, -4),
    );
    shapes.add(
      Buffer.from(before + text)
        .toString('base64url')
        .slice(4, -4),
    );
  }
  shapes.add(Buffer.from(text).toString('hex'));
  shapes.add([...Buffer.from(text)].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join(''));
  shapes.add(encodeURIComponent(text));
  shapes.add([...Buffer.from(text)].join(','));
  shapes.add([...text].toReversed().join(''));
  return [...shapes].map((shape) => shape.toLowerCase());
}
