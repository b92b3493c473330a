import { credential, runServiceProcess } from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createConsole } from './console.ts';
import { createSimulatorClient } from './simulator-client.ts';

/** Whose key the configured one is. */
const TENANT = 'default';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'console',
    config: CONFIG,
    needs: ['log'],
    wire: ({ config, host, ...shared }) => {
      const simulatorUrl = config.BELFRY_SIMULATOR_URL;
      return createConsole({
        ...shared,
        http: host.app,
        apiUrl: () => config.BELFRY_API_URL,
        apiKey: credential(config, 'apiKey'),
        tenant: TENANT,
        sessionSecret: credential(config, 'cookieSecret'),
        allowedOrigins: config.BELFRY_CONSOLE_ORIGINS,
        ...(simulatorUrl === undefined ? {} : { simulator: createSimulatorClient(simulatorUrl) }),
      });
    },
  });
}
