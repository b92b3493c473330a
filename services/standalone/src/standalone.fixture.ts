import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createSystemClock, createSystemRandom, readConfig } from '@belfry/runtime';
import { CONFIG } from './config.ts';
import { createStandalone } from './standalone.ts';

export type TestStandalone = {
  readonly url: string;
  readonly apiKey: string;
  stop(): Promise<void>;
};

/** All of Belfry on a free port, in this process, configured by these variables alone. A folder that is given is kept. */
export async function startStandalone(
  env: Readonly<Record<string, string>> = {},
  folder?: string,
): Promise<TestStandalone> {
  const directory = folder ?? mkdtempSync(join(tmpdir(), 'belfry-standalone-'));
  const result = readConfig(CONFIG, { PORT: '0', BELFRY_SIMULATOR: 'false', BELFRY_DATA: directory, ...env });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const standalone = await createStandalone({
    config: result.value,
    logger: createLogger({ level: 'silent' }),
    clock: createSystemClock(),
    random: createSystemRandom(),
    onFatal: (error) => {
      throw error;
    },
  });
  for (const service of standalone.services) await service.start();
  return {
    url: standalone.url(),
    apiKey: standalone.data.apiKey,
    async stop() {
      for (const service of standalone.services.toReversed()) await service.drain?.(AbortSignal.timeout(5_000));
      for (const service of standalone.services.toReversed()) await service.stop();
      if (folder === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
