import { spawnSync } from 'node:child_process';
import { allowedRungs } from './launch-rung.ts';
import { type Found, findCommand } from './need.ts';

/** The `docker` command, where its daemon answers. For suites about images and compose files; servers have a ladder that need not use it. Of `BELFRY_LAUNCH` only `none` counts. */
export function findDocker(): Found<string> {
  if (allowedRungs().length === 0) return { ok: false, reason: 'BELFRY_LAUNCH=none starts nothing' };
  const docker = findCommand(['docker']);
  if (!docker.ok) return docker;
  const { status, stderr } = spawnSync(docker.value, ['info'], { encoding: 'utf8', timeout: 30_000 });
  if (status === 0) return docker;
  return { ok: false, reason: `docker does not answer: ${(stderr ?? '').trim().slice(0, 500)}` };
}
