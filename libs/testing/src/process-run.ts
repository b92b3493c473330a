import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { signalTree } from './process-tree.ts';
import type { ServerRun } from './server-run.ts';
import { sweepLater } from './sweeper.ts';

export type SystemUser = { readonly uid: number; readonly gid: number };

export type ProcessRunOptions = {
  readonly name: string;
  /** Runs before the first start, in the server's own folder: makes its files. */
  readonly prepare?: (folder: string) => Promise<void> | void;
  readonly command: (folder: string) => readonly [file: string, ...args: string[]];
  /** Default: whoever runs the tests. */
  readonly user?: SystemUser | undefined;
};

const OUTPUT_LINES = 40;

/** A server as a child process, with a temporary folder for its data. */
export function createProcessRun({ name, prepare, command, user }: ProcessRunOptions): ServerRun {
  const folder = mkdtempSync(path.join(os.tmpdir(), `belfry-${name}-`));
  const keepFolder = sweepLater({ kind: 'folder', path: folder });
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const logFile = path.join(folder, 'output.log');
  let prepared = false;
  let child: ChildProcess | undefined;
  const isRunning = () => child?.pid !== undefined && child.exitCode === null && child.signalCode === null;

  const run: ServerRun = {
    rung: 'process',
    async begin() {
      if (isRunning()) throw new Error(`${name} is running already`);
      if (!prepared) await prepare?.(folder);
      prepared = true;
      const [file, ...args] = command(folder);
      const log = openSync(logFile, 'a');
      const spawned = spawn(file, args, { ...user, cwd: folder, detached: true, stdio: ['ignore', log, log] });
      closeSync(log);
      child = spawned;
      const { pid } = spawned;
      if (pid === undefined) throw new Error(`${file} does not start: ${await once(spawned, 'error').then(String)}`);
      const keep = sweepLater({ kind: 'process', pid });
      spawned.once('exit', keep);
      // The test process may end without waiting for it; the sweeper then ends it.
      spawned.unref();
    },
    isRunning: async () => isRunning(),
    async kill(signal) {
      if (child?.pid === undefined || !isRunning()) return;
      const ended = once(child, 'exit');
      // Now there is somebody who waits for it.
      child.ref();
      // A crash takes all of it; a polite end is the server's own affair.
      if (signal === 'SIGKILL') signalTree(child.pid, signal);
      else child.kill(signal);
      await ended;
    },
    pause: async () => signalRunning('SIGSTOP'),
    resume: async () => signalRunning('SIGCONT'),
    async remove() {
      await run.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      keepFolder();
    },
    async output() {
      if (!existsSync(logFile)) return '(nothing)';
      return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-OUTPUT_LINES).join('\n');
    },
  };
  return run;

  function signalRunning(signal: NodeJS.Signals): void {
    if (child?.pid === undefined || !isRunning()) throw new Error(`${name} is not running`);
    signalTree(child.pid, signal);
  }
}
