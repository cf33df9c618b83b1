import type { Observer } from '../../model/observer.ts';

/** Those who hear a kind of row, in turn. */
export type Listeners<Row> = readonly { readonly observer: Observer; readonly hears: (row: Row) => void }[];

/** @param how what of an observer hears it; undefined where it does not */
export const listenersOf = <Row>(
  observers: readonly Observer[],
  how: (observer: Observer) => ((row: Row) => void) | undefined,
): Listeners<Row> =>
  observers.flatMap((observer) => {
    const hears = how(observer);
    return hears === undefined ? [] : [{ observer, hears }];
  });

export function tell<Row>(listeners: Listeners<Row>, row: Row): void {
  for (let index = 0; index < listeners.length; index++) {
    const { observer, hears } = listeners[index] as Listeners<Row>[number];
    // To call what is bound takes twice as long, and this is called some millions of times.
    hears.call(observer, row);
  }
}
