import type { Attempt, Lookup } from '../../../model/lookup.ts';

// Errors that are under way at one time on one node; beyond, a forwarder's own query is told as a failure.
const REMEMBERED = 256;

/**
 * On a node one error is seen twice: as the pod's query, and as that of the DNS server which asks
 * its upstream for it meanwhile. Tells the second.
 */
export function createForwarded() {
  const names: string[] = [];
  const clients: string[] = [];
  const inputs: number[] = [];
  const asked: number[] = [];
  const replied: number[] = [];
  let next = 0;

  function remember(attempt: Attempt, { client, input }: Lookup): void {
    names[next] = attempt.name;
    clients[next] = client;
    inputs[next] = input;
    asked[next] = attempt.sentAt;
    replied[next] = attempt.repliedAt;
    next = (next + 1) % REMEMBERED;
  }

  return {
    /** Notes the errors of a lookup, also those on its way to success. */
    note(lookup: Lookup): void {
      const { attempts } = lookup;
      for (let index = 0; index < attempts.length; index++) {
        const attempt = attempts[index] as Attempt;
        if (attempt.rcode > 0) remember(attempt, lookup);
      }
    },
    /** It lies within another client's query for its name, which got an error too. */
    isForwarded({ attempts, input, client }: Lookup): boolean {
      const first = attempts[0];
      if (first === undefined) return false;
      return names.some(
        (name, index) =>
          name === first.name &&
          inputs[index] === input &&
          clients[index] !== client &&
          (asked[index] as number) <= first.sentAt &&
          first.repliedAt <= (replied[index] as number),
      );
    },
  };
}
