/**
 * Shares the process's handler slots among lanes, so that bulk work never delays transactional work:
 *
 * 1. A lane that holds less than its share of the slots (its weight's part of `concurrency`, rounded up) goes before those that hold more. Shares
 *    are of slots, not of starts: otherwise slow bulk handlers, started rarely but never finishing, would gather all slots.
 * 2. Among lanes of the same rank, starts follow the weights by smooth weighted round robin.
 * 3. Work-conserving: a lane that is alone with work goes beyond its share, but
 * 4. lanes lighter than the heaviest together leave an eighth of the slots free (at least one), so that transactional work that arrives while bulk
 *    fills everything starts at once. With a single slot there is nothing to leave free.
 */
export type LaneScheduler = {
  /** Handlers running, all lanes. */
  readonly inFlight: number;
  /** The lane to start a handler of, or undefined if none may start now. Counts it as started. */
  start(hasWork: (lane: number) => boolean): number | undefined;
  /** A handler of that lane has settled. */
  finish(lane: number): void;
};

const RESERVED_PART = 8;

/** `weights` > 0, one per lane, at least one. `concurrency` ≥ 1. */
export function createLaneScheduler(weights: readonly number[], concurrency: number): LaneScheduler {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const heaviest = Math.max(...weights);
  const reserved = concurrency === 1 ? 0 : Math.max(1, Math.floor(concurrency / RESERVED_PART));
  const lanes = weights.map((weight) => ({
    weight,
    light: weight < heaviest,
    share: Math.ceil((concurrency * weight) / total),
    running: 0,
    credit: 0,
    candidate: false,
  }));
  let inFlight = 0;
  let lightInFlight = 0;

  return {
    get inFlight() {
      return inFlight;
    },
    start(hasWork) {
      if (inFlight >= concurrency) return undefined;
      let anyUnderShare = false;
      for (let index = 0; index < lanes.length; index++) {
        const lane = lanes[index];
        if (lane === undefined) continue;
        lane.candidate = !(lane.light && lightInFlight >= concurrency - reserved) && hasWork(index);
        if (lane.candidate && lane.running < lane.share) anyUnderShare = true;
      }
      let best: number | undefined;
      let bestCredit = Number.NEGATIVE_INFINITY;
      let candidateWeight = 0;
      for (let index = 0; index < lanes.length; index++) {
        const lane = lanes[index];
        if (lane === undefined || !lane.candidate || (anyUnderShare && lane.running >= lane.share)) continue;
        lane.credit += lane.weight;
        candidateWeight += lane.weight;
        if (lane.credit > bestCredit) {
          best = index;
          bestCredit = lane.credit;
        }
      }
      const chosen = best === undefined ? undefined : lanes[best];
      if (chosen === undefined) return undefined;
      chosen.credit -= candidateWeight;
      chosen.running++;
      inFlight++;
      if (chosen.light) lightInFlight++;
      return best;
    },
    finish(index) {
      const lane = lanes[index];
      if (lane === undefined) return;
      lane.running--;
      inFlight--;
      if (lane.light) lightInFlight--;
    },
  };
}
