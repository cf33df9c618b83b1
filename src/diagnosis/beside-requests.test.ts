import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import { atMs, lookupOf, requestOf, waitOf } from '../model/testing/rows.ts';
import { KeptRequests } from '../replay/kept-requests.ts';
import { lookupTally } from '../rules/support/tally.ts';
import { BesideRequests } from './beside-requests.ts';
import { reportOf } from './testing/report.ts';

const SERVICE = '10.0.3.7';
const CALLER = '10.0.9.9';

/** The service receives one request of 100 ms each second. */
function kept(count = 5): KeptRequests {
  const requests = new KeptRequests();
  for (let index = 0; index < count; index++) {
    const exchange = `0.e${index + 1}`;
    const times = { startedAt: atMs(1000 * index), duration: milliseconds(100) };
    requests.request(requestOf({ ...times, exchange, client: CALLER, server: SERVICE, backend: null, waits: [] }));
  }
  return requests;
}

/** What is reported of one lookup of that client. */
function lookedUp(client: string, from: number, takes: number, tally = lookupTally()) {
  const lookup = lookupOf({ client, startedAt: atMs(from), duration: milliseconds(takes) });
  tally.add(lookup, milliseconds(takes), () => []);
  return reportOf(tally, { unit: 'lookups' });
}

const isBeside = (client: string, from: number, takes: number, requests = kept()): boolean =>
  new BesideRequests(requests).holds(lookedUp(client, from, takes));

describe('no request waits for a lookup', () => {
  it('of a service that serves none meanwhile', () => {
    expect(isBeside(SERVICE, 200, 700)).toBe(true);
  });

  it('of somebody whose requests are nobody’s here', () => {
    expect(isBeside('10.0.4.4', 0, 4000)).toBe(true);
  });

  it('unless the service serves one meanwhile, from the beginning or at the end', () => {
    expect(isBeside(SERVICE, 50, 100)).toBe(false);
    expect(isBeside(SERVICE, 200, 850)).toBe(false);
  });

  it('unless its caller looks up whom it calls', () => {
    expect(isBeside(CALLER, 200, 700)).toBe(false);
  });

  it('unless a client’s own call comes after it', () => {
    const requests = kept();
    const waits = [waitOf({ ref: '0.e9' })];
    requests.request(requestOf({ exchange: '0.e9', client: '10.0.4.4', server: '10.0.5.5', waits }));
    expect(isBeside('10.0.4.4', 200, 700, requests)).toBe(false);
  });

  it('unless not all requests or not all lookups are known', () => {
    const many = kept();
    many.count++;
    expect(isBeside(SERVICE, 200, 700, many)).toBe(false);
    const tally = lookupTally();
    tally.occurrences.leaveOut(at(0));
    expect(new BesideRequests(kept()).holds(lookedUp(SERVICE, 200, 700, tally))).toBe(false);
  });

  it('unless there are no requests', () => {
    expect(isBeside(SERVICE, 200, 700, kept(0))).toBe(false);
  });
});
