import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { climbRungs, type RungFinders } from './launch-rung.ts';

const both: RungFinders<string> = {
  docker: async () => ({ ok: true, value: 'a container' }),
  process: async () => ({ ok: true, value: 'a process' }),
};
const noDocker: RungFinders<string> = { ...both, docker: async () => ({ ok: false, reason: 'no daemon' }) };
const nothing: RungFinders<string> = { ...noDocker, process: async () => ({ ok: false, reason: 'no java' }) };

describe('the ladder', () => {
  beforeEach(() => void vi.stubEnv('BELFRY_LAUNCH', ''));
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['', both, { ok: true, value: 'a container' }],
    ['', noDocker, { ok: true, value: 'a process' }],
    ['', nothing, { ok: false, reason: 'docker: no daemon; process: no java' }],
    ['process', both, { ok: true, value: 'a process' }],
    ['docker', noDocker, { ok: false, reason: 'docker: no daemon' }],
    ['none', both, { ok: false, reason: 'BELFRY_LAUNCH=none starts nothing' }],
  ])('with BELFRY_LAUNCH=%j', async (launch, finders, expected) => {
    vi.stubEnv('BELFRY_LAUNCH', launch);
    expect(await climbRungs(finders)).toEqual(expected);
  });

  it('refuses a rung that there is not', async () => {
    vi.stubEnv('BELFRY_LAUNCH', 'podman');
    await expect(climbRungs(both)).rejects.toThrow('BELFRY_LAUNCH must be docker, process or none, but is podman');
  });
});
