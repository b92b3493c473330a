import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@belfry/testing/free-port';
import { type Belfry, type LaunchOptions, TEST_JWT_SECRET, TEST_KEY } from './belfry.ts';
import { waitUntil } from './wait-until.ts';

const MAIN = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 60_000;

/** Starts the product as a user would, all of it in one process, and waits until it is ready. */
export async function launchStandalone(options: LaunchOptions): Promise<Belfry> {
  const port = options.port ?? (await freePort());
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'belfry-e2e-'));
  const url = `http://127.0.0.1:${port}`;
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      PORT: String(port),
      BELFRY_DATA: dataDirectory,
      BELFRY_API_KEY: TEST_KEY,
      BELFRY_JWT_SECRET: TEST_JWT_SECRET,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

  await waitUntil(
    async () => {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
      return (await fetch(`${url}/health/ready`)).ok;
    },
    { timeoutMs: READY_WITHIN_MS, everyMs: 10, what: `Belfry ready (it printed: ${output})` },
  ).catch((error) => {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}\n${output}`);
  });
  const readyAfterMs = performance.now() - startedMs;

  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    if (isRunning(child)) child.kill(signal);
    return ended;
  };
  return {
    url,
    port,
    pid: child.pid ?? 0,
    dataDirectory,
    readyAfterMs,
    output: () => output,
    end,
    stop: async () => {
      await end('SIGTERM');
      if (options.dataDirectory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
