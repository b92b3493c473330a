import { createLocalBackplane } from '@belfry/backplane-local';
import type { Hint } from '@belfry/core/backplane';
import { notificationFrame } from '@belfry/protocol/client-notification';
import { parseCursor } from '@belfry/protocol/cursor';
import { createAckTokens } from '@belfry/runtime';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAdmit } from './admission.ts';
import { createConnectionSet } from './connection-set.ts';
import { alice, testNotification } from './gateway.fixture.ts';
import { DEFAULT_GATEWAY_LIMITS } from './gateway-limits.ts';
import { createRetryStore } from './retry-store.ts';
import type { SharedFrame } from './shared-frame.ts';
import { createStreamEpoch } from './stream-epoch.ts';
import { createStreamStore } from './stream-store.fixture.ts';
import type { Transport } from './transport.ts';
import { createTurnFlush } from './turn-flush.ts';
import { createUserHubs } from './user-hubs.ts';

const CLIENTS = 3;
/** Small pages, so that replays have several. */
const LIMITS = { ...DEFAULT_GATEWAY_LIMITS, replayPage: 3, replayAheadBytes: 600 };

/** Everything between the store and the wires of one user, with the wires as lists. */
function createWorld() {
  const clock = createFakeClock({ startMs: Date.now() });
  const random = createSeededRandom(7);
  const streams = createStreamStore();
  const backplane = createLocalBackplane();
  const retryStore = createRetryStore(clock, random);
  const epoch = createStreamEpoch(streams.store);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const hubs = createUserHubs({
    store: streams.store,
    backplane,
    epoch: epoch.get,
    retryStore,
    clock,
    onGap: () => undefined,
    onError,
  });
  const admit = createAdmit({ hubs, epoch, store: streams.store, limits: LIMITS });
  const acks = { sent() {}, acknowledge() {}, read() {}, settled: async () => undefined, stop() {} };
  const connections = createConnectionSet({
    clock,
    random,
    limits: LIMITS,
    acks,
    ackTokens: createAckTokens('secret'),
    authenticate: async () => undefined,
    admit,
    onError,
    metrics: undefined,
    turn: createTurnFlush(),
  });
  const clients = Array.from({ length: CLIENTS }, () => createClient());
  return { clock, streams, backplane, hubs, admit, connections, clients, errors };
}

/** A client that remembers its cursor, and whose wire takes a few frames and then waits for `read`. */
function createClient() {
  const seen: number[] = [];
  let cursor: string | undefined;
  let first: number | undefined;
  let untaken = 0;
  const waiters: (() => void)[] = [];
  const read = (): void => {
    untaken = 0;
    for (const waiter of waiters.splice(0)) waiter();
  };
  const createTransport = (): Transport => {
    let open = true;
    return {
      kind: 'websocket',
      heartbeatMs: 25_000,
      answersHeartbeat: false,
      send(frame: SharedFrame) {
        if (!open) return;
        untaken += frame.text.length;
        cursor = frame.cursor;
        const offset = parseCursor(frame.cursor ?? '')?.offset ?? -1;
        if (frame.type === 'hello') first ??= offset;
        else seen.push(offset);
      },
      heartbeat() {},
      close() {
        open = false;
        read();
      },
      queuedBytes: () => untaken,
      stalledMs: () => 0,
      drained: () => new Promise((resolve) => void waiters.push(resolve)),
    };
  };
  return { seen, createTransport, read, cursor: () => cursor, first: () => first };
}

type World = ReturnType<typeof createWorld>;

/** Ends of the connections by client; undefined while one is being made. */
type Open = Map<number, (() => void) | undefined>;

async function connect({ admit, connections, clients }: World, index: number, open: Open): Promise<void> {
  const client = clients[index];
  if (client === undefined || open.has(index)) return;
  open.set(index, undefined);
  try {
    const result = await admit({ ...alice, expiresAtMs: Number.MAX_SAFE_INTEGER }, client.cursor());
    if (!result.ok) throw new Error('no place');
    const connection = connections.open(client.createTransport);
    connection.begin(result.admission);
    open.set(index, () => connection.close({ code: 1000, reason: 'test' }));
  } catch {
    open.delete(index);
  }
}

const client = fc.nat(CLIENTS - 1);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      visible: fc.boolean(),
      copies: fc.nat(2),
      delay: fc.nat(4),
      bare: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('connect' as const), client }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('disconnect' as const), client }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), client }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outage' as const), ms: fc.nat(400) }) },
);

it('shows every client each visible offset once and in order, whatever becomes of hints, connections and the store', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
      const world = createWorld();
      const { clock, streams, backplane, connections, clients } = world;
      const open: Open = new Map();
      const shown: number[] = [];
      const held: { dueIn: number; readonly hint: Hint }[] = [];
      const heal = async (): Promise<void> => {
        const [head = 0] = await streams.store.heads([alice]);
        for (const connection of connections.all()) connection.hub()?.headSeen(head);
      };

      for (const each of steps) {
        if (each.kind === 'publish') {
          const notification = testNotification('any');
          const offset = streams.append(alice, notification, each.visible);
          if (each.visible) shown.push(offset);
          const frame = notificationFrame({ epoch: 'e1', offset }, notification);
          const hint: Hint = each.bare || !each.visible ? { ...alice, offset } : { ...alice, offset, frame };
          for (let copy = 1; copy <= each.copies; copy++) held.push({ dueIn: each.delay * copy, hint });
        }
        if (each.kind === 'connect') void connect(world, each.client, open);
        if (each.kind === 'disconnect') {
          const end = open.get(each.client);
          end?.();
          if (end !== undefined) open.delete(each.client);
        }
        if (each.kind === 'read') clients[each.client]?.read();
        if (each.kind === 'settle') await clock.settle();
        if (each.kind === 'heartbeat') await heal();
        if (each.kind === 'outage') {
          streams.setDown(true);
          await clock.advance(each.ms);
          streams.setDown(false);
        }
        for (const entry of held) entry.dueIn -= 1;
        for (const entry of held.filter(({ dueIn }) => dueIn <= 0)) {
          held.splice(held.indexOf(entry), 1);
          backplane.publish([entry.hint]);
        }
      }

      await clock.advance(20_000);
      for (let index = 0; index < CLIENTS; index++) await connect(world, index, open);
      for (let round = 0; round < 40; round++) {
        await heal();
        for (const each of clients) each.read();
        await clock.settle();
      }
      for (const each of clients) expect(each.seen).toEqual(shown.filter((offset) => offset > (each.first() ?? 0)));
      expect(world.errors).toEqual([]);
      for (const end of open.values()) end?.();
      expect(world.hubs.total()).toBe(0);
    }),
    { numRuns: 300 },
  );
}, 60_000);
