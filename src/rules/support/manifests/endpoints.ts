import { plural } from '../../../base/text.ts';
import type { Setting } from '../../../model/finding.ts';
import type { Cluster, ServiceObject } from '../../../model/workload.ts';
import { objectWords, settingAt } from './objects.ts';

/** That no pod behind a Service was ready when the cluster was read; null where one was, or nobody read it. */
export function unreadyEndpoints(
  { name, namespace }: Pick<ServiceObject, 'name' | 'namespace'>,
  { endpoints }: Cluster,
): { says: string; because: Setting[] } | null {
  const own = endpoints.filter((one) => one.service === name && one.namespace === namespace);
  const addresses = own.flatMap((one) => one.addresses);
  const [slice] = own;
  if (slice === undefined || addresses.some(({ ready }) => ready)) return null;
  const count = plural(addresses.length, 'endpoint');
  const value = addresses.length === 0 ? 'none' : `${count}, none of them ready`;
  return {
    says:
      addresses.length === 0
        ? 'it has no endpoint'
        : addresses.length === 1
          ? 'its only endpoint is not ready'
          : `none of its ${count} is ready`,
    because: [settingAt(objectWords(slice), 'endpoints', value, slice.place)],
  };
}
