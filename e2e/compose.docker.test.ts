import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDocker } from '@belfry/testing/find-docker';
import { describeNeeding, findCommand } from '@belfry/testing/need';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Api, createApi } from './harness/api.ts';
import { watchArrivals } from './harness/arrivals.ts';
import { type ComposeClone, cloneForCompose } from './harness/compose-clone.ts';
import { COMPOSE_SERVICES, composeOverride } from './harness/compose-override.ts';
import { acceptKeptNetwork, lines, runDocker } from './harness/compose-project.ts';
import { addFcmDevice, addWebPushDevice, type TestDevice } from './harness/devices.ts';
import { readEndedLedgers } from './harness/ledger.ts';
import { mapConcurrently } from './harness/map-concurrently.ts';
import { type Providers, startProviders } from './harness/providers.ts';
import { openShell, type Shell } from './harness/shell.ts';
import { type SteadyProducer, startProducer } from './harness/steady-producer.ts';
import { readTour, type TourStep, walk } from './harness/tour.ts';
import { waitUntil } from './harness/wait-until.ts';

/** Images may have to be built first, and a stack of thirteen containers starts twice. */
const BUILD_MS = 900_000;
vi.setConfig({ testTimeout: 480_000, hookTimeout: BUILD_MS + 300_000 });

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SERVICES = [...COMPOSE_SERVICES, 'provider-simulator'];
const USERS = Array.from({ length: 24 }, (_, index) => `user-${index}`);
/** One of them has lost its device for good, another one's answers only at the second try. */
const LOST = 'user-1';
const SLOW = 'user-3';
const SETTLE_MS = 240_000;

const tools = ['git', 'bash', 'curl'].map((name) => findCommand([name])).find((tool) => !tool.ok);
const start = readTour(readFileSync(join(ROOT, 'README.md'), 'utf8'), 'Start', 'compose').filter(({ command }) =>
  command.startsWith('docker compose'),
);
const tour = readTour(readFileSync(join(ROOT, 'README.md'), 'utf8'), 'A tour in five minutes', 'compose');
const upstream = readTour(readFileSync(join(ROOT, 'docs/kafka.md'), 'utf8'), 'Try it', 'compose');

describeNeeding('docker', findDocker(), 'a clean clone with docker compose', () => {
  describeNeeding('kcat', tools ?? findCommand(['kcat']), 'and git, curl and kcat', () => {
    const devices = new Map<string, TestDevice>();
    let clone: ComposeClone;
    let shell: Shell;
    let providers: Providers;
    let url: string;
    let key: string;
    let api: Api;
    let producer: SteadyProducer;
    let arrived: ReturnType<typeof watchArrivals>;

    beforeAll(async () => {
      [clone, providers] = await Promise.all([cloneForCompose(), startProviders({ forContainers: true })]);
      url = `http://127.0.0.1:${clone.port}`;
      arrived = watchArrivals(providers);
      shell = openShell({ cwd: clone.directory, timeoutMs: BUILD_MS, env: clone.env });
      // As the README says, but for the terminal, which the tour goes on in.
      expect(start.map(({ command }) => command)).toEqual(['docker compose up --build']);
      await walk(shell, { command: `${start[0]?.command} -d`, expected: [] });
      await waitForReady();
      key = (await clone.project.run(['exec', '-T', 'producer-api', 'cat', '/keys/api-key'])).trim();
      api = createApi(url, key);
    });
    afterAll(async () => {
      producer?.abandon();
      shell?.close();
      await clone?.remove();
      await providers?.stop();
    });

    const waitForReady = () =>
      waitUntil(async () => (await fetch(`${url}/health/ready`)).ok, {
        timeoutMs: SETTLE_MS,
        everyMs: 250,
        what: 'the stack ready',
      });
    const waitForAccepted = (count: number) =>
      waitUntil(() => producer.count() >= count, { timeoutMs: SETTLE_MS, what: `${count} accepted notifications` });
    const inspect = async (service: string, format: string): Promise<readonly string[]> =>
      lines(await runDocker(['inspect', '-f', format, ...(await clone.project.containers(service))]));
    const waitForHealthy = (service: string, count: number) =>
      waitUntil(
        async () => {
          const states = await inspect(service, '{{.State.Health.Status}}');
          return states.length === count && states.every((state) => state === 'healthy');
        },
        { timeoutMs: SETTLE_MS, everyMs: 1_000, what: `${count} × ${service} healthy` },
      );
    /** One test per command, since each needs those before it. Only the ports are others. */
    const walkAll = (steps: readonly TourStep[]) =>
      it.each(steps.map((step) => [step.command.split('\n')[0], step] as const))(
        '%s',
        async (_title, { command, expected }) => {
          const here = command.replace('localhost:8080', `localhost:${clone.port}`);
          await walk(shell, { command: here.replace('127.0.0.1:9094', `127.0.0.1:${clone.kafkaPort}`), expected });
        },
      );

    describe('takes the tour of the README', () => walkAll(tour));

    it('is healthy, and every container of Belfry may do as little as it needs', async () => {
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
      const published = await runDocker(['ps', '--filter', `name=${clone.project.name}`, '--format', '{{.Ports}}']);
      expect(published).not.toMatch(/0\.0\.0\.0:|\[::\]:/);
    });

    describe('takes notifications from Kafka, as docs/kafka.md says', () => {
      beforeAll(() => {
        const env = { ...providers.env, BELFRY_RETRY_WEBPUSH: '1s,2s,4s' };
        writeFileSync(join(clone.directory, 'docker-compose.override.yml'), composeOverride(env));
      });
      walkAll(upstream);
    });

    it('gives two more workers a share of the work while notifications come in', async () => {
      await waitForReady();
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
      producer = startProducer({ url, key, users: USERS, lanes: 8, batch: 1, perSecond: 40 });
      await waitForAccepted(100);
      await walk(shell, { command: 'docker compose up -d --scale webpush-worker=3', expected: [] });
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

    it('goes down and up again, and nothing is lost: accepted is delivered, dead-lettered or expired, and in the inbox', async () => {
      // In the middle of the load, with retries waiting. The producer repeats what is not answered.
      const containers = (await Promise.all(SERVICES.map((service) => clone.project.containers(service)))).flat();
      const died = runDocker(['wait', ...containers]);
      await walk(shell, { command: 'docker compose down', expected: [] }).catch((error: unknown) =>
        acceptKeptNetwork(error, clone.project.name),
      );
      expect(new Set(lines(await died))).toEqual(new Set(['0']));
      await walk(shell, { command: 'docker compose up -d', expected: [] });
      await waitForReady();
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
});
