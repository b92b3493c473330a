import type { Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { lockDirectory } from '@belfry/sqlite';
import { openLog } from './open-log.ts';

export type EmbeddedLogOptions = {
  /** Folder that belongs to this log alone; made when missing. */
  readonly directory: string;
  readonly clock: Clock;
  /**
   * The log can serve nothing any more: its file is corrupt (a `LogCorruption`), its thread died, or a handler threw. Called once; the
   * process must stop, as whatever it still does is not recorded.
   */
  readonly onFatal: (error: Error) => void;
  /** Appends are refused with `log-full` while the disk has less than this free. Default 64 MiB. */
  readonly minFreeBytes?: number;
  /** Appends are refused with `log-full` when the log's file would grow beyond this. Retention makes room inside it. Default: no limit. */
  readonly maxFileBytes?: number;
  /** Pages of 4 KiB in the write-ahead log before it is copied into the file. Default 4,096: fewer cost more syncs, more a slower start. */
  readonly checkpointPages?: number;
  /** Pause between two runs of retention. Default 60,000 ms. */
  readonly retentionIntervalMs?: number;
};

export type EmbeddedLog = Log & {
  /** Applies retention now instead of waiting for its interval. Returns the number of records removed. */
  applyRetention(): Promise<number>;
};

const DEFAULT_MIN_FREE_BYTES = 64 * 1024 * 1024;
const DEFAULT_CHECKPOINT_PAGES = 4_096;
const DEFAULT_RETENTION_INTERVAL_MS = 60_000;

/**
 * The Log of one process, in an SQLite file. Rejects with a `DirectoryLockedError` where another process has the directory, and with a
 * `LogCorruption` where the file is not what was written.
 */
export async function createEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const lock = lockDirectory(options.directory);
  try {
    return await openLog({
      ...options,
      minFreeBytes: options.minFreeBytes ?? DEFAULT_MIN_FREE_BYTES,
      maxFileBytes: options.maxFileBytes,
      checkpointPages: options.checkpointPages ?? DEFAULT_CHECKPOINT_PAGES,
      retentionIntervalMs: options.retentionIntervalMs ?? DEFAULT_RETENTION_INTERVAL_MS,
      onClosed: () => lock.release(),
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}
