import type { Providers } from './providers.ts';

/** Ids of the notifications that each device got from now on, in the order of arrival, repetitions included. Grows as they come. */
export function watchArrivals(providers: Providers): ReadonlyMap<string, readonly string[]> {
  const arrived = new Map<string, string[]>();
  const add = (target: string, id: string): void => {
    const ids = arrived.get(target);
    if (ids === undefined) arrived.set(target, [id]);
    else ids.push(id);
  };
  const { webpush, fcm } = providers.simulator;
  webpush.recorder.listen((event) => {
    if (event.kind === 'accepted') add(event.target, (JSON.parse(event.message.payload) as { id: string }).id);
  });
  fcm.recorder.listen((event) => {
    if (event.kind !== 'accepted') return;
    add(event.target, (event.message.message as { data: { belfry_id: string } }).data.belfry_id);
  });
  return arrived;
}

/** What arrived more often than once. */
export function repetitions(ids: readonly string[]): number {
  return ids.length - new Set(ids).size;
}

/** Neighbours that came in the wrong order, by their first arrivals; what `isFirst` says no to is left out. */
export function countInversions(
  arrived: readonly string[],
  owed: readonly string[],
  isFirst: (id: string) => boolean = () => true,
): number {
  const places = new Map(owed.map((id, index) => [id, index]));
  let inversions = 0;
  let last = -1;
  for (const id of new Set(arrived)) {
    const place = places.get(id);
    if (place === undefined || !isFirst(id)) continue;
    if (place < last) inversions++;
    last = place;
  }
  return inversions;
}
