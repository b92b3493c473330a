import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { waitUntil } from './wait-until.ts';

export const TEST_KEY = 'bk_e2e_0123456789abcdefghijklmnopqrstuvwxyz';
export const TEST_JWT_SECRET = 'a secret for tests that is long enough for HS256';

export type LaunchOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Kept over launches when given; otherwise a new folder that `stop` removes. */
  readonly dataDirectory?: string;
  readonly port?: number;
};

export type Belfry = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  /** From starting the process to `/health/ready`, in milliseconds. */
  readonly readyAfterMs: number;
  /** All it has printed so far. */
  output(): string;
  /** Sends the signal and waits for the end of the process; resolves with its exit code (null when a signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** SIGTERM, and the data folder removed where it was made here. */
  stop(): Promise<void>;
};

const MAIN = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 60_000;

/** Starts the product as a user would, in a process of its own, and waits until it is ready. */
export async function launchBelfry(options: LaunchOptions = {}): Promise<Belfry> {
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
