import { createSeededRandom } from '@belfry/testing/seeded-random';

/** Of whom there are several, so that work goes on without the one that is missing. */
export const WORKERS = ['webpush-worker', 'fcm-worker'] as const;
export type WorkerService = (typeof WORKERS)[number];
export type FaultyService = WorkerService | 'router' | 'producer-api' | 'scheduler' | 'realtime-gateway';

/** `member` chooses one of a service's processes, evenly: from 0 to less than 1. */
export type Fault =
  /** `kill -9`, and started again at once. */
  | { readonly kind: 'kill'; readonly service: FaultyService; readonly member: number }
  /** Stopped for longer than the brokers wait for it, then continued. */
  | { readonly kind: 'freeze'; readonly service: WorkerService | 'router'; readonly member: number }
  /** Ended in good order, and started again. */
  | { readonly kind: 'replace'; readonly service: WorkerService; readonly member: number }
  /** One more process joins, works for a while and leaves. */
  | { readonly kind: 'scale'; readonly service: WorkerService; readonly forMs: number }
  /** `kill -9` of the broker; its data are kept. */
  | { readonly kind: 'broker-kill'; readonly downMs: number }
  /** Answers of the broker end in a reset: at once, or after that many bytes of each connection. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly forMs: number };

/** From 0 to less than 1. */
type Draw = () => number;
type Card = (draw: Draw) => Fault;

const between = (draw: Draw, from: number, to: number): number => Math.round(from + draw() * (to - from));
const kill =
  (service: FaultyService): Card =>
  (draw) => ({ kind: 'kill', service, member: draw() });
const freeze =
  (service: WorkerService | 'router'): Card =>
  (draw) => ({ kind: 'freeze', service, member: draw() });
const eitherWorker = (draw: Draw): WorkerService => (draw() < 0.5 ? 'webpush-worker' : 'fcm-worker');

/** Every kind is in it, so that a run of one round has met them all. */
const DECK: readonly Card[] = [
  kill('webpush-worker'),
  kill('fcm-worker'),
  kill('router'),
  kill('producer-api'),
  kill('scheduler'),
  kill('realtime-gateway'),
  freeze('webpush-worker'),
  freeze('fcm-worker'),
  freeze('router'),
  (draw) => ({ kind: 'replace', service: eitherWorker(draw), member: draw() }),
  (draw) => ({ kind: 'scale', service: eitherWorker(draw), forMs: between(draw, 1_000, 4_000) }),
  (draw) => ({ kind: 'broker-kill', downMs: between(draw, 0, 2_000) }),
  (draw) => ({ kind: 'cut', afterBytes: 0, forMs: between(draw, 200, 1_500) }),
  (draw) => ({ kind: 'cut', afterBytes: between(draw, 20, 2_000), forMs: between(draw, 500, 3_000) }),
];

/** Faults in one round, in which every kind occurs. */
export const FAULT_ROUND = DECK.length;

/** That many faults, the same for the same seed: rounds of all kinds, each in an order of its own. */
export function planFaults(count: number, seed: number): readonly Fault[] {
  const { next: draw } = createSeededRandom(seed);
  const faults: Fault[] = [];
  while (faults.length < count) faults.push(...shuffled(DECK, draw).map((card) => card(draw)));
  return faults.slice(0, count);
}

function shuffled<T>(items: readonly T[], draw: Draw): readonly T[] {
  return items
    .map((item) => ({ item, rank: draw() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** In few words, for a line of progress. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'freeze':
    case 'replace':
    case 'scale':
      return `${fault.kind} ${fault.service}`;
    case 'broker-kill':
      return `kill of the broker, down for ${fault.downMs} ms`;
    case 'cut':
      return `answers cut after ${fault.afterBytes} bytes for ${fault.forMs} ms`;
  }
}
