import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { Backplane } from '@belfry/core/backplane';
import { certificateAuthorityPem, serverCertificate } from '@belfry/provider-simulator';
import { findRedisLauncher, type LaunchedRedis } from '@belfry/testing/launch-redis';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createRedisBackplane } from './redis-backplane.ts';
import type { RedisTlsOptions } from './redis-options.ts';

const ARRIVAL = { timeout: 20_000, interval: 5 } as const;
const PASSWORD = 'p@ss/word:1';

describeNeeding('redis', await findRedisLauncher(), 'a Redis behind TLS that wants a password', (launchRedis) => {
  let redis: LaunchedRedis;
  let front: Server;
  let backplane: Backplane | undefined;
  let lines: string[];

  beforeAll(async () => {
    redis = await launchRedis({ args: ['--requirepass', PASSWORD] });
    const { hostname, port } = new URL(redis.url);
    front = createServer(serverCertificate(), (socket) => {
      const upstream = connect(Number(port), hostname);
      socket.pipe(upstream).pipe(socket);
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
  }, 90_000);
  afterAll(async () => {
    front?.close();
    await redis?.stop();
  });
  beforeEach(() => {
    lines = [];
  });
  afterEach(() => backplane?.close());

  const create = async (credentials: string, tls?: RedisTlsOptions): Promise<Backplane> => {
    const log = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
    backplane = await createRedisBackplane({
      url: `rediss://${credentials}@localhost:${(front.address() as AddressInfo).port}`,
      ...(tls === undefined ? {} : { tls }),
      answerTimeoutMs: 2_000,
      clock,
      random: createSeededRandom(1),
      logger: { info: log, warn: log },
    });
    return backplane;
  };
  const setUser = async (...rules: readonly string[]): Promise<void> => {
    const admin = new Redis(redis.url, { password: PASSWORD });
    await admin.call('ACL', 'SETUSER', ...rules);
    await admin.quit();
  };
  const trusted = () => ({ ca: certificateAuthorityPem() });

  it.each([`:${encodeURIComponent(PASSWORD)}`, `default:${encodeURIComponent(PASSWORD)}`])(
    'lets %s in',
    async (who) => {
      const open = await create(who, trusted());
      const offsets: number[] = [];
      const confirmed = vi.fn();
      open.subscribe('acme', 'alice', ({ offset }) => offsets.push(offset), confirmed);
      await vi.waitFor(() => expect(confirmed).toHaveBeenCalled(), ARRIVAL);
      open.publish([{ tenant: 'acme', user: 'alice', offset: 1 }]);
      await vi.waitFor(() => expect(offsets).toEqual([1]), ARRIVAL);
      expect(lines).toEqual([]);
    },
  );

  it('needs the rights that docs/operations.md names and no more, and takes them when they are given later', async () => {
    const commands = ['subscribe', 'unsubscribe', 'publish', 'ping', 'hello', 'info'].map((command) => `+${command}`);
    await setUser('hints', 'reset', 'on', '>secret', ...commands);
    const open = await create('hints:secret', trusted());
    const offsets = new Set<number>();
    open.subscribe('acme', 'alice', ({ offset }) => offsets.add(offset));
    open.publish([{ tenant: 'acme', user: 'alice', offset: 1 }]);
    await vi.waitFor(() => expect(lines).toHaveLength(2), ARRIVAL);
    expect(lines.join('')).toMatch(/refused a subscription.*hints are lost|hints are lost.*refused a subscription/);
    await setUser('hints', '&belfry:hint:*');
    await vi.waitFor(() => {
      open.publish([{ tenant: 'acme', user: 'alice', offset: 2 }]);
      expect(offsets).toContain(2);
    }, ARRIVAL);
  });

  it.each([
    ['a wrong password', ':hunter2', trusted(), /WRONGPASS|invalid password/],
    ['a server that nobody vouches for', ':hunter2', undefined, /certificate/],
  ])('says what is wrong with %s, once and without the password', async (_, who, tls, reason) => {
    const open = await create(who, tls);
    open.publish([{ tenant: 'acme', user: 'alice', offset: 1 }]);
    await vi.waitFor(() => expect(lines.join('')).toMatch(reason), ARRIVAL);
    expect(lines).toHaveLength(1);
    expect(lines.join('')).not.toContain('hunter2');
  });
});
