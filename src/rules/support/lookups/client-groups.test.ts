import { expect, it } from 'vitest';
import { createClientGroups } from './client-groups.ts';
import { FEW_CLIENTS, partsByClient } from '../subjects.ts';
import { Scenario } from '../testing/scenario.ts';

const lookupsOf = (clients: number, walks: number) =>
  Array.from({ length: clients }, (_, client) =>
    ['10.96.0.10', '10.96.0.11'].flatMap((server) => {
      const { lookups } = new Scenario({ client: `10.0.3.${client}`, server }).walk(walks + client).pair(client);
      return lookups.map((lookup, place) => ({ ...lookup, id: `0.l${client}-${server}-${place}` }));
    }),
  ).flat();

const partsOf = (clients: number, mostClients?: number, walks = 1) => {
  const groups = createClientGroups(() => ({}), mostClients);
  for (const lookup of lookupsOf(clients, walks)) groups.add(groups.of(lookup), lookup, lookup.duration, () => []);
  return {
    groups: groups.all().length,
    parts: partsByClient(groups.all()).map(({ subject, tally }) => ({
      subject,
      count: tally.count,
      cost: tally.costs.total,
      dearest: tally.examples.map(({ row }) => row.id),
      kept: [...tally.occurrences].map(({ id }) => id).toSorted(),
    })),
  };
};

it('clients share groups where more than a few have any, and findings stay the same', () => {
  for (const clients of [1, FEW_CLIENTS, FEW_CLIENTS + 1, 3 * FEW_CLIENTS]) {
    expect(partsOf(clients, FEW_CLIENTS).parts).toEqual(partsOf(clients).parts);
  }
  // More than a group of one client keeps.
  expect(partsOf(3 * FEW_CLIENTS, FEW_CLIENTS, 120).parts).toEqual(partsOf(3 * FEW_CLIENTS, undefined, 120).parts);
  expect(partsOf(FEW_CLIENTS, FEW_CLIENTS).groups).toBe(2 * FEW_CLIENTS);
  expect(partsOf(3 * FEW_CLIENTS, FEW_CLIENTS).groups).toBe(2 * FEW_CLIENTS + 2);
  expect(partsOf(3 * FEW_CLIENTS).groups).toBe(6 * FEW_CLIENTS);
});
