import type { Lane } from '@belfry/core/notification';

/** Shares of a worker's slots while both lanes have work; when one is idle the other gets everything. */
export const LANE_WEIGHTS: Readonly<Record<Lane, number>> = { transactional: 8, bulk: 1 };
