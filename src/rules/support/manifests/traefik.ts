import type { Cluster, Container, Located, Route } from '../../../model/workload.ts';
import { frontTime, secondsIn, type Front } from './front.ts';
import { running } from './program.ts';
import { flagOf } from './providers.ts';

const TRANSPORT = 'forwardingTimeouts.idleConnTimeout';
const SERVICE_TRANSPORT = 'traefik.ingress.kubernetes.io/service.serverstransport';

export function traefikOf(cluster: Cluster, route: Route): Front {
  const named = new Set([
    ...route.transports,
    // `namespace-name@kubernetescrd`, on the Service.
    ...cluster.services
      .filter((service) => route.rules.some(({ backends }) => backends.includes(service.name)))
      .flatMap((service) => service.annotations.get(SERVICE_TRANSPORT)?.value ?? []),
  ]);
  const transport = cluster.transports.find(
    ({ name, namespace }) =>
      named.has(name) || named.has(`${namespace}-${name}@kubernetescrd`) || named.has(`${name}@kubernetescrd`),
  );
  const flag = (name: string): Located<string> | undefined =>
    staticFlag(cluster, `--serversTransport.forwardingTimeouts.${name}`) ?? inStaticFile(cluster, name) ?? undefined;
  const idle = transport?.idle ?? null;
  const answer = transport?.answer ?? null;
  const waited = answer ?? asSeconds(flag('responseHeaderTimeout'));
  return {
    object: route,
    name: 'Traefik',
    idle:
      idle === null
        ? frontTime(flag('idleConnTimeout'), 'traefik', TRANSPORT)
        : { seconds: idle.value, setting: TRANSPORT, place: idle.place, source: '' },
    // Without one it waits for ever.
    wait:
      waited === null || waited.value <= 0
        ? null
        : {
            seconds: waited.value,
            setting: 'forwardingTimeouts.responseHeaderTimeout',
            place: waited.place,
            source: '',
          },
    asksAgain: "Traefik (Go's HTTP client) sends again by itself what may be sent twice, such as GET",
  };
}

/** Of its configuration file (YAML or TOML), which stands in a ConfigMap. */
function inStaticFile({ configMaps }: Cluster, name: string): Located<string> | null {
  for (const { data } of configMaps) {
    for (const [key, { value, place }] of data) {
      if (!/^traefik\.(?:ya?ml|toml)$/.test(key)) continue;
      const said = new RegExp(`\\b${name}\\s{0,10}[:=]\\s{0,10}["']?(\\w{1,20})`, 'i').exec(value)?.[1];
      if (said !== undefined) return { value: said, place };
    }
  }
  return null;
}

function asSeconds(said: Located<string> | undefined): Located<number> | null {
  const seconds = secondsIn(said);
  return said === undefined || seconds === null ? null : { value: seconds, place: said.place };
}

/** Traefik's own arguments; it does not tell upper case from lower. */
function staticFlag({ workloads }: Cluster, flag: string): Located<string> | null {
  for (const workload of workloads) {
    for (const container of running(workload)) {
      if (!/(?:^|\/)traefik(?::|@|$)/.test(container.image?.value ?? '')) continue;
      const lower: Container = {
        ...container,
        words: container.words.map(({ value, place }) => ({
          value: value.replace(/^--[^=]+/, (name) => name.toLowerCase()),
          place,
        })),
      };
      const said = flagOf(lower, flag.toLowerCase());
      if (said !== null) return said;
    }
  }
  return null;
}
