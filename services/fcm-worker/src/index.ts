export { fcmOptions } from './config.ts';
export { createFcmWorker, type FcmWorkerDeps } from './fcm-worker.ts';
