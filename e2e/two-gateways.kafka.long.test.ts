import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKafka } from '@belfry/testing/find-kafka';
import { findPostgres } from '@belfry/testing/find-postgres';
import { findRedis } from '@belfry/testing/find-redis';
import { describeNeeding } from '@belfry/testing/need';
import { type ProcessStack, type StackProcess, startProcessStack } from '@belfry/testing/process-stack';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Api, createApi } from './harness/api.ts';
import { TEST_JWT_SECRET, TEST_KEY } from './harness/belfry.ts';
import { removeTopics } from './harness/launch-processes.ts';
import { openResumingClient, type ResumingClient } from './harness/resuming-client.ts';
import { waitUntil } from './harness/wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const USERS = Array.from({ length: 6 }, (_, index) => `user-${index}`);
/** Posted to each user at a time. */
const BURST = 10;

const postgres = await findPostgres();
const redis = await findRedis();

describeNeeding('kafka', await findKafka(), 'two gateways as processes, with a router elsewhere', ({ brokers }) => {
  describeNeeding('postgres', postgres, 'on PostgreSQL', ({ url: postgresUrl }) => {
    describeNeeding('redis', redis, 'and Redis', ({ url: redisUrl }) => {
      describe.each(['redis', 'kafka'] as const)('hints over %s', (backplane) => {
        const directory = mkdtempSync(join(tmpdir(), 'belfry-gateways-'));
        const name = `e2e-${randomUUID().slice(0, 8)}`;
        const clients: { readonly user: string; readonly gateway: StackProcess; readonly client: ResumingClient }[] =
          [];
        const owed = new Map<string, string[]>(USERS.map((user) => [user, []]));
        let stack: ProcessStack;
        let api: Api;

        beforeAll(async () => {
          stack = await startProcessStack({
            directory,
            kafkaBrokers: brokers,
            postgresUrl,
            redisUrl,
            name,
            scale: {
              'realtime-gateway': 2,
              'webpush-worker': 0,
              'fcm-worker': 0,
              console: 0,
              invoices: 0,
              'provider-simulator': 0,
            },
            env: {
              BELFRY_API_KEY: TEST_KEY,
              BELFRY_JWT_SECRET: TEST_JWT_SECRET,
              BELFRY_BACKPLANE: backplane,
              // So that a hint which did not come is not found out by a heartbeat in time.
              BELFRY_REALTIME_HEARTBEAT: '5m',
            },
          });
          api = createApi(stack.url);
          for (const gateway of stack.of('realtime-gateway')) {
            for (const user of USERS)
              clients.push({ user, gateway, client: await openResumingClient(gateway.url, user) });
          }
        });
        afterAll(async () => {
          for (const { client } of clients) client.close();
          await stack?.stop('SIGKILL');
          rmSync(directory, { recursive: true, force: true });
          await removeTopics(brokers, `${name}.`);
        });

        let posted = 0;
        const postBurst = async (): Promise<void> => {
          for (let count = 0; count < BURST; count++) {
            const id = `n-${++posted}`;
            const request = { id, to: { users: USERS }, channels: ['realtime'], type: 'test', title: id };
            // As a producer should: what was not accepted is posted again under its id.
            await waitUntil(async () => (await api.post('/v1/notifications', request)).status === 202, {
              everyMs: 500,
            });
            for (const user of USERS) owed.get(user)?.push(id);
          }
        };
        /** Of the users' clients at these gateways: all that was posted, once, in the order of the posts. */
        const expectNothingMissed = async (gateways: readonly StackProcess[]): Promise<void> => {
          const here = clients.filter(({ gateway }) => gateways.includes(gateway));
          expect(here).toHaveLength(gateways.length * USERS.length);
          const all = here.map(({ user }) => owed.get(user)?.length ?? 0);
          await waitUntil(() => here.every(({ client }, index) => client.ids.length >= (all[index] ?? 0)), {
            timeoutMs: 60_000,
          }).catch(() => undefined);
          for (const { user, gateway, client } of here)
            expect(client.ids, `${user} at ${gateway.name}`).toEqual(owed.get(user));
          expect(here.filter(({ client }) => client.unrecovered() > 0)).toEqual([]);
        };

        it('bring what is posted to every user at both', async () => {
          await postBurst();
          await expectNothingMissed(stack.of('realtime-gateway'));
        });

        it('miss nothing when one is killed, is away and comes back under load', async () => {
          const [victim, other] = stack.of('realtime-gateway') as [StackProcess, StackProcess];
          await victim.kill('SIGKILL');
          await postBurst();
          await expectNothingMissed([other]);
          const posting = postBurst();
          await victim.restart();
          await Promise.all([posting, victim.ready()]);
          await postBurst();
          await expectNothingMissed([victim, other]);
        });
      });
    });
  });
});
