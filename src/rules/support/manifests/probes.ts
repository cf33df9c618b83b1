import type { Edit } from '../../../model/edit.ts';
import type { Destination, Located, Workload } from '../../../model/workload.ts';
import { editOf } from './changes.ts';
import { running } from './program.ts';

export const KEEPALIVE_SYSCTL = 'net.ipv4.tcp_keepalive_time';

/** When the first probe of an idle connection leaves, where a manifest sets it. */
export interface Probes {
  seconds: number;
  setting: string;
  said: Located<string>;
  /** Where the connection that it is for goes, as its name says; null where that is not told. */
  goes: 'balancer' | 'outside' | null;
}

/** @param destination how a mesh's proxy treats connections to the workload */
export function probesAfter(workload: Workload, destination: Destination | null): Probes | null {
  const keepalive = destination?.keepalive ?? null;
  if (keepalive !== null) {
    const said = { value: String(keepalive.value), place: keepalive.place };
    return { seconds: keepalive.value, setting: 'tcpKeepalive.time', said, goes: null };
  }
  const sysctl = workload.pod.sysctls.find(({ name }) => name === KEEPALIVE_SYSCTL);
  if (sysctl !== undefined && /^\d+$/.test(sysctl.value.value)) {
    return { seconds: Number(sysctl.value.value), setting: KEEPALIVE_SYSCTL, said: sysctl.value, goes: null };
  }
  for (const { environment } of running(workload)) {
    for (const { value } of environment) {
      // libpq's, in a connection's text.
      const found = /[?&\s]keepalives_idle=(\d{1,9})/.exec(value.value);
      if (found === null) continue;
      return { seconds: Number(found[1]), setting: 'keepalives_idle', said: value, goes: goesTo(value.value) };
    }
  }
  return null;
}

/** Names outside of the cluster (`db`, `db.prod`) and of AWS's own networks. */
function goesTo(text: string): Probes['goes'] {
  if (/\.elb\.[a-z0-9-]+\.amazonaws\.com/.test(text)) return 'balancer';
  const host = /(?:@|host=)([a-z0-9.-]{1,253})/i.exec(text)?.[1] ?? '';
  const isInside = /^[\d.]+$|^[^.]*(?:\.[^.]*)?$|\.(?:local|internal|svc)$|\.amazonaws\.com(?:\.cn)?$/i.test(host);
  return isInside ? null : 'outside';
}

/** Of a pod; a patch must repeat the others, as the list is replaced whole. */
export const sysctlEdit = (workload: Workload, name: string, value: string): Edit =>
  editOf(
    workload,
    [...workload.pod.path, 'securityContext', 'sysctls', { key: 'name', is: name }],
    { name, value },
    {
      key: 'sysctls',
      items: workload.pod.sysctls.map((one) => ({ name: one.name, value: one.value.value })),
    },
  );
