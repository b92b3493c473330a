import type { Api } from './api.ts';
import { countInversions, repetitions } from './arrivals.ts';
import { countBy } from './count-by.ts';
import { type LedgerDeliveries, readEndedLedgers } from './ledger.ts';
import type { LossDevice } from './loss-devices.ts';
import { mapConcurrently } from './map-concurrently.ts';
import type { ResumingClient } from './resuming-client.ts';
import { waitUntil } from './wait-until.ts';

/** What became of everything that was accepted. */
export type LossStock = {
  /** Accepted, but not in the inbox of their recipient. Must be 0. */
  readonly missingInInbox: number;
  /** In an inbox more than once, or never accepted. Must be 0. */
  readonly repeatedInInbox: number;
  /** Neighbours in an inbox whose posts were accepted in the other order. Must be 0. */
  readonly inboxInversions: number;
  /** For users with a device: unknown to the ledger, or without a delivery to the device. Must be 0. */
  readonly lost: number;
  /** Deliveries without an end. Must be 0. */
  readonly unended: number;
  /** Delivered as the ledger says, but the provider has not seen them. Must be 0. */
  readonly undelivered: number;
  /**
   * Deliveries that ended in another way than their device explains: `delivered` where it works; dead-lettered or expired where it never takes anything; `acknowledged` where a
   * live client was quicker. Must be 0.
   */
  readonly endedOtherwise: number;
  /** First attempts of a device that reached its provider in another order than that of their posts. Must be 0. */
  readonly pushInversions: number;
  /** Deliveries for which an attempt counts that came after the last one: the result of a process whose work others had taken over. Must be 0. */
  readonly staleResults: number;
  /** Deliveries that took more than one attempt; the order says nothing about these. */
  readonly retried: number;
  readonly duplicatesAtProviders: number;
  readonly sendsAtProviders: number;
  readonly missingLive: number;
  readonly liveInversions: number;
  /** Shown more than once by the SDK. Must be 0. */
  readonly duplicatesAfterDedupe: number;
  readonly duplicatesOnTheWire: number;
  /** Reconnects that were told that history does not reach back. Must be 0. */
  readonly unrecovered: number;
  /** Deliveries by channel and state, of users with a device. */
  readonly states: Readonly<Record<string, number>>;
};

export type StockDeps = {
  readonly api: Api;
  readonly users: readonly string[];
  readonly devices: readonly LossDevice[];
  readonly clients: readonly { readonly user: string; readonly client: ResumingClient }[];
  /** By target, in order, repetitions included. */
  readonly arrived: ReadonlyMap<string, readonly string[]>;
  /** Accepted ids per user, in order. */
  readonly owed: ReadonlyMap<string, readonly string[]>;
  readonly timeoutMs: number;
};

type Delivery = LedgerDeliveries[number];

/** Compares what was accepted with what inboxes, ledgers, providers and live clients have, each through its public interface. */
export async function takeStock(deps: StockDeps): Promise<LossStock> {
  const inboxes = await stockInboxes(deps);
  const pushes = await stockPushes(deps);
  return { ...inboxes, ...pushes, ...(await stockClients(deps)) };
}

async function stockInboxes({ api, users, owed }: StockDeps) {
  let missingInInbox = 0;
  let repeatedInInbox = 0;
  let inboxInversions = 0;
  await mapConcurrently(users, 16, async (user) => {
    const wanted = owed.get(user) ?? [];
    const inbox = await readInbox(api, user);
    missingInInbox += missingFrom(inbox, wanted);
    repeatedInInbox += repetitions(inbox) + missingFrom(wanted, inbox);
    inboxInversions += countInversions(inbox, wanted);
  });
  return { missingInInbox, repeatedInInbox, inboxInversions };
}

/** Oldest first. */
async function readInbox(api: Api, user: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor = '';
  for (;;) {
    const path = `/v1/users/${user}/inbox?limit=200${cursor}`;
    const { status, body } = await api.get<{ items: { id: string }[]; next?: string }>(path);
    if (status !== 200) throw new Error(`inbox of ${user}: ${status} ${JSON.stringify(body)}`);
    ids.push(...body.items.map(({ id }) => id));
    if (body.next === undefined) return ids.toReversed();
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

async function stockPushes({ api, devices, clients, arrived, owed, timeoutMs }: StockDeps) {
  const ids = devices.flatMap(({ user }) => owed.get(user) ?? []);
  const ledgers = await readEndedLedgers(api, ids, { timeoutMs });
  const pushes = new Map<string, Delivery>();
  for (const [id, deliveries] of ledgers.ended) {
    const push = deliveries.find(({ channel }) => channel !== 'realtime');
    if (push !== undefined) pushes.set(id, push);
  }
  const open = new Set(ledgers.unended);
  const seen = devices.map(({ target }) => arrived.get(target) ?? []);
  const everSeen = new Set(seen.flat());
  const deliveries = [...pushes.values()];
  const live = new Set(clients.map(({ user }) => user));
  const isExplained = ({ user, isHopeless }: LossDevice, { status }: Delivery): boolean =>
    status === 'acknowledged' ? live.has(user) : isHopeless ? HOPELESS_ENDS.has(status) : status === 'delivered';
  return {
    lost: ids.filter((id) => !open.has(id) && !pushes.has(id)).length,
    unended: open.size,
    undelivered: [...pushes].filter(([id, { status }]) => status === 'delivered' && !everSeen.has(id)).length,
    endedOtherwise: sum(
      devices.map((device) => {
        const own = (owed.get(device.user) ?? []).map((id) => pushes.get(id));
        return own.filter((push) => push !== undefined && !isExplained(device, push)).length;
      }),
    ),
    pushInversions: sum(
      devices.map(({ user }, index) =>
        countInversions(seen[index] ?? [], owed.get(user) ?? [], (id) => pushes.get(id)?.attempts.length === 1),
      ),
    ),
    staleResults: deliveries.filter(hasStaleResult).length,
    retried: deliveries.filter(({ attempts }) => attempts.length > 1).length,
    duplicatesAtProviders: sum(seen.map(repetitions)),
    sendsAtProviders: sum(seen.map((got) => got.length)),
    states: countBy(ledgers.deliveries.map(({ channel, status }) => `${channel} ${status}`)),
  };
}

const HOPELESS_ENDS: ReadonlySet<string> = new Set(['dead-lettered', 'expired']);

/** Nothing may follow an attempt that delivered. */
function hasStaleResult({ attempts }: Delivery): boolean {
  return attempts.slice(0, -1).some(({ outcome }) => outcome === 'delivered');
}

async function stockClients({ clients, owed }: StockDeps) {
  const shown = clients.map(({ user, client }) => ({ client, wanted: owed.get(user) ?? [] }));
  // A hint that was lost is made up for by the next heartbeat.
  await waitUntil(() => shown.every(({ client, wanted }) => client.ids.length >= wanted.length), {
    timeoutMs: 60_000,
  }).catch(() => undefined);
  return {
    missingLive: sum(shown.map(({ client, wanted }) => missingFrom(client.ids, wanted))),
    liveInversions: sum(shown.map(({ client, wanted }) => countInversions(client.ids, wanted))),
    duplicatesAfterDedupe: sum(shown.map(({ client }) => repetitions(client.ids))),
    duplicatesOnTheWire: sum(shown.map(({ client }) => client.duplicates())),
    unrecovered: sum(shown.map(({ client }) => client.unrecovered())),
  };
}

function missingFrom(present: readonly string[], wanted: readonly string[]): number {
  const found = new Set(present);
  return wanted.filter((id) => !found.has(id)).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
