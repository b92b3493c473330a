export { CONFIG } from './config.ts';
export { createStandalone, type Standalone, type StandaloneOptions } from './standalone.ts';
