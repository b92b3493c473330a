export { createWorker, type Worker } from './worker.ts';
export type { HandlerContext, WorkerLane, WorkerObserver, WorkerOptions } from './worker-options.ts';
