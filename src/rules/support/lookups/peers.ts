import { OTHERS } from '../../../base/group-by.ts';

/**
 * Something for each address of each input, up to `most`; what is beyond shares one place an
 * input. Asked for several times a lookup: neighbours mostly share it.
 */
export function createPeers<Peer>(most: number, create: (input: number, address: string) => Peer) {
  const inputs: (Map<string, Peer> | undefined)[] = [];
  let count = 0;
  let lastInput = -1;
  let lastAddress = '';
  let last: Peer | null = null;

  function find(input: number, address: string): Peer {
    const ofInput = (inputs[input] ??= new Map());
    const known = ofInput.get(address);
    if (known !== undefined) return known;
    const place = count < most ? address : OTHERS;
    const shared = ofInput.get(place);
    if (shared !== undefined) return shared;
    count++;
    const peer = create(input, place);
    ofInput.set(place, peer);
    return peer;
  }

  return {
    /** The one of that address; made where it is new. */
    of(input: number, address: string): Peer {
      if (last === null || address !== lastAddress || input !== lastInput) {
        last = find(input, address);
        lastInput = input;
        lastAddress = address;
      }
      return last;
    },
    get: (input: number, address: string): Peer | undefined => inputs[input]?.get(address),
    all: (): Peer[] => inputs.flatMap((ofInput) => (ofInput === undefined ? [] : [...ofInput.values()])),
  };
}
