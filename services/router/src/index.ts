export { routerOptions } from './config.ts';
export { createRouter, type RouterDeps } from './router.ts';
