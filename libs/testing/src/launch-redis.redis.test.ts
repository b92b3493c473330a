import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { findRedisLauncher, type LaunchedRedis, probeRedis } from './launch-redis.ts';
import { describeNeeding } from './need.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describeNeeding('redis', await findRedisLauncher(), 'a Redis of its own', (launchRedis) => {
  let redis: LaunchedRedis;
  beforeAll(async () => {
    redis = await launchRedis({ args: ['--maxmemory', '10mb'] });
  });
  afterAll(() => redis?.stop());

  it('takes arguments and keeps its data through kill -9', async () => {
    expect(await ask(redis, 'CONFIG GET maxmemory')).toContain('10485760');
    expect(await ask(redis, 'SET kept yes')).toBe('+OK\r\n');
    await redis.kill();
    await expect(probeRedis(redis.url)).rejects.toThrow();
    await redis.start();
    expect(await ask(redis, 'GET kept')).toBe('$3\r\nyes\r\n');
  });

  it('answers nothing while it is paused', async () => {
    await redis.pause();
    await expect(probeRedis(redis.url)).rejects.toThrow();
    await redis.resume();
    await probeRedis(redis.url);
  });

  it('can be killed while it is paused', async () => {
    await redis.pause();
    await redis.kill();
    await redis.start();
    await probeRedis(redis.url);
    await redis.pause();
  });
});

function ask({ url }: LaunchedRedis, command: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${command}\r\n`));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString());
    });
    socket.once('error', reject);
  });
}
