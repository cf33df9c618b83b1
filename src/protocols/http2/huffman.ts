/**
 * HPACK's Huffman code (RFC 7541 section 5.2 and appendix B). The code is canonical: symbols of
 * one length have consecutive codes in order of their value, so the lengths are all there is to know.
 */
const LENGTHS: readonly (readonly [bits: number, symbols: string])[] = [
  [5, '48-50 97 99 101 105 111 115-116'],
  [6, '32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117'],
  [7, '58 66-87 89 106-107 113 118-122'],
  [8, '38 42 44 59 88 90'],
  [10, '33-34 40-41 63'],
  [11, '39 43 124'],
  [12, '35 62'],
  [13, '0 36 64 91 93 126'],
  [14, '94 125'],
  [15, '60 96 123'],
  [19, '92 195 208'],
  [20, '128 130-131 162 184 194 224 226'],
  [21, '153 161 167 172 176-177 179 209 216-217 227 229-230'],
  [22, '129 132-134 136 146 154 156 160 163-164 169-170 173 178 181 185-187 189-190 196 198 228 232-233'],
  [23, '1 135 137-141 143 147 149-152 155 157-158 165-166 168 174-175 180 182-183 188 191 197 231 239'],
  [24, '9 142 144-145 148 159 171 206 215 225 236-237'],
  [25, '199 207 234-235'],
  [26, '192-193 200-202 205 210 213 218-219 238 240 242-243 255'],
  [27, '203-204 211-212 214 221-223 241 244-248 250-254'],
  [28, '2-8 11-12 14-21 23-31 127 220 249'],
  [30, '10 13 22 256'],
];
const END_OF_STRING = 256;
// 257 leaves make 256 inner nodes, and each is a state: where in the tree the last byte ended.
const STATES = 256;
// The rest of the last byte is filled with the first bits of END_OF_STRING, all ones: at most seven.
const MAX_PADDING = 7;

// One transition a state and half byte. No symbol is shorter than five bits, so none yields two.
const HAS_SYMBOL = 0x100;
const SYMBOL_SHIFT = 16;
const INVALID = -1;
interface Tables {
  transitions: Int32Array;
  accepts: Uint8Array;
}
// Most captures have no HTTP/2 to read.
let tables: Tables | undefined;

function build(): Tables {
  // `tree[2 * node + bit]`: an inner node, or -1 - symbol.
  const tree = new Int32Array(STATES * 2);
  let nodes = 1;
  let code = 0;
  let length = 0;
  for (const [bits, symbols] of LENGTHS) {
    for (const range of symbols.split(' ')) {
      const [first, last = first] = range.split('-').map(Number) as [number, number?];
      for (let symbol = first; symbol <= last; symbol++) {
        code *= 2 ** (bits - length);
        length = bits;
        let node = 0;
        for (let bit = bits - 1; bit > 0; bit--) {
          const edge = node * 2 + ((code >>> bit) & 1);
          if (tree[edge] === 0) tree[edge] = nodes++;
          node = tree[edge] as number;
        }
        tree[node * 2 + (code & 1)] = -1 - symbol;
        code++;
      }
    }
  }
  const transitions = new Int32Array(STATES * 16);
  for (let state = 0; state < STATES; state++) {
    for (let half = 0; half < 16; half++) {
      let node = state;
      let emitted = 0;
      for (let bit = 3; bit >= 0 && node >= 0; bit--) {
        const next = tree[node * 2 + ((half >>> bit) & 1)] as number;
        node = next;
        if (next >= 0) continue;
        const symbol = -1 - next;
        if (symbol === END_OF_STRING) continue;
        emitted = HAS_SYMBOL | (symbol << SYMBOL_SHIFT);
        node = 0;
      }
      transitions[state * 16 + half] = node < 0 ? INVALID : node | emitted;
    }
  }
  const accepts = new Uint8Array(STATES);
  for (let node = 0, bits = 0; bits <= MAX_PADDING; bits++) {
    accepts[node] = 1;
    node = tree[node * 2 + 1] as number;
  }
  return { transitions, accepts };
}

/**
 * Decodes into `out` as much as fits.
 * @returns how many octets the string has, also those that did not fit; -1 where it is none
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  const { transitions, accepts } = (tables ??= build());
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const high = transitions[(state << 4) | (byte >>> 4)] as number;
    if (high < 0) return -1;
    if ((high & HAS_SYMBOL) !== 0) out[length++] = high >>> SYMBOL_SHIFT;
    const low = transitions[((high & 0xff) << 4) | (byte & 15)] as number;
    if (low < 0) return -1;
    if ((low & HAS_SYMBOL) !== 0) out[length++] = low >>> SYMBOL_SHIFT;
    state = low & 0xff;
  }
  return accepts[state] === 1 ? length : -1;
}
