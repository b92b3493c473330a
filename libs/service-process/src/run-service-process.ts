import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import { LIMITS } from '@belfry/protocol/limits';
import {
  type ConfigOptions,
  type ConfigTable,
  type ConfigValues,
  createHttpHost,
  createLogger,
  createMetrics,
  createProcessEdge,
  createSystemClock,
  createSystemRandom,
  type HttpHost,
  type HttpHostOptions,
  type Logger,
  loadConfig,
  type Metrics,
  runServices,
} from '@belfry/runtime';
import { type BackendConfig, type BackendName, type Backends, openBackends } from './open-backends.ts';
import type { processOptions, publicHttpOptions } from './options/process-options.ts';

/** What `wire` is given: the values of its table, the backends it asked for, and what every service is made with. */
export type ServiceContext<Options extends ConfigOptions, Needs extends BackendName> = Pick<Backends, Needs> & {
  readonly config: ConfigValues<Options>;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly host: HttpHost;
};

export type ServiceProgram<Options extends ConfigOptions, Needs extends BackendName> = {
  /** In every log line, and the client's name at the brokers. */
  readonly name: string;
  readonly config: ConfigTable<Options>;
  readonly needs: readonly Needs[];
  /** Of these, what the service can do its main work without: an outage is logged and does not take readiness away. */
  readonly dispensable?: readonly Needs[];
  /** It tells gateways through the backplane and listens to nobody. */
  readonly publishOnly?: boolean;
  /** Where the HTTP host is more than health and metrics. */
  readonly http?: (config: ConfigValues<Options>) => Partial<HttpHostOptions>;
  /** Makes the services, in the order in which they start. */
  readonly wire: (context: ServiceContext<Options, Needs>) => Promise<readonly Service[]> | readonly Service[];
};

type ProcessConfig = BackendConfig &
  ConfigValues<ReturnType<typeof processOptions>> &
  Partial<ConfigValues<typeof publicHttpOptions>>;

/**
 * The life of a service as a process: configuration, logger, the backends it needs, its wiring, an HTTP host with health and metrics; then `runServices`. The table has to
 * have the option groups of what it needs. Exits 1, with a line that says why, when it cannot start, and when a worker or a backend cannot go on.
 */
export async function runServiceProcess<Options extends ConfigOptions, Needs extends BackendName = never>(
  edge: NodeJS.Process,
  program: ServiceProgram<Options, Needs>,
): Promise<void> {
  const config = loadConfig(program.config, edge);
  const shared = config as unknown as ProcessConfig;
  const { name, needs } = program;
  const logger = createLogger({ level: shared.BELFRY_LOG_LEVEL, name });
  const [clock, random, metrics, signals] = [
    createSystemClock(),
    createSystemRandom(),
    createMetrics(),
    createProcessEdge(),
  ];
  const die = (error: Error, what: string): void => {
    logger.fatal({ err: error }, `${what} cannot go on: the process ends`);
    signals.exit(1);
  };
  let isStarting = true;
  // While it waits for a backend there is nothing to drain.
  signals.onSignal(() => {
    if (isStarting) signals.exit(0);
  });
  try {
    const onFatal = (error: Error): void => die(error, 'a backend');
    const opened = await openBackends({
      name,
      needs,
      dispensable: program.dispensable ?? [],
      publishOnly: program.publishOnly ?? false,
      config: shared,
      clock,
      random,
      logger,
      onFatal,
    });
    const host = await createHttpHost({
      host: shared.BELFRY_HOST,
      port: shared.PORT,
      logger,
      metrics,
      clock,
      allowedOrigins: shared.BELFRY_ALLOWED_ORIGINS ?? [],
      trustProxy: shared.BELFRY_TRUST_PROXY ?? false,
      title: 'Belfry',
      version: '1',
      bodyLimitBytes: LIMITS.bodyBytes,
      apiDocuments: false,
      ...program.http?.(config),
    });
    const backends = opened.backends as Pick<Backends, Needs>;
    const services = await program.wire({ ...backends, config, clock, random, metrics, logger, host });
    for (const service of services) watchFailure(service, (error) => die(error, service.name));
    const all = [...opened.services, ...services];
    host.watch(all);
    isStarting = false;
    await runServices([...all, host.service, greeting(host, logger)], {
      logger,
      clock,
      stopBudgetMs: shared.BELFRY_STOP_BUDGET,
      signals,
    });
  } catch (error) {
    edge.stderr.write(`${name} did not start: ${error instanceof Error ? error.message : String(error)}\n`);
    edge.exit(1);
  }
}

/** A worker that met a bug stops and says so on `failed`; what runs the process then starts it anew. */
function watchFailure(service: Service, onFailed: (error: Error) => void): void {
  const { failed } = service as { readonly failed?: unknown };
  if (!(failed instanceof Promise)) return;
  failed.catch((error: unknown) => onFailed(error instanceof Error ? error : new Error(String(error))));
}

function greeting(host: HttpHost, logger: Logger): Service {
  return {
    name: 'greeting',
    start: async () => logger.info({ url: host.url() }, 'ready for work'),
    stop: async () => {},
  };
}
