export { createEmbeddedLog, type EmbeddedLog, type EmbeddedLogOptions } from './embedded-log.ts';
export { type CorruptPlace, LogCorruption } from './log-corruption.ts';
