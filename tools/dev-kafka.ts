// Usage: npm run dev:kafka [-- --port 8080] [-- --scale webpush-worker=3 …]. Every service as a process of its own, on Kafka, PostgreSQL and Redis. Each of the three is the first that
// works of: the address in the environment (KAFKA_BROKERS, POSTGRES_URL, REDIS_URL), Docker, a local process; one that was started here is gone with its data at the end.
import { parseArgs, styleText } from 'node:util';
import { findKafkaLauncher, probeKafka } from '../libs/testing/src/launch-kafka.ts';
import { findPostgresLauncher, probePostgres } from '../libs/testing/src/launch-postgres.ts';
import { findRedisLauncher, probeRedis } from '../libs/testing/src/launch-redis.ts';
import type { Found } from '../libs/testing/src/need.ts';
import { STACK_SERVICES, type StackService, startProcessStack } from '../libs/testing/src/process-stack.ts';
import type { LaunchedServer } from '../libs/testing/src/server-run.ts';
import { readStackSettings } from './stack-settings.ts';

const COLOURS = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'red', 'gray'] as const;
const NAME_WIDTH = 20;
/** One Ctrl-C under npm arrives twice. */
const SAME_REQUEST_MS = 500;

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8080' }, scale: { type: 'string', multiple: true, default: [] } },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`--port must be 1 to 65535, not ${values.port}`);
const scale = Object.fromEntries(values.scale.map(parseScale));

const given = readStackSettings(process.env);

const launched: LaunchedServer[] = [];
let stack: Awaited<ReturnType<typeof startProcessStack>> | undefined;
let stoppingSinceMs: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0));

try {
  const kafkaBrokers = given.kafkaBrokers ?? (await launch('Kafka', await findKafkaLauncher())).brokers;
  await probeKafka(kafkaBrokers);
  const postgresUrl = given.postgresUrl ?? (await launch('PostgreSQL', await findPostgresLauncher())).url;
  await probePostgres(postgresUrl);
  const redisUrl = given.redisUrl ?? (await launchRedis());
  if (redisUrl !== undefined) await probeRedis(redisUrl);
  const directory = process.env.BELFRY_DATA || 'data';
  say('belfry', 'starting the services');
  stack = await startProcessStack({
    directory,
    kafkaBrokers,
    postgresUrl,
    redisUrl,
    port,
    scale,
    env: given.env,
    onLine: (name, line) => say(name, readable(line)),
    onDied: (name, how) => {
      say(name, `has ended: ${how}. Stopping everything.`);
      void stop(1);
    },
  });
  const url = `http://localhost:${stack.port}`;
  process.stdout.write(
    [
      'Belfry is up.',
      `  console   ${url}`,
      `  API       ${url}/v1   documents ${url}/docs`,
      `  API key   ${directory}/api-key`,
      `  Kafka     ${kafkaBrokers.join(', ')}`,
      `  store     ${postgresUrl.replace(/:[^:@/]*@/, ':…@')}`,
      `  hints     ${redisUrl === undefined ? 'over Kafka' : 'over Redis'}`,
      '',
    ].join('\n'),
  );
} catch (error) {
  if (stoppingSinceMs === undefined) {
    say('belfry', error instanceof Error ? error.message : String(error));
    await stop(1);
  }
}

async function launch<Server extends LaunchedServer>(
  what: string,
  found: Found<() => Promise<Server>>,
): Promise<Server> {
  if (!found.ok) throw new Error(`there is no ${what}: ${found.reason}`);
  say('belfry', `starting ${what}`);
  const server = await found.value();
  launched.push(server);
  return server;
}

/** Hints can go over Kafka, so nothing is missing without it. */
async function launchRedis(): Promise<string | undefined> {
  const found = await findRedisLauncher();
  return found.ok ? (await launch('Redis', found)).url : undefined;
}

async function stop(code: number): Promise<void> {
  if (stoppingSinceMs !== undefined) {
    if (performance.now() - stoppingSinceMs > SAME_REQUEST_MS) process.exit(1);
    return;
  }
  stoppingSinceMs = performance.now();
  say('belfry', 'stopping');
  await stack?.stop();
  await Promise.all(launched.map((server) => server.stop()));
  process.exit(code);
}

function parseScale(text: string): [StackService, number] {
  const [, name, count] = /^([a-z-]+)=(\d{1,2})$/.exec(text) ?? [];
  const service = STACK_SERVICES.find((known) => known === name);
  if (service === undefined) fail(`--scale must be one of ${STACK_SERVICES.join(', ')} with =number, not ${text}`);
  return [service, Number(count)];
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function say(name: string, line: string): void {
  const colour = COLOURS[STACK_SERVICES.findIndex((service) => name.startsWith(service)) % COLOURS.length] ?? 'bold';
  process.stdout.write(`${styleText(colour, `${name.padEnd(NAME_WIDTH)}|`)} ${line}\n`);
}

/** A line of pino's without what the prefix says already. */
function readable(line: string): string {
  try {
    const { level, time: _time, name: _name, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
    return `${String(level)} ${String(msg)} ${Object.keys(facts).length === 0 ? '' : JSON.stringify(facts)}`.trim();
  } catch {
    return line;
  }
}
