import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '@belfry/testing/real-clock';
import { onTestFinished } from 'vitest';
import { createEmbeddedLog, type EmbeddedLog, type EmbeddedLogOptions } from '../embedded-log.ts';

export type LogFolder = {
  readonly directory: string;
  /** What the logs opened here have reported as fatal. */
  readonly fatal: readonly Error[];
  open(options?: Partial<EmbeddedLogOptions>): Promise<EmbeddedLog>;
};

/** A folder for the running test. Logs opened in it are closed, and it is removed, when the test ends. */
export async function createLogFolder(): Promise<LogFolder> {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-log-'));
  const opened: EmbeddedLog[] = [];
  const fatal: Error[] = [];
  onTestFinished(async () => {
    for (const log of opened) await log.close();
    await rm(directory, { recursive: true });
  });
  return {
    directory,
    fatal,
    async open(options) {
      const onFatal = (error: Error) => fatal.push(error);
      const log = await createEmbeddedLog({ directory, clock: realClock, onFatal, ...options });
      opened.push(log);
      return log;
    },
  };
}
