import type { Service } from '@belfry/core/service';
import { createPushWorker, type PushWorkerDeps } from '@belfry/push-worker';

/** The adapter is made by the caller, who needs it too for checking new registrations. */
export type FcmWorkerDeps = PushWorkerDeps;

export function createFcmWorker(deps: FcmWorkerDeps): Service[] {
  return createPushWorker(deps);
}
