import type { Service } from '@belfry/core/service';
import { createPushWorker, type PushWorkerDeps } from '@belfry/push-worker';

/** The adapter is made by the caller, who needs it too for checking new subscriptions. */
export type WebPushWorkerDeps = PushWorkerDeps;

export function createWebPushWorker(deps: WebPushWorkerDeps): Service[] {
  return createPushWorker(deps);
}
