import { setTimeout as sleep } from 'node:timers/promises';
import type { Rung } from './launch-rung.ts';

export type EndSignal = 'SIGKILL' | 'SIGTERM';

/** One server as its rung knows it: a process or a container, with data that outlive it until `remove`. */
export type ServerRun = {
  readonly rung: Rung;
  begin(): Promise<void>;
  isRunning(): Promise<boolean>;
  /** Resolves when it has ended. */
  kill(signal: EndSignal): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it at once and removes its data. */
  remove(): Promise<void>;
  /** The last lines that it printed. */
  output(): Promise<string>;
};

/** A server of its own for a suite that breaks it. Its port and its data stay the same until `stop`. */
export type LaunchedServer = {
  readonly rung: Rung;
  /** Ends it as a crash does (`SIGKILL`, the default) or in good order (`SIGTERM`); resolves when it has ended. */
  kill(signal?: EndSignal): Promise<void>;
  /** Starts it again after `kill`; resolves when it answers. */
  start(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it and removes its data. The end of the test process does the same, however it comes. */
  stop(): Promise<void>;
  /** The last lines that it printed. */
  output(): Promise<string>;
};

const STARTUP_MS = 60_000;
const PROBE_PAUSE_MS = 100;

/** Starts the server and waits until the probe succeeds; an error carries what the server printed. `probe` rejects while there is no answer. */
export async function launchServer(name: string, run: ServerRun, probe: () => Promise<void>): Promise<LaunchedServer> {
  const start = async () => {
    await run.begin();
    await untilReady(name, run, probe);
  };
  try {
    await start();
  } catch (error) {
    await run.remove();
    throw error;
  }
  return {
    rung: run.rung,
    kill: (signal = 'SIGKILL') => run.kill(signal),
    start,
    pause: () => run.pause(),
    resume: () => run.resume(),
    stop: () => run.remove(),
    output: () => run.output(),
  };
}

async function untilReady(name: string, run: ServerRun, probe: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + STARTUP_MS;
  for (;;) {
    const failure = await probe().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (failure === undefined) return;
    const ended = !(await run.isRunning());
    if (ended || performance.now() > deadline) {
      const how = ended ? 'ended while starting' : `did not answer within ${STARTUP_MS} ms (${failure})`;
      throw new Error(`${name} ${how}; it printed:\n${await run.output()}`);
    }
    await sleep(PROBE_PAUSE_MS);
  }
}
