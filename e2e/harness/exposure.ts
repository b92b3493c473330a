import { type Arrival, listenToArrivals } from './arrivals.ts';
import type { WorkerService } from './fault-plan.ts';
import type { Providers } from './providers.ts';

/** A push that a provider took, and the group that sent it. */
export type Send = Omit<Arrival, 'channel'> & { readonly service: WorkerService };

/** A time in which sends of a group may have lost whoever would have settled them: a process was hit, or partitions changed hands. */
export type Exposure = { readonly service: WorkerService; readonly fromMs: number; readonly toMs: number };

export type RepeatedSends = {
  /** Sends that were under way in an exposure of their group: what may have been made again. */
  readonly underWay: number;
  /** Sends of what the device had already. */
  readonly repeats: number;
  /** Those of them whose former send was not under way in any exposure. */
  readonly unexplained: number;
};

/** From the provider's answer until the worker's settlement is on disk, on a busy machine. Until then the send is under way. */
const SETTLED_WITHIN_MS = 2_000;

/** Sends from now on. Grows as they come. */
export function watchSends(providers: Providers): readonly Send[] {
  const sends: Send[] = [];
  listenToArrivals(providers, ({ channel, ...arrival }) => sends.push({ service: `${channel}-worker`, ...arrival }));
  return sends;
}

/** Of two sends of the same the former is the one that began earlier: under load it may be the later one to be accepted. */
export function weighRepeats(sends: readonly Send[], exposures: readonly Exposure[]): RepeatedSends {
  const wasExposed = ({ service, arrivedAtMs, acceptedAtMs }: Send): boolean =>
    exposures.some(
      (each) => each.service === service && arrivedAtMs <= each.toMs && acceptedAtMs + SETTLED_WITHIN_MS >= each.fromMs,
    );
  const latest = new Map<string, boolean>();
  let underWay = 0;
  let repeats = 0;
  let unexplained = 0;
  for (const send of sends.toSorted((one, other) => one.arrivedAtMs - other.arrivedAtMs)) {
    const name = `${send.target} ${send.id}`;
    const former = latest.get(name);
    if (former !== undefined) repeats++;
    if (former === false) unexplained++;
    const exposed = wasExposed(send);
    if (exposed) underWay++;
    latest.set(name, exposed);
  }
  return { underWay, repeats, unexplained };
}
