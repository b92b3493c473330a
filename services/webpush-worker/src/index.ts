export { webpushOptions } from './config.ts';
export { createWebPushWorker, type WebPushWorkerDeps } from './webpush-worker.ts';
