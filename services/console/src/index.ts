export { consoleOptions } from './config.ts';
export { type ConsoleDeps, createConsole } from './console.ts';
