// Started by sweeper.ts. Reads what is there to sweep from standard input, and sweeps it when that ends.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { removeContainer } from './container-run.ts';
import { signalTree } from './process-tree.ts';
import { removeComposeProject } from './remove-compose-project.ts';
import type { Leftover, SweeperLine } from './sweeper.ts';

const leftovers = new Map<number, Leftover>();
for await (const line of createInterface({ input: process.stdin })) {
  const { key, leftover } = JSON.parse(line) as SweeperLine;
  if (leftover === null) leftovers.delete(key);
  else leftovers.set(key, leftover);
}

const all = [...leftovers.values()];
for (const leftover of all) if (leftover.kind === 'process') signalTree(leftover.pid, 'SIGKILL');
for (const leftover of all) if (leftover.kind === 'container') await removeContainer(leftover.id).catch(() => {});
for (const leftover of all) {
  if (leftover.kind === 'compose-project') await removeComposeProject(leftover.name).catch(() => {});
}
// Last: what has just been killed may have been writing there.
for (const leftover of all) {
  if (leftover.kind === 'folder')
    rmSync(leftover.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
