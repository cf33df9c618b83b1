import { linkTypeName } from '../model/link-type.ts';

// A forged capture may name thousands: a person reads a few.
const MAX_NAMED = 16;

/** Adds a link type's name to those that an input was found to have. */
export function addLinkType(names: string[], linkType: number): void {
  const name = linkTypeName(linkType);
  if (names.length < MAX_NAMED && !names.includes(name)) names.push(name);
}
