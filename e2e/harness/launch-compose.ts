import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@belfry/testing/free-port';
import { type Belfry, type LaunchOptions, TEST_JWT_SECRET, TEST_KEY } from './belfry.ts';
import { type ComposeProject, createComposeProject, lines, runDocker } from './compose-project.ts';
import { HOST_OF_TEST } from './providers.ts';
import { waitUntil } from './wait-until.ts';

export type BelfryContainers = Belfry & { readonly project: ComposeProject };

/** Kafka, PostgreSQL and eleven processes, on two cores that do other things as well. */
const READY_WITHIN_MS = 240_000;
/** Their image has the simulator's authority there. */
const AUTHORITY = '/app/libs/provider-simulator/certificates/authority.pem';
const SENDING = ['webpush-worker', 'fcm-worker'];
const SERVICES = ['producer-api', 'router', 'realtime-gateway', 'scheduler', 'console', 'invoices', 'edge', ...SENDING];

/**
 * The stack of docker-compose.yml, unchanged but for settings, as a project of its own. `end` keeps its volumes for the next launch with the same data folder, which
 * holds the project's name and what a user would ask the stack for: the API key and the port of the simulator. `stop` removes everything.
 */
export async function launchCompose(options: LaunchOptions): Promise<BelfryContainers> {
  const port = options.port ?? (await freePort());
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'belfry-e2e-'));
  mkdirSync(dataDirectory, { recursive: true });
  const overrideFile = join(dataDirectory, 'compose-override.json');
  writeFileSync(overrideFile, JSON.stringify(overrideOf(options.env ?? {})));
  const project = createComposeProject({
    name: keptName(join(dataDirectory, 'stack-name')),
    overrideFile,
    env: { BELFRY_PORT: String(port) },
  });
  const url = `http://127.0.0.1:${port}`;
  const output = (): string =>
    execFileSync('docker', ['compose', '-p', project.name, 'logs', '--no-color'], { encoding: 'utf8' });
  const startedMs = performance.now();
  try {
    await project.up();
    await waitUntil(async () => (await fetch(`${url}/health/ready`)).ok, {
      timeoutMs: READY_WITHIN_MS,
      everyMs: 100,
      what: 'the stack ready',
    });
  } catch (error) {
    const printed = output();
    await project.down({ removeVolumes: true });
    throw new Error(`${String(error)}\n${printed}`);
  }
  const readyAfterMs = performance.now() - startedMs;
  await keepWhatUsersAskFor(project, dataDirectory);

  let ended: Promise<number | null> | undefined;
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    ended ??= endAll(project, signal);
    return ended;
  };
  return {
    url,
    port,
    pid: 0,
    project,
    dataDirectory,
    readyAfterMs,
    output,
    end,
    stop: async () => {
      await project.down({ removeVolumes: true });
      if (options.dataDirectory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** The settings of a test for every service, and the way from the containers to the push services in the test's own process. */
function overrideOf(env: Readonly<Record<string, string>>): unknown {
  const environment = { BELFRY_API_KEY: TEST_KEY, BELFRY_JWT_SECRET: TEST_JWT_SECRET, ...env };
  const settings = (service: string) =>
    SENDING.includes(service)
      ? {
          environment: { ...environment, NODE_EXTRA_CA_CERTS: AUTHORITY },
          extra_hosts: [`${HOST_OF_TEST}:host-gateway`],
        }
      : { environment: { ...environment, NODE_EXTRA_CA_CERTS: '' } };
  return { services: Object.fromEntries(SERVICES.map((service) => [service, settings(service)])) };
}

async function keepWhatUsersAskFor(project: ComposeProject, dataDirectory: string): Promise<void> {
  const key = await project.run(['exec', '-T', 'producer-api', 'cat', '/keys/api-key']);
  writeFileSync(join(dataDirectory, 'api-key'), key, { mode: 0o600 });
  const address = await project.run(['port', 'provider-simulator', '8443']);
  writeFileSync(join(dataDirectory, 'simulator-port'), `${address.trim().split(':').at(-1)}\n`);
}

/** The worst exit code of the services, null when one was killed; the containers are removed, their volumes are not. */
async function endAll(project: ComposeProject, signal: NodeJS.Signals): Promise<number | null> {
  if (signal === 'SIGKILL') await project.run(['kill']);
  else await project.run(['stop', ...SERVICES]);
  const ids = (await Promise.all(SERVICES.map((service) => project.containers(service)))).flat();
  const codes = lines(await runDocker(['inspect', '-f', '{{.State.ExitCode}}', ...ids])).map(Number);
  await project.down();
  const worst = Math.max(...codes);
  return worst > 128 ? null : worst;
}

function keptName(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `belfry-e2e-${randomUUID().slice(0, 8)}`);
  return readFileSync(file, 'utf8');
}
