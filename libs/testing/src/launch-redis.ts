import { createContainerRun, findImage } from './container-run.ts';
import { onFreePort } from './free-port.ts';
import { climbRungs } from './launch-rung.ts';
import { type Found, findCommand } from './need.ts';
import { createProcessRun } from './process-run.ts';
import { type LaunchedServer, launchServer, type ServerRun } from './server-run.ts';
import { probeTcp } from './tcp-probe.ts';

export type RedisServer = { readonly url: string };
export type LaunchedRedis = RedisServer & LaunchedServer & { readonly port: number };

export type RedisOptions = {
  /** On top of ours, as on the command line of `redis-server`: `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
};

export type LaunchRedis = (options?: RedisOptions) => Promise<LaunchedRedis>;

const IMAGE = 'redis:7';
/** What was answered must be there after a crash. */
const DURABLE = ['--appendonly', 'yes', '--save', ''];

/** How to start a Redis of one's own here. */
export function findRedisLauncher(): Promise<Found<LaunchRedis>> {
  return climbRungs<LaunchRedis>({
    async docker() {
      const host = await findImage(IMAGE);
      if (!host.ok) return host;
      return launcher(host.value, (port, { args = [] }) => {
        const command = ['redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no', ...DURABLE, ...args];
        return createContainerRun({ image: IMAGE, ports: { [port]: 6379 }, command });
      });
    },
    async process() {
      const server = findCommand(['redis-server']);
      if (!server.ok) return server;
      return launcher('127.0.0.1', async (port, { args = [] }) => {
        const own = ['--bind', '127.0.0.1', '--port', `${port}`, ...DURABLE, ...args];
        return createProcessRun({ name: 'redis', command: (folder) => [server.value, '--dir', folder, ...own] });
      });
    },
  });
}

/** Rejects unless a Redis at this URL answers a ping. */
export function probeRedis(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return probeTcp(hostname, Number(port || 6379), Buffer.from('PING\r\n'), (answer) =>
    // A password that is missing is an answer too.
    /^\+PONG|^-NOAUTH/.test(answer.toString('latin1')),
  );
}

function launcher(
  host: string,
  create: (port: number, options: RedisOptions) => Promise<ServerRun>,
): Found<LaunchRedis> {
  const launch: LaunchRedis = (options = {}) =>
    onFreePort(async (port) => {
      const url = `redis://${host}:${port}`;
      const server = await launchServer('redis', await create(port, options), () => probeRedis(url));
      return { ...server, url, port };
    });
  return { ok: true, value: launch };
}
