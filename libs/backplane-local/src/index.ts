export { createLocalBackplane, type LocalBackplaneOptions } from './local-backplane.ts';
