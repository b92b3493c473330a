import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findGiven } from './find-given.ts';

describe('an address in the environment', () => {
  beforeEach(() => {
    vi.stubEnv('BELFRY_LAUNCH', '');
    vi.stubEnv('SERVER_URL', 'tcp://there');
  });
  afterEach(() => void vi.unstubAllEnvs());

  const find = (connect: (address: string) => Promise<string>) =>
    findGiven('SERVER_URL', connect, async () => ({ ok: true, value: 'started' }));

  it('is used', async () => {
    expect(await find(async (address) => address)).toEqual({ ok: true, value: 'tcp://there' });
  });

  it('that does not answer is a reason, and nothing else is used', async () => {
    const found = await find(() => Promise.reject(new Error('refused')));
    expect(found).toEqual({ ok: false, reason: 'SERVER_URL=tcp://there: refused' });
  });

  it('that is not there, or not asked for, leaves it to the ladder', async () => {
    vi.stubEnv('BELFRY_LAUNCH', 'process');
    expect(await find(async (address) => address)).toEqual({ ok: true, value: 'started' });
    vi.unstubAllEnvs();
    expect(await find(async (address) => address)).toEqual({ ok: true, value: 'started' });
  });
});
