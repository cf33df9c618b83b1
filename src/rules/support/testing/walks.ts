import { RCODE, RR_TYPE } from '../../../model/lookup.ts';
import { Scenario } from './scenario.ts';

const { A, AAAA } = RR_TYPE;

/** gRPC's c-ares: AAAA leaves first, each family walks by itself, the lost A comes back after 6 s. */
export const grpc = new Scenario({ resolver: 'c-ares', detail: 'gRPC', name: 'svc.prod.svc.cluster.local' }).ask([
  { type: AAAA, name: 'svc.prod.svc.cluster.local.cluster.local', answered: 25, rcode: RCODE.NXDOMAIN, records: 0 },
  {
    type: A,
    name: 'svc.prod.svc.cluster.local.cluster.local',
    sent: 0.27,
    again: [6000],
    answered: 6001.4,
    rcode: RCODE.NXDOMAIN,
    records: 0,
  },
  { type: AAAA, sent: 25.1, answered: 27, records: 0 },
  { type: A, sent: 6001.5, answered: 6003 },
]);

/** c-ares walks the search list on one port; the pair of one stage loses its second. */
export const lostInWalk = (scenario: Scenario, stage: number): Scenario => {
  const names = ['svc.prod.a.test', 'svc.prod.b.test', 'svc.prod'];
  let clock = 0;
  return scenario.ask(
    names.flatMap((name, index) => {
      const found = index === names.length - 1 ? {} : { rcode: RCODE.NXDOMAIN, records: 0 };
      const sent = clock;
      const wait = index === stage ? 5000 : 0;
      clock += wait + 1;
      const again = wait > 0 ? { again: [sent + wait] } : {};
      return [
        { name, sent, answered: sent + 0.5, ...found },
        { name, type: AAAA, sent: sent + 0.03, answered: sent + wait + 0.6, ...again, ...found },
      ];
    }),
    { name: 'svc.prod' },
  );
};
