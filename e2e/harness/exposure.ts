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
  readonly unexplained: readonly Repeat[];
};

export type Repeat = { readonly former: Send; readonly again: Send };

/** From the provider's answer until the worker's settlement is on disk, on a busy machine. Until then the send is under way. */
const SETTLED_WITHIN_MS = 2_000;
/** From the worker's look at the gate until the provider sees its request, likewise. The send is under way from that look on: what is frozen or loses its partition then may have sent it. */
const SEEN_WITHIN_MS = 500;

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
      (each) =>
        each.service === service &&
        arrivedAtMs - SEEN_WITHIN_MS <= each.toMs &&
        acceptedAtMs + SETTLED_WITHIN_MS >= each.fromMs,
    );
  const latest = new Map<string, { readonly send: Send; readonly exposed: boolean }>();
  const unexplained: Repeat[] = [];
  let underWay = 0;
  let repeats = 0;
  for (const send of sends.toSorted((one, other) => one.arrivedAtMs - other.arrivedAtMs)) {
    const name = `${send.target} ${send.id}`;
    const former = latest.get(name);
    if (former !== undefined) repeats++;
    if (former?.exposed === false) unexplained.push({ former: former.send, again: send });
    const exposed = wasExposed(send);
    if (exposed) underWay++;
    latest.set(name, { send, exposed });
  }
  return { underWay, repeats, unexplained };
}

/** When the two were made, and how far the former was from the exposures of its group before and after it. */
export function describeRepeat({ former, again }: Repeat, exposures: readonly Exposure[]): string {
  const own = exposures.filter(({ service }) => service === former.service);
  const before = own.map(({ toMs }) => former.arrivedAtMs - toMs).filter((gapMs) => gapMs > 0);
  const after = own.map(({ fromMs }) => fromMs - former.acceptedAtMs).filter((gapMs) => gapMs > 0);
  const tookMs = former.acceptedAtMs - former.arrivedAtMs;
  return `${former.service}: took ${tookMs} ms, again ${again.arrivedAtMs - former.acceptedAtMs} ms later; began ${Math.min(...before)} ms after an exposure, ended ${Math.min(...after)} ms before one`;
}
