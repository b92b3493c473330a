import type { Service } from '@belfry/core/service';
import { createPushWorker, type PushWorkerDeps } from '@belfry/push-worker';

/** The adapter is made by the caller, who needs it too for checking new subscriptions. */
export type WebPushWorkerDeps = Omit<PushWorkerDeps, 'hostConcurrency'> & {
  /** Attempts at once to one push service; undefined: half of `concurrency`. */
  readonly hostConcurrency: number | undefined;
};

/** Slots are left to the other push services, whatever one of them does. */
export function createWebPushWorker(deps: WebPushWorkerDeps): Service[] {
  const hostConcurrency = deps.hostConcurrency ?? Math.max(1, Math.floor(deps.concurrency / 2));
  return createPushWorker({ ...deps, hostConcurrency });
}
