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
import { createStandalone } from './standalone.ts';

const STOP_BUDGET_MS = 25_000;

const config = loadConfig(CONFIG, process);
const logger = createLogger({ level: config.BELFRY_LOG_LEVEL });
const clock = createSystemClock();
const signals = createProcessEdge();

try {
  const standalone = await createStandalone({
    config,
    logger,
    clock,
    random: createSystemRandom(),
    onFatal: (error) => {
      logger.fatal({ err: error }, 'the log or the store cannot go on: the process ends');
      signals.exit(1);
    },
  });
  const greeting = createGreeting(standalone, (text) => process.stdout.write(text));
  await runServices([...standalone.services, greeting], { logger, clock, stopBudgetMs: STOP_BUDGET_MS, signals });
} catch (error) {
  process.stderr.write(`Belfry did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
