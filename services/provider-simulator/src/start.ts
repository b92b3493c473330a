import { createProviderSimulator } from '@belfry/provider-simulator';
import { runServiceProcess } from '@belfry/service-process';
import { CONFIG } from './config.ts';

/** Messages that it remembers per provider: enough to look at, too few to fill the memory in a load test. */
const KEEP = 2_000;

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'provider-simulator',
    config: CONFIG,
    needs: [],
    wire: ({ config, clock, logger }) => {
      const simulator = createProviderSimulator({
        clock,
        host: config.BELFRY_HOST,
        port: config.BELFRY_SIMULATOR_PORT,
        ...(config.BELFRY_SIMULATOR_URL === undefined ? {} : { publicOrigin: config.BELFRY_SIMULATOR_URL }),
        webpush: { keep: KEEP },
        fcm: { keep: KEEP },
      });
      return [
        {
          name: 'provider-simulator',
          start: async () => {
            await simulator.start();
            logger.info({ origin: simulator.origin() }, 'simulated devices live here');
          },
          stop: () => simulator.stop(),
        },
      ];
    },
  });
}
