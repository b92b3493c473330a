export { CONFIG, schedulerOptions } from './config.ts';
export { createScheduler, type SchedulerDeps } from './scheduler.ts';
