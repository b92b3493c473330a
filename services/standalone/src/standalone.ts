import { createLocalBackplane } from '@belfry/backplane-local';
import { createConsole } from '@belfry/console';
import { type Clock, sleep } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import { createAccept, createRealtimeState, createReceiptFeed, logLostReceipts } from '@belfry/dispatch';
import { addInvoiceUpstream } from '@belfry/example-invoices';
import { createFcmWorker } from '@belfry/fcm-worker';
import { createProducerApi } from '@belfry/producer-api';
import { LIMITS } from '@belfry/protocol/limits';
import { createRealtimeGateway, gatewayLimits, REALTIME_PATH } from '@belfry/realtime-gateway';
import { createRouter } from '@belfry/router';
import { createAckTokens, createAuthentication, createHttpHost, createMetrics, type Logger } from '@belfry/runtime';
import { createScheduler } from '@belfry/scheduler';
import {
  API_KEY_TENANT,
  configuredApiKeys,
  createUserTokenVerifier,
  hasUserTokenKeys,
  readSecret,
} from '@belfry/service-process';
import { createWebPushWorker } from '@belfry/webpush-worker';
import { minSecretBytes, type StandaloneConfig } from './config.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { openChannels } from './open-channels.ts';
import { openStorage, type StorageOptions } from './open-storage.ts';

export type StandaloneOptions = {
  readonly config: StandaloneConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** The log or the store is beyond repair: the process must end. */
  readonly onFatal: (error: Error) => void;
  readonly storeThread?: StorageOptions['storeThread'];
};

export type Standalone = {
  readonly services: readonly Service[];
  readonly data: DataFolder;
  url(): string;
};

/** Opens the data folder, the log and the store, and puts every service on them. Rejects, in words for an operator, when one cannot be opened. */
export async function createStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { config, logger, clock, random, onFatal } = options;
  const data = await openDataFolder({
    directory: config.BELFRY_DATA,
    random,
    apiKey: readSecret(config, 'BELFRY_API_KEY'),
    hasTokenKeys: hasUserTokenKeys(config),
    cookieSecret: readSecret(config, 'BELFRY_COOKIE_SECRET'),
    vapidKeysFile: config.BELFRY_VAPID_KEYS,
  });
  const tokens = await createUserTokenVerifier({
    config,
    madeSecret: data.jwtSecret,
    minSecretBytes: minSecretBytes(config.BELFRY_HOST),
    clock,
    logger,
  });
  const apiKeys = configuredApiKeys(config, data.apiKey);
  const storage = openStorage({
    data,
    clock,
    onFatal,
    maxLogBytes: config.BELFRY_LOG_MAX_BYTES,
    storeThread: options.storeThread,
  });
  // Both locks are asked for at once: where another process has the folder, nothing of it is touched from here on.
  await Promise.race([storage, sleep(clock, 0)]);

  const metrics = createMetrics();
  const allowedOrigins = [...config.BELFRY_ALLOWED_ORIGINS, ...ownOrigins(config.PORT)];
  const [{ log, store }, { simulated, ...channels }, host] = await Promise.all([
    storage,
    openChannels({ config, data, clock }),
    createHttpHost({
      host: config.BELFRY_HOST,
      port: config.PORT,
      logger,
      metrics,
      clock,
      allowedOrigins,
      title: 'Belfry',
      version: '1',
      bodyLimitBytes: LIMITS.bodyBytes,
      upgradePaths: [REALTIME_PATH],
      trustProxy: config.BELFRY_TRUST_PROXY,
    }),
  ]);
  await store.setApiKeys(apiKeys);
  const rateLimit = { ratePerSecond: config.BELFRY_RATE_PER_SECOND, burst: config.BELFRY_RATE_BURST };
  const authentication = createAuthentication({ keys: store, clock, metrics, tokens, rateLimit });

  const receipts = createReceiptFeed({ log, clock });
  /** Of those who do not wait for what they put. */
  const edgeReceipts = createReceiptFeed({ log, clock, onLost: logLostReceipts(logger) });
  const realtime = createRealtimeState(store, edgeReceipts);
  const backplane = createLocalBackplane();
  const shared = { log, store, receipts, backplane, clock, random, metrics, logger };
  const push = {
    ...shared,
    concurrency: config.BELFRY_PUSH_CONCURRENCY,
    breakerProbeIntervalMs: config.BELFRY_BREAKER_PROBE_INTERVAL,
  };

  const services: Service[] = [
    {
      name: 'storage',
      start: async () => {},
      stop: async () => void (await Promise.all([log.close(), store.close()])),
    },
    ...(simulated === undefined ? [] : [simulated.service]),
    ...createWebPushWorker({
      ...push,
      adapter: channels.webpush,
      scheduleMs: config.BELFRY_RETRY_WEBPUSH,
      hostConcurrency: config.BELFRY_WEBPUSH_HOST_CONCURRENCY,
    }),
    ...createFcmWorker({ ...push, adapter: channels.fcm, scheduleMs: config.BELFRY_RETRY_FCM }),
    ...createScheduler({
      ...shared,
      receipts: edgeReceipts,
      retention: {
        notificationsMs: config.BELFRY_RETENTION_NOTIFICATIONS,
        deadLettersMs: config.BELFRY_RETENTION_DEAD_LETTERS,
      },
    }),
    ...createRouter({ ...shared, concurrency: config.BELFRY_ROUTER_CONCURRENCY }),
    ...createRealtimeGateway({
      ...shared,
      http: host.app,
      realtime,
      receipts: edgeReceipts,
      verifyToken: tokens,
      allowedOrigins,
      cookieSecret: data.cookieSecret,
      limits: gatewayLimits(config),
    }),
    ...createProducerApi({
      ...shared,
      http: host.app,
      authentication,
      ackTokens: createAckTokens(data.cookieSecret),
      accept: createAccept({ store, log, clock, random }),
      realtime,
      receipts: edgeReceipts,
      channels,
      webPushKey: { publicKey: data.vapidKeys[0].publicKey, keyId: data.vapidKeys[0].id },
    }),
  ];
  if (config.BELFRY_CONSOLE) {
    services.push(
      ...createConsole({
        ...shared,
        http: host.app,
        apiUrl: () => host.url(),
        apiKey: data.apiKey,
        tenant: API_KEY_TENANT,
        sessionSecret: data.cookieSecret,
        allowedOrigins: config.BELFRY_CONSOLE_ORIGINS,
        ...(simulated === undefined ? {} : { simulator: simulated.simulator }),
      }),
    );
    // What the button of the console asks; it has no other caller.
    addInvoiceUpstream(host.app, {
      belfryUrl: () => host.url(),
      apiKey: data.apiKey,
      directory: data.invoices,
      now: () => new Date(clock.nowMs()),
      onError: (error) => logger.error({ err: error }, 'the example upstream could not make an invoice'),
    });
  }
  host.watch(services);
  return { services: [...services, host.service], data, url: () => host.url() };
}

/** The console's own page: the same machine under either name. */
function ownOrigins(port: number): string[] {
  return [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
}
