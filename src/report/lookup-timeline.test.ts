import { describe, expect, it } from 'vitest';
import { renderLookupTimeline } from './lookup-timeline.ts';
import { deadLookup, raceLookup, walkLookup } from './testing/lookups.ts';

const plain = { color: false, width: 100, unicode: true };

describe('a lookup packet by packet', () => {
  it.each([
    ['timeline-race', raceLookup(), plain],
    ['timeline-walk', walkLookup(), plain],
    ['timeline-timer', deadLookup(), plain],
    ['timeline-60-columns-ascii', raceLookup(), { ...plain, width: 60, unicode: false }],
  ])('%s', async (name, row, options) => {
    await expect(renderLookupTimeline(row, options)).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it('draws each wait to scale', () => {
    const text = renderLookupTimeline(deadLookup(), plain);
    const bars = text.match(/█+/g)?.map((bar) => bar.length) ?? [];
    expect(bars).toHaveLength(2);
    expect(bars.reduce((sum, length) => sum + length, 0)).toBe(40);
  });

  it('shows every packet of the lookup once', () => {
    const text = renderLookupTimeline(walkLookup(), plain);
    for (let packet = 1; packet <= 20; packet++) {
      expect(text.match(new RegExp(`#${packet} +:`, 'g'))).toHaveLength(1);
    }
  });

  it('says that a port was unreachable', () => {
    const row = deadLookup();
    const [first] = row.attempts;
    if (first === undefined) throw new Error('the lookup has no attempt');
    const text = renderLookupTimeline({ ...row, attempts: [{ ...first, unreachableSeconds: 5.0052 }] }, plain);
    expect(text).toMatch(/\+5\.005200 .*port unreachable \(ICMP\)/);
  });

  it('needs no duration to draw', () => {
    const row = { ...deadLookup(), durationSeconds: 0, attempts: deadLookup().attempts.slice(0, 1) };
    expect(() => renderLookupTimeline({ ...row, attempts: [] }, plain)).not.toThrow();
  });
});
