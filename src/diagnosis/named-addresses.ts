import { addressOf } from '../base/addresses.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { AddressNames } from '../rules/support/manifests/address-names.ts';
import { objectWords } from '../rules/support/manifests/objects.ts';

// What one answer speaks of; more are no help to who reads it.
const MAX_NAMES = 20;

/**
 * Names Services and Pods where an answer has but their addresses: at three in the morning nobody knows
 * who 10.96.3.4:80 is. The address stays beside it, for Wireshark and the packets below.
 */
export function withNames(diagnosis: Diagnosis, nameOf: AddressNames): Diagnosis {
  const { manifests } = diagnosis;
  if (manifests === undefined) return diagnosis;
  const names = namesIn(diagnosis, nameOf);
  return {
    ...diagnosis,
    findings: diagnosis.findings.map((finding) => ({ ...finding, says: namedIn(finding.says, nameOf) })),
    verdict: { ...diagnosis.verdict, says: namedIn(diagnosis.verdict.says, nameOf) },
    manifests: names.length === 0 ? manifests : { ...manifests, names },
  };
}

// What may be an address, with or without its port; whether it is one, the objects tell.
const ADDRESS = /(?<![\w.:])(?:\[[\da-fA-F:.]+\](?::\d+)?|[\da-fA-F][\da-fA-F.:]*[\da-fA-F])(?![\w-]|\.\w)/g;

/** `10.96.3.4:80 answers late` → `Service shop/orders (10.96.3.4:80) answers late`: each address the first time. */
export function namedIn(says: string, nameOf: AddressNames): string {
  const named = new Set<string>();
  return says.replace(ADDRESS, (text) => {
    const address = addressOf(text);
    const object = named.has(address) ? null : nameOf(address);
    if (object === null) return text;
    named.add(address);
    return `${objectWords(object)} (${text})`;
  });
}

/** Those that the answer speaks of, in its order. */
function namesIn({ findings, exchanges, inputs }: Diagnosis, nameOf: AddressNames) {
  const addresses = [
    ...findings.flatMap(({ subject, examples }) => [
      subject.name,
      ...examples.flatMap(({ row: { client, server } }) => [client, server]),
    ]),
    ...inputs.flatMap(({ vantage }) => vantage.addresses),
    ...exchanges.byServer.map(({ server }) => server),
  ].map(addressOf);
  return [...new Set(addresses)]
    .flatMap((address) => {
      const object = nameOf(address);
      return object === null ? [] : [{ address, object: objectWords(object) }];
    })
    .slice(0, MAX_NAMES);
}
