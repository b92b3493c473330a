export { schedulerOptions } from './config.ts';
export { createScheduler, type SchedulerDeps } from './scheduler.ts';
