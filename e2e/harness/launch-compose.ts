import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@belfry/testing/free-port';
import { type Belfry, type LaunchOptions, TEST_JWT_SECRET, TEST_KEY } from './belfry.ts';
import { COMPOSE_SERVICES, composeOverride } from './compose-override.ts';
import { type ComposeProject, createComposeProject, lines, runDocker } from './compose-project.ts';
import { waitUntil } from './wait-until.ts';

/** Kafka, PostgreSQL and eleven processes, on two cores that do other things as well. */
const READY_WITHIN_MS = 240_000;

/**
 * The stack of docker-compose.yml, unchanged but for settings, as a project of its own. `end` keeps its volumes for the next launch with the same data folder, which
 * holds the project's name. `stop` removes everything.
 */
export async function launchCompose(options: LaunchOptions): Promise<Belfry> {
  const port = options.port ?? (await freePort());
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'belfry-e2e-'));
  mkdirSync(dataDirectory, { recursive: true });
  const overrideFile = join(dataDirectory, 'compose-override.json');
  const settings = { BELFRY_API_KEY: TEST_KEY, BELFRY_JWT_SECRET: TEST_JWT_SECRET, ...options.env };
  writeFileSync(overrideFile, composeOverride(settings));
  const project = createComposeProject({
    name: keptName(join(dataDirectory, 'stack-name')),
    overrideFile,
    env: { BELFRY_PORT: String(port), BELFRY_KAFKA_PORT: String(await freePort()) },
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
    await project.remove();
    throw new Error(`${String(error)}\n${printed}`);
  }
  const readyAfterMs = performance.now() - startedMs;

  let ended: Promise<number | null> | undefined;
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    ended ??= endAll(project, signal);
    return ended;
  };
  return {
    url,
    port,
    pid: 0,
    dataDirectory,
    readyAfterMs,
    output,
    end,
    stop: async () => {
      await project.remove();
      if (options.dataDirectory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** The worst exit code of the services, null when one was killed; the containers are removed, their volumes are not. */
async function endAll(project: ComposeProject, signal: NodeJS.Signals): Promise<number | null> {
  if (signal === 'SIGKILL') await project.run(['kill']);
  else await project.run(['stop', ...COMPOSE_SERVICES]);
  const ids = (await Promise.all(COMPOSE_SERVICES.map((service) => project.containers(service)))).flat();
  const codes = lines(await runDocker(['inspect', '-f', '{{.State.ExitCode}}', ...ids])).map(Number);
  await project.down();
  const worst = Math.max(...codes);
  return worst > 128 ? null : worst;
}

function keptName(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `belfry-e2e-${randomUUID().slice(0, 8)}`);
  return readFileSync(file, 'utf8');
}
