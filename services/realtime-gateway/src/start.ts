import { createRealtimeState, createReceiptFeed, logLostReceipts } from '@belfry/dispatch';
import { createUserTokenVerifier, credential, runServiceProcess } from '@belfry/service-process';
import { CONFIG, gatewayLimits } from './config.ts';
import { createRealtimeGateway } from './realtime-gateway.ts';
import { REALTIME_PATH } from './websocket-endpoint.ts';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'realtime-gateway',
    config: CONFIG,
    needs: ['store', 'log', 'backplane'],
    // What it delivers comes from the store; without the log only receipts are late.
    dispensable: ['log'],
    http: () => ({ upgradePaths: [REALTIME_PATH] }),
    wire: async ({ config, host, log, ...shared }) => {
      const receipts = createReceiptFeed({ log, clock: shared.clock, onLost: logLostReceipts(shared.logger) });
      return createRealtimeGateway({
        ...shared,
        http: host.app,
        realtime: createRealtimeState(shared.store, receipts),
        receipts,
        verifyToken: await createUserTokenVerifier({
          config,
          madeSecret: () => credential(config, 'jwtSecret'),
          clock: shared.clock,
          logger: shared.logger,
        }),
        allowedOrigins: config.BELFRY_ALLOWED_ORIGINS,
        cookieSecret: credential(config, 'cookieSecret'),
        limits: gatewayLimits(config),
      });
    },
  });
}
