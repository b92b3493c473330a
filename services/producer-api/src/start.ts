import { createAccept, createRealtimeState, createReceiptFeed, logLostReceipts } from '@belfry/dispatch';
import { createAckTokens, createAuthentication } from '@belfry/runtime';
import {
  configuredApiKeys,
  createFcm,
  createUserTokenVerifier,
  createWebPush,
  credential,
  runServiceProcess,
  vapidKeys,
} from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createProducerApi } from './producer-api.ts';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'producer-api',
    config: CONFIG,
    needs: ['log', 'store'],
    http: () => ({ apiDocuments: true }),
    wire: async ({ config, host, log, store, ...shared }) => {
      const { clock, metrics } = shared;
      await store.setApiKeys(configuredApiKeys(config, credential(config, 'apiKey')));
      const keys = await vapidKeys(config);
      const simulatorOrigin = config.BELFRY_SIMULATOR_URL;
      const receipts = createReceiptFeed({ log, clock, onLost: logLostReceipts(shared.logger) });
      return createProducerApi({
        ...shared,
        http: host.app,
        store,
        receipts,
        realtime: createRealtimeState(store, receipts),
        accept: createAccept({ store, log, clock, random: shared.random }),
        authentication: createAuthentication({
          keys: store,
          clock,
          metrics,
          tokens: await createUserTokenVerifier({
            config,
            madeSecret: () => credential(config, 'jwtSecret'),
            clock,
            logger: shared.logger,
          }),
          rateLimit: { ratePerSecond: config.BELFRY_RATE_PER_SECOND, burst: config.BELFRY_RATE_BURST },
        }),
        ackTokens: createAckTokens(credential(config, 'cookieSecret')),
        // They only say whether an address may be saved; nothing is sent from here.
        channels: {
          webpush: await createWebPush({
            clock,
            vapidKeys: keys,
            subject: config.BELFRY_WEBPUSH_SUBJECT,
            allowedHosts: config.BELFRY_WEBPUSH_ALLOWED_HOSTS,
            simulatorOrigin,
          }),
          fcm: await createFcm({
            clock,
            endpoint: undefined,
            project: undefined,
            serviceAccountFile: undefined,
            simulatorOrigin,
          }),
        },
        webPushKey: { publicKey: keys[0].publicKey, keyId: keys[0].id },
      });
    },
  });
}
