import { describe, expect, it } from 'vitest';
import { OTHERS } from '../../../base/group-by.ts';
import { createPeers } from './peers.ts';

const create = () => createPeers(2, (input, address) => ({ input, address, count: 0 }));

describe('peers', () => {
  it('are one for each address of each input', () => {
    const peers = create();
    peers.of(0, 'a').count++;
    peers.of(0, 'a').count++;
    peers.of(1, 'a').count++;
    expect(peers.all().map(({ input, address, count }) => `${input} ${address} ${count}`)).toEqual(['0 a 2', '1 a 1']);
    expect(peers.get(0, 'b')).toBeUndefined();
  });

  it('beyond the bound share one place an input, and those before keep theirs', () => {
    const peers = create();
    for (const address of ['a', 'b', 'c', 'd', 'a', 'e']) peers.of(0, address).count++;
    expect(peers.all().map(({ address, count }) => `${address} ${count}`)).toEqual(['a 2', 'b 1', `${OTHERS} 3`]);
  });
});
