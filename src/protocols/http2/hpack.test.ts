import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFieldNames } from './field-names.ts';
import { HpackDecoder } from './hpack.ts';
import { collectFields, createAllNames } from './testing/all-names.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ''), 'hex');

function createReader(fromStart = true) {
  const all = createAllNames();
  const decoder = new HpackDecoder(all, fromStart, Buffer.alloc(16_384));
  const read = (bytes: Uint8Array): string[] | null => {
    const sink = collectFields(all.names);
    return decoder.decode(bytes, 0, bytes.length, sink) ? sink.fields.map((field) => field.join(': ')) : null;
  };
  return { decoder, read };
}

describe('RFC 7541 appendix C', () => {
  it('C.2: single fields', () => {
    expect(createReader().read(hex('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'))).toEqual([
      'custom-key: custom-header',
    ]);
    expect(createReader().read(hex('040c 2f73 616d 706c 652f 7061 7468'))).toEqual([':path: /sample/path']);
    expect(createReader().read(hex('1008 7061 7373 776f 7264 0673 6563 7265 74'))).toEqual(['password: secret']);
    expect(createReader().read(hex('82'))).toEqual([':method: GET']);
  });

  const requests = [
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
    [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
  ];
  it.each([
    [
      'C.3: requests',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4: with Huffman code',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('%s', (_, blocks) => {
    const { read } = createReader();
    expect(blocks.map((block) => read(hex(block)))).toEqual(requests);
  });

  const responses = [
    [
      ':status: 302',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:21 GMT',
      'location: https://www.example.com',
    ],
    [
      ':status: 307',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:21 GMT',
      'location: https://www.example.com',
    ],
    [
      ':status: 200',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:22 GMT',
      'location: https://www.example.com',
      'content-encoding: gzip',
      'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
  ];
  // The table's limit is 256 here, so that entries are evicted: the update (3fe101) stands in front.
  it.each([
    [
      'C.5: responses, entries evicted',
      [
        `3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
         3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a
         6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d
         6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
    ],
    [
      'C.6: with Huffman code',
      [
        `3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
         919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
    ],
  ])('%s', (_, blocks) => {
    const { read } = createReader();
    expect(blocks.map((block) => read(hex(block)))).toEqual(responses);
  });
});

interface Vector {
  wire: string;
  headers: [name: string, value: string][];
}
const VECTORS = new URL('../../../test/corpora/hpack/vectors.json.gz', import.meta.url);
const stories = Object.entries(JSON.parse(gunzipSync(readFileSync(VECTORS)).toString()) as Record<string, Vector[]>);
const expected = ({ headers }: Vector): string[] => headers.map((field) => field.join(': '));

describe('the vectors of hpack-test-case', () => {
  it.each(stories)('%s', (_, story) => {
    const { read } = createReader();
    for (const vector of story) expect(read(hex(vector.wire))).toEqual(expected(vector));
  });

  it('are read from any block on: known fields are right, the others say that they are unknown', () => {
    let known = 0;
    let total = 0;
    for (const [, story] of stories) {
      for (const first of [1, 5, 17]) {
        const { read } = createReader(false);
        for (const vector of story.slice(first)) {
          const all = expected(vector);
          const fields = read(hex(vector.wire));
          expect(fields).toEqual(all.map((field, index) => (fields?.[index] === '?: ' ? '?: ' : field)));
          total += all.length;
          known += fields?.filter((field) => field !== '?: ').length ?? 0;
        }
      }
    }
    // Tables soon hold nothing any more that was added before.
    expect(known / total).toBeGreaterThan(0.85);
  });
});

describe('HpackDecoder', () => {
  it.each([
    ['index 0', '80'],
    ['an index beyond an empty table', 'be'],
    ['a name beyond it', '7e 01 61'],
    ['a literal that ends early', '40 0a 61'],
    ['an integer that never ends', `7f ${'ff'.repeat(20)}`],
    ['a table of more than 2^28', '3f e1 ff ff ff 7f'],
    ['Huffman padding of ten bits', '04 82 63 ff'],
    ['Huffman padding with a zero', '04 81 1e'],
    ['the code of the end of a string', '04 84 ff ff ff ff'],
  ])('ends with %s, and stays so', (_, block) => {
    const { decoder, read } = createReader();
    expect(read(hex(block))).toBeNull();
    expect(decoder.failed).toBe(true);
    expect(read(hex('82'))).toBeNull();
  });

  it('an entry larger than the table empties it', () => {
    const { read } = createReader();
    expect(read(hex('400161 0162'))).toEqual(['a: b']);
    expect(read(hex('be'))).toEqual(['a: b']);
    expect(read(hex('3f01 4001610162 20 be'))).toBeNull();
  });

  it('after lost blocks only what is added from then on has a name', () => {
    const { decoder, read } = createReader();
    read(hex('400161 0162 400163 0164'));
    decoder.forget();
    expect(read(hex('be bf 7e0165'))).toEqual(['?: ', '?: ', '?: ']);
    expect(read(hex('400161 0162 be bf'))).toEqual(['a: b', 'a: b', '?: ']);
  });

  it('a table set to nothing is known again', () => {
    const { decoder, read } = createReader();
    decoder.forget();
    expect(read(hex('20 3fe11f 400161 0162 be'))).toEqual(['a: b', 'a: b']);
    expect(read(hex('bf'))).toBeNull();
  });

  it('keeps only the newest entries of a table larger than any that is used', () => {
    const { read } = createReader();
    read(hex('3f e1 ff 3f'));
    read(hex('40 01 61 00 '.repeat(1) + '40 01 62 00'.repeat(3000)));
    expect(read(hex('be'))).toEqual(['b: ']);
    // Index 62 + 3000: the entry `a`, which is there on the wire.
    expect(read(hex('ff f7 17'))).toEqual(['?: ']);
  });

  it('hands on nothing of fields that nobody wants', () => {
    const names = createFieldNames([':path', 'grpc-status']);
    const decoder = new HpackDecoder(names, true, Buffer.alloc(100));
    const fields: unknown[] = [];
    const block = hex('82 87 44 03 2f 61 62 40 01 61 03 62 63 64 be bf 40 0b 677270632d737461747573 01 30 be');
    expect(decoder.decode(block, 0, block.length, { field: (name, value) => void fields.push([name, value]) })).toBe(
      true,
    );
    expect(fields).toEqual([
      [1, '/ab'],
      [1, '/ab'],
      [2, '0'],
      [2, '0'],
    ]);
  });

  it('no bytes make it throw, and none give more fields than bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), fc.boolean(), (blocks, fromStart) => {
        const { read } = createReader(fromStart);
        for (const block of blocks) expect(read(block)?.length ?? 0).toBeLessThanOrEqual(block.length);
      }),
    );
  });
});
