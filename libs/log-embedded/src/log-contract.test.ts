import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLogContract } from '@belfry/testing/log-contract';
import { realClock } from '@belfry/testing/real-clock';
import { createEmbeddedLog } from './embedded-log.ts';

describeLogContract('log-embedded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-log-'));
  const onFatal = (error: Error) => {
    throw error;
  };
  return {
    open: () => createEmbeddedLog({ directory, clock: realClock, onFatal }),
    dispose: () => rm(directory, { recursive: true }),
  };
});
