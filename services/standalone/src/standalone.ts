import { createLocalBackplane } from '@belfry/backplane-local';
import { createConsole } from '@belfry/console';
import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import { createAccept, createRealtimeState, createReceiptFeed, logLostReceipts } from '@belfry/dispatch';
import { addInvoiceUpstream } from '@belfry/example-invoices';
import { createFcmWorker } from '@belfry/fcm-worker';
import { createEmbeddedLog } from '@belfry/log-embedded';
import { createProducerApi } from '@belfry/producer-api';
import { LIMITS } from '@belfry/protocol/limits';
import { createRealtimeGateway, gatewayLimits, REALTIME_PATH } from '@belfry/realtime-gateway';
import { createRouter } from '@belfry/router';
import {
  type ConfigValues,
  createAckTokens,
  createAuthentication,
  createHttpHost,
  createMetrics,
  type Logger,
} from '@belfry/runtime';
import { createScheduler } from '@belfry/scheduler';
import {
  API_KEY_TENANT,
  configuredApiKeys,
  createFcm,
  createUserTokenVerifier,
  createWebPush,
  hasUserTokenKeys,
  readSecret,
} from '@belfry/service-process';
import { createSqliteStore } from '@belfry/store';
import { createWebPushWorker } from '@belfry/webpush-worker';
import { type CONFIG, minSecretBytes } from './config.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { STANDALONE_TOPICS } from './log-topics.ts';
import { startSimulator } from './simulator-service.ts';

export type StandaloneConfig = ConfigValues<(typeof CONFIG)['options']>;

export type StandaloneOptions = {
  readonly config: StandaloneConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** The log or the store is beyond repair: the process must end. */
  readonly onFatal: (error: Error) => void;
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
  const log = await createEmbeddedLog({
    directory: data.log,
    clock,
    onFatal,
    maxFileBytes: config.BELFRY_LOG_MAX_BYTES,
  });
  const store = await createSqliteStore({ directory: data.store, clock, onFatal });
  await log.ensureTopics(STANDALONE_TOPICS);
  await store.setApiKeys(apiKeys);

  const simulated = config.BELFRY_SIMULATOR ? await startSimulator(data.simulatorPortFile, clock) : undefined;
  const simulatorOrigin = simulated?.simulator.origin();
  const channels = {
    webpush: await createWebPush({
      clock,
      vapidKeys: data.vapidKeys,
      subject: config.BELFRY_WEBPUSH_SUBJECT,
      allowedHosts: config.BELFRY_WEBPUSH_ALLOWED_HOSTS,
      simulatorOrigin,
    }),
    fcm: await createFcm({
      clock,
      endpoint: config.BELFRY_FCM_ENDPOINT,
      project: config.BELFRY_FCM_PROJECT,
      serviceAccountFile: config.GOOGLE_APPLICATION_CREDENTIALS,
      simulatorOrigin,
    }),
  };

  const metrics = createMetrics();
  const allowedOrigins = [...config.BELFRY_ALLOWED_ORIGINS, ...ownOrigins(config.PORT)];
  const host = await createHttpHost({
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
  });
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
