import type { Providers } from './providers.ts';

/** A push that a provider took. */
export type Arrival = {
  readonly channel: 'webpush' | 'fcm';
  /** The device's, and that of the notification. */
  readonly target: string;
  readonly id: string;
  readonly arrivedAtMs: number;
  readonly acceptedAtMs: number;
};

/** Tells of all that providers take from now on, in the order in which they do. */
export function listenToArrivals({ simulator }: Providers, take: (arrival: Arrival) => void): void {
  simulator.webpush.recorder.listen((event) => {
    if (event.kind !== 'accepted') return;
    const { id } = JSON.parse(event.message.payload) as { id: string };
    const { target, arrivedAtMs, atMs: acceptedAtMs } = event;
    take({ channel: 'webpush', target, id, arrivedAtMs, acceptedAtMs });
  });
  simulator.fcm.recorder.listen((event) => {
    if (event.kind !== 'accepted') return;
    const { belfry_id: id } = (event.message.message as { data: { belfry_id: string } }).data;
    const { target, arrivedAtMs, atMs: acceptedAtMs } = event;
    take({ channel: 'fcm', target, id, arrivedAtMs, acceptedAtMs });
  });
}

/** Ids of the notifications that each device got from now on, in the order of arrival, repetitions included. Grows as they come. */
export function watchArrivals(providers: Providers): ReadonlyMap<string, readonly string[]> {
  const arrived = new Map<string, string[]>();
  listenToArrivals(providers, ({ target, id }) => {
    const ids = arrived.get(target);
    if (ids === undefined) arrived.set(target, [id]);
    else ids.push(id);
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
