export { createLagReporter } from './lag-reporter.ts';
export { createPushWorker, type PushWorkerDeps } from './push-worker.ts';
export { pushWorkerOptions } from './push-worker-options.ts';
export { workerObserver } from './worker-observer.ts';
