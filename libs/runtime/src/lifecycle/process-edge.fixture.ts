// A process with one service, as small as they come: says what happens to it on standard output.
import { writeSync } from 'node:fs';
import { createLogger } from '../logger.ts';
import { createSystemClock } from '../system-clock.ts';
import { createProcessEdge } from './process-edge.ts';
import { runServices } from './run-services.ts';

const say = (line: string) => void writeSync(1, `${line}\n`);
const clock = createSystemClock();
const [behaviour] = process.argv.slice(2);

const service = {
  name: 'only',
  async start() {
    say('started');
    // Keeps the process alive, as a listening socket would.
    clock.schedule(60_000, () => {});
    if (behaviour === 'rejects') clock.schedule(1, () => void Promise.reject(new Error('nobody caught this')));
  },
  drain: () => (behaviour === 'hangs' ? new Promise<void>(() => say('draining')) : Promise.resolve()),
  stop: async () => say('stopped'),
};

await runServices([service], {
  logger: createLogger({ level: 'error' }),
  clock,
  stopBudgetMs: 30_000,
  signals: createProcessEdge(),
});
