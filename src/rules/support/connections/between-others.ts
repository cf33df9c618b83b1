import { isLoopback } from '../../../base/addresses.ts';
import type { Input } from '../../../model/input.ts';

/**
 * In a pod's capture what goes from others to others: a bridge sends frames to all its pods while it does not know
 * where an address is, as that of a pod that was just deleted. It shows one direction only, and says nothing of the pod.
 */
export function isBetweenOthers(
  { input, client, server }: { readonly input: number; readonly client: string; readonly server: string },
  inputs: readonly Input[],
): boolean {
  const vantage = inputs[input]?.vantage;
  if (vantage?.kind !== 'pod') return false;
  return ![client, server].some((address) => isLoopback(address) || vantage.addresses.includes(address));
}
