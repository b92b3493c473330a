import { createSystemRandom, loadConfig } from '@belfry/runtime';
import { makeKeys } from '@belfry/service-process';
import { CONFIG } from './config.ts';

/** Names the files that it made; what is in them is for nobody's log. */
export async function start(edge: NodeJS.Process): Promise<void> {
  const { BELFRY_KEYS: folder } = loadConfig(CONFIG, edge);
  try {
    const made = await makeKeys(folder, createSystemRandom());
    edge.stdout.write(
      made.length === 0 ? `${folder}: all keys are there\n` : made.map((file) => `made ${file}\n`).join(''),
    );
  } catch (error) {
    edge.stderr.write(`keys were not made: ${error instanceof Error ? error.message : String(error)}\n`);
    edge.exit(1);
  }
}
