import {
  createLogger,
  createProcessEdge,
  createSystemClock,
  createSystemRandom,
  loadConfig,
  runServices,
} from '@belfry/runtime';
import { CONFIG } from './config.ts';
import { createGreeting } from './greeting.ts';
import { createStandalone, type StandaloneOptions } from './standalone.ts';

const STOP_BUDGET_MS = 25_000;

/** `npm start`: from the environment to a running process. `storeThread` has been loading since before this module was. */
export async function start(edge: NodeJS.Process, storeThread?: StandaloneOptions['storeThread']): Promise<void> {
  const config = loadConfig(CONFIG, edge);
  const logger = createLogger({ level: config.BELFRY_LOG_LEVEL });
  const clock = createSystemClock();
  const signals = createProcessEdge();
  try {
    const standalone = await createStandalone({
      config,
      logger,
      clock,
      storeThread,
      random: createSystemRandom(),
      onFatal: (error) => {
        logger.fatal({ err: error }, 'the log or the store cannot go on: the process ends');
        signals.exit(1);
      },
    });
    const greeting = createGreeting({
      standalone,
      webPushSubject: config.BELFRY_WEBPUSH_SUBJECT,
      print: (text) => edge.stdout.write(text),
    });
    await runServices([...standalone.services, greeting], {
      logger,
      clock,
      stopBudgetMs: STOP_BUDGET_MS,
      signals,
    });
  } catch (error) {
    edge.stderr.write(`Belfry did not start: ${error instanceof Error ? error.message : String(error)}\n`);
    edge.exit(1);
  }
}
