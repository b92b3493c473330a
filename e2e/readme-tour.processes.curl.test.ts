import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeNeeding, findCommand } from '@belfry/testing/need';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Belfry, launchBelfry } from './harness/launch-belfry.ts';
import { openShell, type Shell } from './harness/shell.ts';
import { readTour, walk } from './harness/tour.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_URL = 'http://localhost:8080';
/** For one command: the retry of the tour takes 6 s, the rest is a busy machine. */
const COMMAND_TIMEOUT_MS = 60_000;
const PARTS = [
  '/events',
  '/inbox',
  '/devices',
  '/dead-letters',
  '/redrive',
  'DELETE',
  'Idempotency-Key',
  '/batch',
  '/metrics',
];

const bash = findCommand(['bash']);
const tools = bash.ok ? findCommand(['curl']) : bash;

describeNeeding('curl', tools, 'the tour of the README', () => {
  const steps = readTour(readFileSync(join(ROOT, 'README.md'), 'utf8'), 'A tour in five minutes');
  let folder: string;
  let belfry: Belfry;
  let shell: Shell;

  beforeAll(async () => {
    // The folder stands for the checkout in which a reader types: the `data` of a first start, and the certificate from `libs`.
    folder = mkdtempSync(join(tmpdir(), 'belfry-tour-'));
    symlinkSync(join(ROOT, 'libs'), join(folder, 'libs'));
    belfry = await launchBelfry({
      dataDirectory: join(folder, 'data'),
      // Empty counts as not set: keys are made as on a first start.
      env: { BELFRY_API_KEY: '', BELFRY_JWT_SECRET: '' },
    });
    shell = openShell({ cwd: folder, timeoutMs: COMMAND_TIMEOUT_MS });
  });

  afterAll(async () => {
    shell?.close();
    await belfry?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes through all that Belfry does for a notification', () => {
    const text = steps.map(({ command }) => command).join('\n');
    for (const part of PARTS) expect(text).toContain(part);
    expect(text.split(DEFAULT_URL)).toHaveLength(2);
  });

  // One test per command, since each needs those before it. Only the port is another one.
  it.each(steps.map((step) => [step.command.split('\n')[0], step] as const))(
    '%s',
    async (_title, { command, expected }) => {
      await walk(shell, { command: command.replace(DEFAULT_URL, `http://localhost:${belfry.port}`), expected });
    },
    COMMAND_TIMEOUT_MS + 15_000,
  );
});
