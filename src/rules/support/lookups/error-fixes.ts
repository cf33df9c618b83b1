import type { Fix } from '../../../model/finding.ts';
import type { Outcome } from '../../../model/lookup.ts';
import { advice } from '../fixes.ts';

/** `delayed`: found in the end, after a resolver had waited an error out (musl). */
export type Failure = Exclude<Outcome, 'ok' | 'incomplete'> | 'delayed';

/** What to change where lookups of a name end so. */
export function errorFixes(outcome: Failure, name: string, server: string): Fix[] {
  if (outcome === 'nodata') {
    return [
      advice(
        'manifest',
        `see why ${name} has no address: a headless Service without ready pods (its selector, their readinessProbe), or an alias (ExternalName, CNAME) to a name that has none`,
        'the Service or the record of that name',
        'put the record back',
        'kubectl get services,endpointslices -A',
      ),
    ];
  }
  if (outcome === 'nxdomain') {
    return [
      advice(
        'manifest',
        `correct the name ${name}, or create the Service that it names: namespace, spelling, cluster domain; a headless Service has a name only while one of its pods is ready`,
        'the configuration that holds the name',
        'put the name back',
        'kubectl get services -A',
      ),
    ];
  }
  const title = {
    servfail: 'see why the server fails: its upstreams, a zone that is broken or unsigned, a forwarding loop',
    refused: 'let the server answer these clients: its access list, or a zone that it does not serve',
    delayed:
      'see why the server fails for a while: its upstreams, its restarts; musl waits its timeout out instead of asking again',
    timeout: 'make the server answer properly: musl takes an error for silence and waits on',
  }[outcome];
  return [
    advice(
      'infrastructure',
      title,
      `the DNS server ${server}`,
      'undo the change that was made',
      'kubectl -n kube-system logs -l k8s-app=kube-dns --tail=50',
    ),
  ];
}
