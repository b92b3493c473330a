import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BENCH_API_KEY, BENCH_HEADERS, BENCH_RATE_LIMIT } from './bench-api-key.ts';
import { metricSum } from './metric-sum.ts';

const MAIN = path.join(import.meta.dirname, '../services/standalone/src/main.ts');
const READY_WITHIN_MS = 30_000;

export type StandaloneProcess = {
  readonly url: string;
  /** What every request to the API carries. */
  readonly headers: Readonly<Record<string, string>>;
  /** The sum of a metric's series whose labels contain `labels`; 0 when there are none. */
  metric(name: string, labels?: string): Promise<number>;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
};

/** Belfry as `npm start` runs it, but for the rate limit, in a process of its own with its data in a new folder under `directory`. */
export async function startStandalone(directory: string): Promise<StandaloneProcess> {
  const data = mkdtempSync(path.join(directory, 'belfry-bench-'));
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      PORT: '0',
      BELFRY_DATA: data,
      BELFRY_API_KEY: BENCH_API_KEY,
      ...BENCH_RATE_LIMIT,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Standard output is for the report alone.
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  // Also when the bench is ended by a signal or by a failure that nobody caught.
  process.once('exit', () => {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  };

  const startedMs = performance.now();
  let url: string | undefined;
  while (url === undefined || !(await isReady(url))) {
    if (child.exitCode !== null || performance.now() - startedMs > READY_WITHIN_MS) {
      await stop();
      throw new Error(`Belfry did not become ready; it printed: ${output}`);
    }
    await pause(20);
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
  }
  const address = url;
  return {
    url: address,
    headers: BENCH_HEADERS,
    metric: (name, labels) => metricSum(address, name, labels),
    stop,
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false;
  }
}
