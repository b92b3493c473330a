import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Api, createApi } from './api.ts';
import { launchStandalone } from './launch-standalone.ts';
import { type MedianAndMax, medianAndMax } from './median-and-max.ts';
import { runChild } from './run-child.ts';

export type BacklogRunOptions = {
  /** Accepted and not routed, at least, when the process is started for the first time. */
  readonly jobs: number;
  /** Times that it is started, and killed as soon as it is ready. */
  readonly starts: number;
};

export type BacklogRunReport = {
  readonly fillSeconds: number;
  readonly starts: number;
  /** What the router had before it, a moment after it was ready for the first and the last time. */
  readonly backlog: { readonly first: number; readonly last: number };
  /** From starting the process to `/health/ready`. */
  readonly readyMs: MedianAndMax;
};

const E2E = fileURLToPath(new URL('..', import.meta.url));
const FILL = join(E2E, '../services/standalone/src/fill-backlog.fixture.ts');
const LAG = /^belfry_log_lag_records\{group="router"[^}]*\} (\d+)$/gm;

/** Starts the product, all of it in one process, on what a process left that was killed with that many jobs before it. */
export async function runBacklog({ jobs, starts }: BacklogRunOptions): Promise<BacklogRunReport> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'belfry-backlog-'));
  try {
    const startedMs = performance.now();
    const { code } = await runChild([FILL, dataDirectory, String(jobs)], { cwd: E2E });
    if (code !== null) throw new Error(`the folder was not filled: ${code}`);
    const fillSeconds = Math.round((performance.now() - startedMs) / 1_000);
    const backlog: number[] = [];
    const readyMs: number[] = [];
    for (let start = 0; start < starts; start++) {
      const belfry = await launchStandalone({ dataDirectory });
      readyMs.push(belfry.readyAfterMs);
      backlog.push(await readBacklog(createApi(belfry.url)));
      await belfry.end('SIGKILL');
    }
    return {
      fillSeconds,
      starts: readyMs.length,
      backlog: { first: backlog[0] ?? 0, last: backlog.at(-1) ?? 0 },
      readyMs: medianAndMax(readyMs),
    };
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** What the report says about promises that were not kept; empty when all were. */
export function brokenByBacklog(
  { backlog, readyMs }: BacklogRunReport,
  { jobs }: BacklogRunOptions,
  limitMs: number,
): string[] {
  const broken: string[] = [];
  // What each life of the process routes is gone for the next.
  if (backlog.first < 0.9 * jobs) broken.push(`only ${backlog.first} of ${jobs} jobs were left at the first start`);
  if (readyMs.max > limitMs) broken.push(`ready only ${readyMs.max} ms after a start`);
  return broken;
}

async function readBacklog(api: Api): Promise<number> {
  const lags = [...(await api.getText('/metrics')).matchAll(LAG)];
  return lags.reduce((sum, [, records]) => sum + Number(records), 0);
}
