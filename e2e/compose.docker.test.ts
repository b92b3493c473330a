import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDocker } from '@belfry/testing/find-docker';
import { freePort } from '@belfry/testing/free-port';
import { describeNeeding } from '@belfry/testing/need';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Api, createApi } from './harness/api.ts';
import { watchArrivals } from './harness/arrivals.ts';
import { buildImages, lines, runDocker } from './harness/compose-project.ts';
import { addFcmDevice, addWebPushDevice, type TestDevice } from './harness/devices.ts';
import { type BelfryContainers, launchCompose } from './harness/launch-compose.ts';
import { readEndedLedgers } from './harness/ledger.ts';
import { mapConcurrently } from './harness/map-concurrently.ts';
import { type Providers, startProviders } from './harness/providers.ts';
import { type SteadyProducer, startProducer } from './harness/steady-producer.ts';
import { waitUntil } from './harness/wait-until.ts';

/** Images may have to be built first, and a stack of thirteen containers starts twice. */
vi.setConfig({ testTimeout: 480_000, hookTimeout: 900_000 });

const SERVICES = [
  'edge',
  'producer-api',
  'router',
  'realtime-gateway',
  'webpush-worker',
  'fcm-worker',
  'scheduler',
  'console',
  'provider-simulator',
  'invoices',
];
const USERS = Array.from({ length: 24 }, (_, index) => `user-${index}`);
/** One of them has lost its device for good, another one's answers only at the second try. */
const LOST = 'user-1';
const SLOW = 'user-3';
const SETTLE_MS = 240_000;

describeNeeding('docker', findDocker(), 'the compose stack', () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'belfry-compose-'));
  const devices = new Map<string, TestDevice>();
  let providers: Providers;
  let port: number;
  let belfry: BelfryContainers;
  let api: Api;
  let producer: SteadyProducer;
  let arrived: ReturnType<typeof watchArrivals>;

  const launch = () =>
    launchCompose({ dataDirectory, port, env: { ...providers.env, BELFRY_RETRY_WEBPUSH: '1s,2s,4s' } });
  const waitForAccepted = (count: number) =>
    waitUntil(() => producer.count() >= count, { timeoutMs: SETTLE_MS, what: `${count} accepted notifications` });

  beforeAll(async () => {
    await buildImages();
    [providers, port] = await Promise.all([startProviders({ forContainers: true }), freePort()]);
    arrived = watchArrivals(providers);
    belfry = await launch();
    api = createApi(belfry.url);
    for (const user of USERS.slice(0, 12)) devices.set(user, await addWebPushDevice(api, providers, user));
    for (const user of USERS.slice(12, 18)) devices.set(user, await addFcmDevice(api, providers, user));
    const { script } = providers.simulator.webpush;
    script.set(devices.get(LOST)?.target ?? '', [{ kind: 'status', status: 413, times: 10_000 }]);
    script.set(
      devices.get(SLOW)?.target ?? '',
      Array.from({ length: 500 }, (_, index) =>
        index % 2 === 0 ? { kind: 'status', status: 503 } : { kind: 'accept' },
      ),
    );
    producer = startProducer({ url: belfry.url, users: USERS, lanes: 8, batch: 1, perSecond: 40 });
  });
  afterAll(async () => {
    producer?.abandon();
    await belfry?.stop();
    await providers?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  const inspect = async (service: string, format: string): Promise<readonly string[]> =>
    lines(await runDocker(['inspect', '-f', format, ...(await belfry.project.containers(service))]));
  const waitForHealthy = (service: string, count: number) =>
    waitUntil(
      async () => {
        const states = await inspect(service, '{{.State.Health.Status}}');
        return states.length === count && states.every((state) => state === 'healthy');
      },
      { timeoutMs: SETTLE_MS, everyMs: 1_000, what: `${count} × ${service} healthy` },
    );

  it('comes up healthy, and every container of Belfry may do as little as it needs', async () => {
    for (const service of SERVICES) {
      await waitForHealthy(service, 1);
      const { HostConfig, Config } = JSON.parse((await inspect(service, '{{json .}}'))[0] ?? '');
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Privileged: false,
      });
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(Config.User).toBe('node');
    }
    const published = await runDocker(['ps', '--filter', `name=${belfry.project.name}`, '--format', '{{.Ports}}']);
    expect(published).not.toMatch(/0\.0\.0\.0:|\[::\]:/);
  });

  it('gives two more workers a share of the work while notifications come in', async () => {
    await waitForAccepted(100);
    await belfry.project.up(['--no-recreate', '--scale', 'webpush-worker=3']);
    await waitForHealthy('webpush-worker', 3);
    await waitForAccepted(producer.count() + 200);
    await waitUntil(
      async () => {
        const working = new Set(
          [...(await api.getText('/metrics')).matchAll(/^belfry_attempts_total\{([^}]*)\} [1-9]/gm)]
            .map(([, labels = '']) => labels)
            .filter((labels) => labels.includes('channel="webpush"'))
            .map((labels) => /instance="([^"]*)"/.exec(labels)?.[1]),
        );
        return working.size === 3;
      },
      { timeoutMs: SETTLE_MS, everyMs: 1_000, what: 'three workers that have sent something' },
    );
  });

  it('ends and starts again, and nothing is lost: accepted is delivered, dead-lettered or expired, and in the inbox', async () => {
    // In the middle of the load, with retries waiting. The producer repeats what is not answered.
    expect(await belfry.end('SIGTERM')).toBe(0);
    belfry = await launch();
    await waitForAccepted(producer.count() + 100);
    await producer.stop();

    const ids = [...producer.accepted.values()].flat();
    const ledgers = await readEndedLedgers(api, ids, { timeoutMs: SETTLE_MS });
    expect({ unknown: ledgers.unknown, unended: ledgers.unended }).toEqual({ unknown: [], unended: [] });

    const targets = new Map([...devices].map(([user, { target }]) => [user, target]));
    const pushed = [...ledgers.ended].flatMap(([id, deliveries]) =>
      deliveries.filter(({ channel }) => channel !== 'realtime').map((delivery) => ({ ...delivery, id })),
    );
    const states = Map.groupBy(pushed, ({ status }) => status);
    const missing = states
      .get('delivered')
      ?.filter(({ id, recipient }) => !arrived.get(targets.get(recipient) ?? '')?.includes(id));
    expect(missing).toEqual([]);
    const givenUp = pushed.filter(({ status }) => status !== 'delivered');
    expect(new Set(givenUp.map(({ status }) => status))).toEqual(new Set(['dead-lettered']));
    // What fails at random fails four times in a row now and then; nothing else is given up.
    expect(new Set(givenUp.map(({ recipient }) => recipient)).difference(new Set([LOST, SLOW])).size).toBe(0);
    expect(givenUp.filter(({ recipient }) => recipient === LOST)).toHaveLength(
      producer.accepted.get(LOST)?.length ?? 0,
    );
    expect(pushed).toHaveLength(
      [...devices.keys()].reduce((sum, user) => sum + (producer.accepted.get(user)?.length ?? 0), 0),
    );

    const inboxes = await mapConcurrently(USERS, 4, readInbox);
    for (const [index, user] of USERS.entries()) {
      expect(inboxes[index]?.toSorted()).toEqual(producer.accepted.get(user)?.toSorted());
    }
  });

  async function readInbox(user: string): Promise<readonly string[]> {
    const ids: string[] = [];
    let cursor = '';
    do {
      type Page = { items: { id: string }[]; next?: string | null };
      const { body } = await api.get<Page>(`/v1/users/${user}/inbox?limit=100${cursor}`);
      ids.push(...body.items.map(({ id }) => id));
      cursor = body.next ? `&cursor=${encodeURIComponent(body.next)}` : '';
    } while (cursor !== '');
    return ids;
  }
});
