import type { Report, Unit } from '../model/finding.ts';

const TIME_OF: Readonly<Record<Unit, string>> = {
  lookups: 'lookup time',
  connections: 'connecting time',
  exchanges: 'call time',
  calls: 'call time',
  requests: 'request time',
};

/** What a finding's share of time is a share of: `all lookup time`, `all call time with 10.96.44.12:8080`. */
export function latencyWords({
  unit,
  latency,
  latencyUnit = unit,
  costBetween,
  subject,
}: Pick<Report, 'unit' | 'latency' | 'latencyUnit' | 'costBetween' | 'subject'>): string {
  const time = `all ${TIME_OF[latencyUnit]}`;
  // Left out, it is the whole capture's; so is what is told of many together.
  if (latency === undefined || subject.kind === 'capture') return time;
  const between = costBetween === undefined ? '' : ', and between tries';
  return `${time} ${subject.kind === 'server' && latencyUnit !== 'requests' ? 'with' : 'of'} ${subject.name}${between}`;
}
