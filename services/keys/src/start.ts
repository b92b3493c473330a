import { createSystemRandom, loadConfig } from '@belfry/runtime';
import { makeKeys, newApiKey } from '@belfry/service-process';
import { CONFIG, newKeyFacts } from './config.ts';

/** Names the files that it made; what is in them is for nobody's log. A new API key is printed, as it is kept nowhere. */
export async function start(edge: NodeJS.Process): Promise<void> {
  const config = loadConfig(CONFIG, edge);
  const facts = newKeyFacts(config);
  if (facts !== undefined) {
    const { key, entry } = newApiKey(facts, createSystemRandom());
    edge.stdout.write(`key    ${key}\nentry  ${JSON.stringify(entry)}\n`);
    return;
  }
  const { BELFRY_KEYS: folder = '' } = config;
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
