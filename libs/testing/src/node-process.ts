import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { sweepLater } from './sweeper.ts';

export type NodeProcessOptions = {
  /** Appears in errors. */
  readonly name: string;
  /** Path of the program. */
  readonly main: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Base URL under which `/health/ready` answers. */
  readonly url: string;
  readonly onLine?: (line: string) => void;
  /** It has ended although nobody asked it to. */
  readonly onDied?: (how: string) => void;
};

export type NodeProcess = {
  readonly name: string;
  readonly url: string;
  /** Of the running one, or of the last. */
  pid(): number;
  isRunning(): boolean;
  /** Resolves when `/health/ready` answers 200; rejects with what it printed when it ends before or the time is up. */
  ready(timeoutMs?: number): Promise<void>;
  /** Sends the signal. `SIGKILL`, `SIGTERM` and `SIGINT` are waited for; resolves with the exit code then (null: ended by a signal). */
  kill(signal: NodeJS.Signals): Promise<number | null | undefined>;
  /** Starts it anew, with the same port and environment; what still runs is killed first. Not yet ready when it resolves. */
  restart(): Promise<void>;
};

const OUTPUT_LINES = 60;
const READY_WITHIN_MS = 120_000;
const ENDING: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT'];

/** A program of ours as a process that a test can watch, end and start again. It ends with the process that started it, however that goes. */
export function startNodeProcess(options: NodeProcessOptions): NodeProcess {
  const { name, main, env, url } = options;
  const lines: string[] = [];
  let asked = false;
  let child = start();

  function start(): ChildProcess {
    asked = false;
    // A group of its own: Ctrl-C is for whoever started it, who ends it in order.
    const started = spawn(process.execPath, [main], {
      env: { ...env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > OUTPUT_LINES) lines.shift();
        options.onLine?.(line);
      });
    }
    const keep = started.pid === undefined ? () => {} : sweepLater({ kind: 'process', pid: started.pid });
    started.once('exit', (code, signal) => {
      keep();
      if (!asked) options.onDied?.(signal ?? `exit code ${code}`);
    });
    return started;
  }

  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  const kill: NodeProcess['kill'] = async (signal) => {
    const isEnding = ENDING.includes(signal);
    if (!isRunning()) return child.exitCode;
    if (isEnding) asked = true;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    if (!isEnding) return undefined;
    return (await ended)[0];
  };

  return {
    name,
    url,
    pid: () => child.pid ?? 0,
    isRunning,
    kill,
    async ready(timeoutMs = READY_WITHIN_MS) {
      const endMs = performance.now() + timeoutMs;
      let reason = 'no answer';
      while (performance.now() < endMs) {
        if (!isRunning()) throw new Error(`${name} ended while starting; it printed:\n${lines.join('\n')}`);
        const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(
          () => undefined,
        );
        reason = (await answer?.text()) ?? reason;
        if (answer?.ok) return;
        await sleep(50);
      }
      throw new Error(`${name} is not ready after ${timeoutMs} ms (${reason}); it printed:\n${lines.join('\n')}`);
    },
    async restart() {
      await kill('SIGKILL');
      child = start();
    },
  };
}
