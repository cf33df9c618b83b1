import type { AddressTable } from '../base/addresses.ts';
import type { Vantage } from '../model/input.ts';
import { FRAGMENT, IP_PROTOCOL, type AddressId, type Layers } from '../model/packet.ts';
import { createAddressUse, type AddressUse } from './address-use.ts';
import { createCopyWatch } from './copy-watch.ts';
import { createFlowWatch } from './flow-watch.ts';

// Packets that are all looked at; beyond, blocks of 4096 in every 32768 tell the same.
const LOOKED_AT_ALL = 1 << 18;
const SKIPPED_BLOCKS = 0x7000;
// Fewer say nothing of where they were taken.
const FEWEST_PACKETS = 4;
// "Nearly all": broadcast, neighbours' traffic on a flooding bridge and the like make the rest.
const NEARLY_ALL = 0.95;
// Copies and forwarded packets may be few where the filter lets one face pass only.
const SOME = 0.02;
const MAX_NAMED = 4;

export interface VantageWatch {
  /** Takes each packet that the decoder could place. */
  push(layers: Layers): void;
  /** Told by the reader of DNS, for each message. */
  sawDns(query: boolean, response: boolean): void;
  /** Told for each exchange that was read. */
  sawExchange(): void;
  /** What the packets so far say; may be asked at any time. */
  finish(): Vantage;
}

/**
 * Finds out where a capture was taken. In a pod one address (or one of each family) takes part in
 * nearly everything, leaves as "sent by us" and arrives as "to us"; on a node packets are
 * forwarded: seen twice, with a lower hop limit or behind a DNAT, of several local addresses; a
 * gateway forwards what has been routed before it came.
 */
export function createVantage(addresses: AddressTable): VantageWatch {
  const use = createAddressUse(addresses);
  const copies = createCopyWatch();
  const flows = createFlowWatch();
  let packets = 0;
  let looked = 0;
  let tcp = false;
  let http = false;
  let queries = false;
  let responses = false;

  function push(layers: Layers): void {
    packets++;
    if (layers.protocol === IP_PROTOCOL.tcp) tcp = true;
    if (packets > LOOKED_AT_ALL && (packets & SKIPPED_BLOCKS) !== 0) return;
    if (layers.version === 0 || layers.fragment !== FRAGMENT.none) return;
    flows.push(layers);
    if (!use.push(layers)) return;
    looked++;
    copies.push(layers);
  }

  function sawDns(query: boolean, response: boolean): void {
    if (query) queries = true;
    if (response) responses = true;
  }

  function finish(): Vantage {
    const seesBoth = (queries && responses) || flows.bothWays();
    const sees = { dns: queries || responses, tcp, http, bothDirections: seesBoth };
    const judged = judge();
    // Of one shape with the first: who asks for it does so for each row.
    return { kind: judged.kind, addresses: judged.addresses, because: judged.because, sees };
  }

  function judge(): Omit<Vantage, 'sees'> {
    if (looked < FEWEST_PACKETS) return unknown('too few packets to tell');
    const total = use.counted();
    const share = (count: number): number => count / looked;
    const locals = use.locals();
    const central = use.central(NEARLY_ALL);
    // What a machine says to have sent and received itself is its own: a bridge that floods it with
    // copies of others' packets does not make it forward. What comes to it for others does.
    const isEndpoint = central.some((one) => one.isUs() === true) && share(use.routed(central)) < SOME;
    if (isEndpoint) return endpoint(central, total);
    const forwards = copies.forwarded() > 0 && share(copies.forwarded()) >= SOME;
    const translates = copies.translated() > 0 && share(copies.translated()) >= SOME;
    if (forwards || translates) return forwarder(locals, translates);

    if (central.length > 0) return endpoint(central, total);
    if (locals.length >= 2) {
      return named('node', locals, `${locals.length} local addresses send and receive through its interfaces`);
    }
    return unknown('no address takes part in nearly all packets, and none is seen to be forwarded');
  }

  function forwarder(locals: readonly AddressUse[], translates: boolean): Omit<Vantage, 'sees'> {
    const seen = translates ? 'packets are seen before and behind a DNAT' : 'packets are seen on their way in and out';
    if (locals.length > 0) return named('node', locals, `${seen}, sent by ${addressCount(locals.length)} close by`);
    // Senders on a node's own pods have their hop limit untouched; here all have been routed before.
    return named('gateway', [], `${seen}, and all were routed before they came`);
  }

  function endpoint(central: readonly AddressUse[], total: number): Omit<Vantage, 'sees'> {
    const ours = central.filter((one) => one.isUs() === true);
    let candidates = ours.length > 0 ? ours : central.filter((one) => one.isUs() === null);
    if (candidates.length === 0) return unknown('the address in nearly all packets is not of this machine');
    const families = new Set(candidates.map((one) => one.version)).size;
    // Two ends that talk to each other only: the far one's packets have been routed.
    if (candidates.length > families) candidates = candidates.filter((one) => one.isNear());
    if (candidates.length === 0 || candidates.length > families) {
      return unknown('both ends take part in nearly all packets, and nothing tells which is near');
    }
    const count = candidates.reduce((sum, one) => sum + one.sent + one.received, 0);
    const part = `${Math.round((100 * Math.min(count, total)) / total)} % of packets`;
    const how = ours.length > 0 ? ', sent and received by this machine' : '';
    return named('pod', candidates, `${texts(candidates).join(' and ')} takes part in ${part}${how}`);
  }

  const texts = (uses: readonly AddressUse[]): string[] =>
    uses.slice(0, MAX_NAMED).map((one) => addresses.text(one.address as AddressId));
  const named = (kind: Vantage['kind'], uses: readonly AddressUse[], because: string): Omit<Vantage, 'sees'> => ({
    kind,
    addresses: texts(uses),
    because,
  });
  const unknown = (because: string): Omit<Vantage, 'sees'> => named('unknown', [], because);

  return { push, sawDns, sawExchange: () => void (http = true), finish };
}

const addressCount = (count: number): string => (count === 1 ? 'one address' : `${count} addresses`);
