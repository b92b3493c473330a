export { CONFIG } from './config.ts';
export { createRouter, type RouterDeps } from './router.ts';
