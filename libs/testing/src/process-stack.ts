import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { type NodeProcess, startNodeProcess } from './node-process.ts';

/** In the order in which they stop: those with clients first, so that they take leave of them through the edge; then who does the work. */
export const STACK_SERVICES = [
  'realtime-gateway',
  'console',
  'invoices',
  'producer-api',
  'edge',
  'router',
  'scheduler',
  'webpush-worker',
  'fcm-worker',
  'provider-simulator',
] as const;
export type StackService = (typeof STACK_SERVICES)[number];

export type ProcessStackOptions = {
  /** Keys, invoices and the simulator's port: what a later start of the same stack needs again. Made when it is missing. */
  readonly directory: string;
  readonly kafkaBrokers: readonly string[];
  readonly postgresUrl: string;
  /** Without it hints go over Kafka. */
  readonly redisUrl?: string | undefined;
  /** Names this stack's topics, groups and channels, as others share the servers: a–z, 0–9 and dashes. Default: none. */
  readonly name?: string;
  /** Of the edge; by default a free one. */
  readonly port?: number | undefined;
  /** For every process, over what the stack sets itself; an empty value takes that away. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many processes of a service; 1 where it is not said, 0 for none. */
  readonly scale?: Partial<Readonly<Record<StackService, number>>>;
  readonly onLine?: (process: string, line: string) => void;
  readonly onDied?: (process: string, how: string) => void;
};

export type StackProcess = NodeProcess & { readonly service: StackService };

export type ProcessStack = {
  /** Of the edge. */
  readonly url: string;
  readonly port: number;
  /** All of them, in the order in which they stop; a scaled service's are `webpush-worker-1`, `webpush-worker-2`, … */
  readonly services: readonly StackProcess[];
  /** Those of one service. */
  of(service: StackService): readonly StackProcess[];
  ready(): Promise<void>;
  /** Ends them in order, each service's processes together; resolves with the exit codes by name. `SIGKILL`: all at once. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<Readonly<Record<string, number | null>>>;
};

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Ten processes share one server of a developer. */
const POOL_SIZE = '6';
const START_TRIES = 3;

/** Every service as a process of its own on servers that run already, all behind one URL. Resolves when all of them are ready. */
export async function startProcessStack(options: ProcessStackOptions): Promise<ProcessStack> {
  const directory = path.resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  makeKeys(directory);
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(options, directory);
    } catch (error) {
      // Ports that were free when they were chosen; others are choosing, too.
      if (tries === START_TRIES || !String(error).includes('EADDRINUSE')) throw error;
    }
  }
}

async function startOnce(options: ProcessStackOptions, directory: string): Promise<ProcessStack> {
  const processes = await planProcesses(options, directory);
  let isUp = false;
  const services = processes.map(({ service, name, port, env }) => {
    const main = path.join(ROOT, service === 'invoices' ? 'examples' : 'services', service, 'src/main.ts');
    const started = startNodeProcess({
      name,
      main,
      cwd: directory,
      url: `http://127.0.0.1:${port}`,
      env: { ...process.env, ...env, ...options.env },
      onLine: (line) => options.onLine?.(name, line),
      // Before that, the start as a whole fails.
      onDied: (how) => isUp && options.onDied?.(name, how),
    });
    return { ...started, service };
  });
  const edge = processes.find(({ service }) => service === 'edge');
  const stack: ProcessStack = {
    url: `http://127.0.0.1:${edge?.port}`,
    port: edge?.port ?? 0,
    services,
    of: (wanted) => services.filter(({ service }) => service === wanted),
    async ready() {
      await Promise.all(services.map((each) => each.ready()));
    },
    async stop(signal = 'SIGTERM') {
      const codes: Record<string, number | null> = {};
      const end = async (each: StackProcess): Promise<void> => {
        codes[each.name] = (await each.kill(signal)) ?? null;
      };
      if (signal === 'SIGKILL') await Promise.all(services.map(end));
      else for (const service of STACK_SERVICES) await Promise.all(stack.of(service).map(end));
      return codes;
    },
  };
  try {
    await stack.ready();
    isUp = true;
  } catch (error) {
    await stack.stop('SIGKILL');
    throw error;
  }
  return stack;
}

type PlannedProcess = {
  readonly service: StackService;
  readonly name: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
};

async function planProcesses(options: ProcessStackOptions, directory: string): Promise<readonly PlannedProcess[]> {
  const places: { service: StackService; name: string; port: number }[] = [];
  for (const service of STACK_SERVICES) {
    const count = options.scale?.[service] ?? 1;
    for (let number = 1; number <= count; number += 1) {
      const port = service === 'edge' && options.port !== undefined ? options.port : await freePort();
      places.push({ service, name: count === 1 ? service : `${service}-${number}`, port });
    }
  }
  const urlsOf = (service: StackService): string =>
    places
      .filter((place) => place.service === service)
      .map(({ port }) => `http://127.0.0.1:${port}`)
      .join(',') || 'none';
  const edgePort = places.find(({ service }) => service === 'edge')?.port ?? 0;
  const simulatorPort = await keptPort(path.join(directory, 'simulator-port'));
  const name = options.name ?? '';
  const ownOrigins = `http://localhost:${edgePort},http://127.0.0.1:${edgePort}`;
  const shared = {
    KAFKA_BROKERS: options.kafkaBrokers.join(','),
    KAFKA_TOPIC_PREFIX: name === '' ? '' : `${name}.`,
    KAFKA_REPLICATION_FACTOR: '1',
    KAFKA_MIN_INSYNC_REPLICAS: '1',
    POSTGRES_URL: options.postgresUrl,
    POSTGRES_SCHEMA: name === '' ? 'belfry' : name.replaceAll('-', '_'),
    POSTGRES_POOL_SIZE: POOL_SIZE,
    REDIS_URL: options.redisUrl ?? '',
    REDIS_CHANNEL_PREFIX: `${name === '' ? 'belfry' : name}:hint:`,
    BELFRY_KEYS: directory,
    BELFRY_HOST: '127.0.0.1',
    BELFRY_LOG_LEVEL: 'warn',
    BELFRY_SIMULATOR_URL: `https://127.0.0.1:${simulatorPort}`,
    BELFRY_SIMULATOR_PORT: String(simulatorPort),
    BELFRY_API_URL: `http://127.0.0.1:${edgePort}`,
    BELFRY_ALLOWED_ORIGINS: ownOrigins,
    BELFRY_EDGE_API: urlsOf('producer-api'),
    BELFRY_EDGE_REALTIME: urlsOf('realtime-gateway'),
    BELFRY_EDGE_CONSOLE: urlsOf('console'),
    BELFRY_EDGE_EXAMPLES: urlsOf('invoices'),
    BELFRY_EDGE_METRICS: places
      .filter(({ service }) => service !== 'edge' && service !== 'invoices')
      .map(({ port }) => `http://127.0.0.1:${port}`)
      .join(','),
    INVOICES: path.join(directory, 'invoices'),
  };
  return places.map((place) => ({ ...place, env: { ...shared, PORT: String(place.port) } }));
}

/** The endpoints of simulated devices name the port, so that it must be the same after a restart. */
async function keptPort(file: string): Promise<number> {
  if (existsSync(file)) return Number(readFileSync(file, 'utf8'));
  const port = await freePort();
  writeFileSync(file, `${port}\n`);
  return port;
}

function makeKeys(directory: string): void {
  const main = path.join(ROOT, 'services/keys/src/main.ts');
  const { status, stderr } = spawnSync(process.execPath, [main], {
    env: { ...process.env, BELFRY_KEYS: directory },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`keys were not made: ${stderr}`);
}
