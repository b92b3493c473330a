import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@belfry/testing/free-port';

export type ServiceRun = {
  readonly lines: readonly string[];
  /** Of `/health/ready`; undefined while nobody listens. */
  ready(): Promise<{ readonly status: number; readonly text: string } | undefined>;
  isLive(): Promise<boolean>;
  kill(signal: NodeJS.Signals): void;
  readonly exitCode: Promise<number | null>;
};

const MAIN = join(import.meta.dirname, 'service.fixture.ts');

/** The fixture service in a process of its own. */
export async function runService(args: readonly string[], env: Readonly<Record<string, string>>): Promise<ServiceRun> {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH ?? '', POSTGRES_URL: 'postgres://127.0.0.1:1/none', PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const url = `http://127.0.0.1:${port}`;
  return {
    lines,
    ready: () =>
      fetch(`${url}/health/ready`)
        .then(async (response) => ({ status: response.status, text: await response.text() }))
        .catch(() => undefined),
    isLive: async () => (await fetch(`${url}/health/live`)).ok,
    kill: (signal) => void child.kill(signal),
    exitCode: once(child, 'close').then(([code]) => code as number | null),
  };
}
