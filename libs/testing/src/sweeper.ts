import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

/** What a process leaves behind when it is killed: processes, containers, projects of docker compose and folders that it made. */
export type Leftover =
  | { readonly kind: 'process'; readonly pid: number }
  | { readonly kind: 'container'; readonly id: string }
  | { readonly kind: 'compose-project'; readonly name: string }
  | { readonly kind: 'folder'; readonly path: string };

/** A line to the sweeper process. */
export type SweeperLine = { readonly key: number; readonly leftover: Leftover | null };

let sweeper: ChildProcess | undefined;
let lastKey = 0;

/**
 * Has this ended or removed when this process is gone, however it went: a process of its own waits for the end of a pipe, which even `kill -9` brings.
 * Call what is returned once there is nothing left to do.
 */
export function sweepLater(leftover: Leftover): () => void {
  lastKey += 1;
  const key = lastKey;
  tell({ key, leftover });
  return () => tell({ key, leftover: null });
}

function tell(line: SweeperLine): void {
  sweeper ??= startSweeper();
  sweeper.stdin?.write(`${JSON.stringify(line)}\n`);
}

function startSweeper(): ChildProcess {
  const script = path.join(import.meta.dirname, 'sweeper-process.ts');
  // A group of its own: Ctrl-C must end the tests and not the sweeper.
  const child = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  const stdin = child.stdin as unknown as { unref?: () => void } | null;
  stdin?.unref?.();
  return child;
}
