import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import type { Found } from './need.ts';
import { isAlive, takesFile } from './pid-lock.ts';

export type SharedKind = 'kafka' | 'postgres' | 'redis';

/** Longer than the downloads and the start of a server may take together. */
const READY_MS = 900_000;
const LOOK_MS = 100;

/**
 * The one server of this kind that all test files of a run share. The first to ask starts a keeper process, which starts the server, leaves its address or
 * the reason why there is none in a file, and ends it when the run has ended.
 */
export async function findShared<T>(kind: SharedKind): Promise<Found<T>> {
  const run = currentRun();
  const folder = path.join(os.tmpdir(), `belfry-run-${run}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = sharedFiles(folder, kind);
  if (takesFile(files.keeper, '')) startKeeper(kind, run, folder);
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const keeper = readFileSync(files.keeper, 'utf8');
    // Looked at before the answer: it may have answered and ended in between.
    const isGone = keeper !== '' && !isAlive(Number(keeper));
    if (existsSync(files.answer)) return JSON.parse(readFileSync(files.answer, 'utf8')) as Found<T>;
    if (isGone || performance.now() > deadline) {
      const how = isGone ? 'ended without an answer' : `gave no answer within ${READY_MS} ms`;
      throw new Error(`the keeper of ${kind} ${how}; it printed:\n${readFileSync(files.log, 'utf8')}`);
    }
    await sleep(LOOK_MS);
  }
}

/** What is in the folder of a run about one server. */
export function sharedFiles(folder: string, kind: SharedKind) {
  return {
    /** The keeper's process id. */
    keeper: path.join(folder, `${kind}.pid`),
    /** A `Found`, once the server answers or cannot. */
    answer: path.join(folder, `${kind}.json`),
    log: path.join(folder, `${kind}.log`),
  };
}

/** The process whose end is the end of the run: what started all tests, or this test runner, whose child this is. */
function currentRun(): number {
  const given = Number(process.env.BELFRY_TEST_RUN);
  if (Number.isSafeInteger(given) && given > 0) return given;
  return process.env.VITEST && isMainThread ? process.ppid : process.pid;
}

function startKeeper(kind: SharedKind, run: number, folder: string): void {
  const script = path.join(import.meta.dirname, 'shared-server-keeper.ts');
  const files = sharedFiles(folder, kind);
  const log = openSync(files.log, 'a');
  const stdio = ['ignore', log, log] as const;
  // Not of the runner's group: Ctrl-C must let it end the server first.
  const keeper = spawn(process.execPath, [script, kind, `${run}`, folder], { detached: true, stdio: [...stdio] });
  closeSync(log);
  writeFileSync(files.keeper, `${keeper.pid}`);
  keeper.unref();
}
