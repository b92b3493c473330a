import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';

const FIXTURE = fileURLToPath(new URL('process-edge.fixture.ts', import.meta.url));
const PATIENCE = { timeout: 30_000 };

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(behaviour: string) {
  const child = spawn(process.execPath, [FIXTURE, behaviour], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const saw = (text: string) => vi.waitFor(() => expect(output).toContain(text), PATIENCE);
  return { child, ended, saw, output: () => output };
}

it.each(['SIGTERM', 'SIGINT'] as const)('stops in good order on %s', PATIENCE, async (signal) => {
  const { child, ended, saw, output } = start('obeys');
  await saw('started');
  child.kill(signal);
  expect(await ended).toBe(0);
  expect(output()).toBe('started\nstopped\n');
});

it('exits at once on the second signal', PATIENCE, async () => {
  const { child, ended, saw, output } = start('hangs');
  await saw('started');
  child.kill('SIGTERM');
  await saw('draining');
  // Again and again, as an impatient operator would: what comes within half a second counts as the same request.
  const impatient = setInterval(() => child.kill('SIGTERM'), 100);
  expect(await ended).toBe(1);
  clearInterval(impatient);
  expect(output()).not.toContain('stopped');
});

it('ends with 1 and says why when a rejection is left to nobody', PATIENCE, async () => {
  const { ended, saw } = start('rejects');
  await saw('nobody caught this');
  expect(await ended).toBe(1);
});
