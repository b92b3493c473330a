import { createContainerRun, findImage } from './container-run.ts';
import { onFreePort } from './free-port.ts';
import { climbRungs } from './launch-rung.ts';
import { findLocalPostgres, initPostgres } from './local-postgres.ts';
import type { Found } from './need.ts';
import { createProcessRun } from './process-run.ts';
import { type LaunchedServer, launchServer, type ServerRun } from './server-run.ts';
import { probeTcp } from './tcp-probe.ts';

export type PostgresServer = { readonly url: string };
export type LaunchedPostgres = PostgresServer & LaunchedServer & { readonly port: number };

export type PostgresOptions = {
  /** On top of ours: `{ log_min_duration_statement: '0' }`. */
  readonly settings?: Readonly<Record<string, string>>;
};

export type LaunchPostgres = (options?: PostgresOptions) => Promise<LaunchedPostgres>;

const DEFAULT_VERSION = '18';
/** Of a server that lives for one test run. */
const PASSWORD = 'belfry';
const SETTINGS = { max_connections: '300' };

/** How to start a PostgreSQL of one's own here: of this major version (default: 18 in Docker, as a process whichever is installed). */
export function findPostgresLauncher(version?: string): Promise<Found<LaunchPostgres>> {
  return climbRungs<LaunchPostgres>({
    async docker() {
      const image = `postgres:${version ?? DEFAULT_VERSION}`;
      const host = await findImage(image);
      if (!host.ok) return host;
      return launcher(host.value, `postgres:${PASSWORD}`, (port, settings) => {
        const environment = { POSTGRES_USER: 'postgres', POSTGRES_PASSWORD: PASSWORD };
        return createContainerRun({ image, ports: { [port]: 5432 }, environment, command: ['postgres', ...settings] });
      });
    },
    async process() {
      const local = findLocalPostgres(version);
      if (!local.ok) return local;
      const { bin, user } = local.value;
      return launcher('127.0.0.1', 'postgres', async (port, settings) => {
        const own = ['-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
        return createProcessRun({
          name: 'postgres',
          user,
          prepare: (folder) => initPostgres(local.value, `${folder}/data`),
          command: (folder) => [`${bin}/postgres`, '-D', `${folder}/data`, ...own, ...settings],
        });
      });
    },
  });
}

/** Rejects unless a PostgreSQL at this URL accepts connections: it asks for, or waives, a password. */
export function probePostgres(url: string): Promise<void> {
  const { hostname, port, username } = new URL(url);
  const names = `user\0${username || 'postgres'}\0database\0postgres\0\0`;
  const startup = Buffer.alloc(8 + Buffer.byteLength(names));
  startup.writeInt32BE(startup.length, 0);
  // Protocol 3.0 (PostgreSQL manual, "Message Formats", StartupMessage); the answer starts with R, or with E while the server starts up.
  startup.writeInt32BE(3 << 16, 4);
  startup.write(names, 8);
  return probeTcp(hostname, Number(port || 5432), startup, (answer) => answer.toString('latin1', 0, 1) === 'R');
}

function launcher(
  host: string,
  credentials: string,
  create: (port: number, settings: readonly string[]) => Promise<ServerRun>,
): Found<LaunchPostgres> {
  const launch: LaunchPostgres = ({ settings = {} } = {}) =>
    onFreePort(async (port) => {
      const url = `postgres://${credentials}@${host}:${port}/postgres`;
      const flags = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const server = await launchServer('postgres', await create(port, flags), () => probePostgres(url));
      return { ...server, url, port };
    });
  return { ok: true, value: launch };
}
