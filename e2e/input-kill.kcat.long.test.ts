import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKafka } from '@belfry/testing/find-kafka';
import { findPostgres } from '@belfry/testing/find-postgres';
import { describeNeeding, findCommand, findTime } from '@belfry/testing/need';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LaunchedService, launchService, mainOf, serviceEnv } from './harness/launch-service.ts';
import { runChild } from './harness/run-child.ts';
import { waitUntil } from './harness/wait-until.ts';

const USERS = Array.from({ length: 20 }, (_, index) => `user-${index}`);
const KILLS = 3;
const PER_KILL = 40;

const time = findTime(3);
const kcat = findCommand(['kcat', 'kafkacat']);
const kafka = await findKafka();
const postgres = await findPostgres();
const needed = [time, kcat, kafka, postgres].find((found) => !found.ok) ?? time;

describeNeeding('long', needed, 'a router that is killed while upstreams write', () => {
  let folder: string;
  let env: Readonly<Record<string, string>>;
  let api: LaunchedService;
  let router: LaunchedService;
  let key: string;

  beforeAll(async () => {
    if (!kafka.ok || !postgres.ok) return;
    folder = mkdtempSync(join(tmpdir(), 'belfry-input-kill-'));
    const keys = join(folder, 'keys');
    env = serviceEnv({
      brokers: kafka.value.brokers,
      postgresUrl: postgres.value.url,
      prefix: `${randomUUID()}.`,
      keys,
    });
    await runChild([mainOf('keys')], { cwd: folder, env });
    key = readFileSync(join(keys, 'api-key'), 'utf8').trim();
    api = await launchService('producer-api', env);
    router = await launchService('router', env);
  }, 150_000);

  afterAll(async () => {
    await Promise.all([api?.stop(), router?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function produce(lines: readonly string[]): Promise<void> {
    const topic = `${env.KAFKA_TOPIC_PREFIX}orders-events`;
    const child = spawn(kcat.ok ? kcat.value : '', ['-P', '-b', env.KAFKA_BROKERS ?? '', '-t', topic, '-K', '|']);
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect(status).toBe(0);
  }

  async function titlesOf(user: string): Promise<string[]> {
    const response = await fetch(`${api.url}/v1/users/${user}/inbox?limit=200`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { items } = (await response.json()) as { items: readonly { readonly title: string }[] };
    return items.map(({ title }) => title).toReversed();
  }

  it('brings every record once and in the order of its key, though none has an id', async () => {
    const titles: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const fresh = Array.from({ length: PER_KILL }, (_, index) => `${kill * PER_KILL + index}`);
      titles.push(...fresh);
      const lines = fresh.flatMap((title) =>
        USERS.map((user) => `${user}|${JSON.stringify({ to: { users: [user] }, type: 'test', title })}`),
      );
      await produce(lines);
      // As soon as some of them have been routed: the rest is under way in every state that there is.
      await waitUntil(async () => (await titlesOf('user-0')).length > kill * PER_KILL, { timeoutMs: 90_000 });
      await router.stop('SIGKILL');
      router = await launchService('router', env);
    }
    for (const user of USERS) {
      await waitUntil(async () => (await titlesOf(user)).length >= titles.length, { timeoutMs: 90_000, what: user });
      expect(await titlesOf(user)).toEqual(titles);
    }
  }, 400_000);
});
