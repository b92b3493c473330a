import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@belfry/testing/free-port';
import { type Api, createApi } from './api.ts';
import { launchBelfry } from './launch-belfry.ts';
import { readEndedLedgers } from './ledger.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { createRacer, type RacerCounts } from './racer.ts';
import { waitUntil } from './wait-until.ts';

export type IdempotencyRunOptions = {
  readonly keys: number;
  /** Posts under one key, all with the same body. */
  readonly racersPerKey: number;
  readonly kills: number;
  /** Racers under way at once. */
  readonly lanes: number;
  readonly users: number;
};

export type IdempotencyRunReport = RacerCounts & {
  /** Racers, each of which ended with a 202. */
  readonly posts: number;
  readonly keys: number;
  readonly kills: number;
  /** Keys whose racers were not all given one id. Must be 0. */
  readonly keysWithSeveralIds: number;
  readonly distinctIds: number;
  /** Accepted ids that the ledger does not know, or that have no end. Must be 0. */
  readonly lost: number;
  /** Users whose inbox does not hold exactly what was sent to them, each once. Must be 0. */
  readonly wrongInboxes: number;
  readonly inboxItems: number;
  /** Posts with another body under a used key, and how many of them were answered 422. */
  readonly otherBodies: { readonly posted: number; readonly refused: number };
  readonly seconds: number;
};

type Race = { readonly key: string; readonly user: string };

const SETTLE_MS = 120_000;
/** A kill comes at a random moment within this many milliseconds of its turn, so that it hits requests in all their phases. */
const KILL_WITHIN_MS = 200;

/** Lets racers post under few keys while the process is killed again and again, and counts what came of it. */
export async function runIdempotency(options: IdempotencyRunOptions): Promise<IdempotencyRunReport> {
  const startedMs = performance.now();
  await using ending = new AsyncDisposableStack();
  const dataDirectory = mkdtempSync(join(tmpdir(), 'belfry-idempotency-'));
  ending.defer(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const port = await freePort();
  const launch = () => launchBelfry({ dataDirectory, port });
  let belfry = await launch();
  ending.defer(() => belfry.stop());
  const api = createApi(belfry.url);
  const over = new AbortController();
  ending.defer(() => over.abort());

  const races = Array.from(
    { length: options.keys },
    (_, index): Race => ({ key: `key-${index}`, user: `user-${index % options.users}` }),
  );
  const order = racersInOrder(races, options.racersPerKey);
  const racer = createRacer(api, over.signal);
  const idsByKey = new Map<string, Set<string>>(races.map(({ key }) => [key, new Set()]));
  let done = 0;
  const racing = mapConcurrently(order, options.lanes, async ({ key, user }) => {
    const id = await racer.race(key, bodyOf({ key, user }));
    idsByKey.get(key)?.add(id);
    done++;
  });
  const killing = async (): Promise<number> => {
    for (let kill = 1; kill <= options.kills; kill++) {
      const turn = Math.floor((order.length * kill) / (options.kills + 1));
      await waitUntil(() => done >= turn, { timeoutMs: SETTLE_MS, everyMs: 1, what: `${turn} posts before a kill` });
      await pause(Math.random() * KILL_WITHIN_MS);
      if (done === order.length) return kill - 1;
      await belfry.end('SIGKILL');
      belfry = await launch();
    }
    return options.kills;
  };
  const [kills] = await Promise.all([killing(), racing]);

  const ids = [...new Set([...idsByKey.values()].flatMap((each) => [...each]))];
  const ledgers = await readEndedLedgers(api, ids, { timeoutMs: SETTLE_MS });
  await waitForEmptyLog(api);
  const inboxes = await readInboxes(api, options.users);
  const others = await mapConcurrently(races, 16, ({ key, user }) =>
    api.post('/v1/notifications', { ...bodyOf({ key, user }), title: 'another' }, { 'idempotency-key': key }),
  );
  return {
    ...racer.counts(),
    posts: done,
    keys: races.length,
    kills,
    keysWithSeveralIds: [...idsByKey.values()].filter((each) => each.size !== 1).length,
    distinctIds: ids.length,
    lost: ledgers.unknown.length + ledgers.unended.length,
    wrongInboxes: [...inboxes].filter(([user, titles]) => !isSameSet(titles, sentTo(user, races))).length,
    inboxItems: [...inboxes.values()].reduce((total, titles) => total + titles.length, 0),
    otherBodies: { posted: others.length, refused: others.filter(({ status }) => status === 422).length },
    seconds: Math.round((performance.now() - startedMs) / 1_000),
  };
}

/** What the report says about promises that were not kept; empty when all were. */
export function brokenByRaces(report: IdempotencyRunReport, asked: IdempotencyRunOptions): string[] {
  const broken: string[] = [];
  const owe = (what: string, found: number, owed: number): void => {
    if (found !== owed) broken.push(`${what}: ${found} instead of ${owed}`);
  };
  owe('posts answered 202', report.posts, asked.keys * asked.racersPerKey);
  owe('kills', report.kills, asked.kills);
  owe('keys with several ids', report.keysWithSeveralIds, 0);
  owe('distinct ids', report.distinctIds, asked.keys);
  owe('lost', report.lost, 0);
  owe('wrong inboxes', report.wrongInboxes, 0);
  owe('items in all inboxes', report.inboxItems, asked.keys);
  owe('other bodies refused', report.otherBodies.refused, asked.keys);
  return broken;
}

/** All racers of a key but the last beside each other, so that they meet; the last ones after all others, when their key has been through kills. */
function racersInOrder(races: readonly Race[], racersPerKey: number): Race[] {
  return [...races.flatMap((race) => new Array<Race>(racersPerKey - 1).fill(race)), ...races];
}

function bodyOf({ key, user }: Race): Record<string, unknown> {
  return { to: { users: [user] }, type: 'race', title: key };
}

function sentTo(user: string, races: readonly Race[]): string[] {
  return races.filter((race) => race.user === user).map(({ key }) => key);
}

function isSameSet(got: readonly string[], owed: readonly string[]): boolean {
  return got.length === owed.length && new Set([...got, ...owed]).size === owed.length;
}

/** A notification that no answer named would still be under way somewhere in the log; only an empty one shows that there is none. */
async function waitForEmptyLog(api: Api): Promise<void> {
  const lag = /^belfry_log_lag_records\{[^}]*\} (\S+)$/gm;
  const isEmpty = async (): Promise<boolean> => {
    const lags = [...(await api.getText('/metrics')).matchAll(lag)];
    return lags.length > 0 && lags.every(([, records]) => Number(records) === 0);
  };
  await waitUntil(isEmpty, { timeoutMs: SETTLE_MS, everyMs: 250, what: 'an empty log' });
}

async function readInboxes(api: Api, users: number): Promise<Map<string, string[]>> {
  const names = Array.from({ length: users }, (_, index) => `user-${index}`);
  const read = await mapConcurrently(names, 16, async (user) => [user, await readInbox(api, user)] as const);
  return new Map(read);
}

async function readInbox(api: Api, user: string): Promise<string[]> {
  const titles: string[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await api.get<{ items: { title: string }[]; next?: string | null }>(
      `/v1/users/${user}/inbox?limit=100${query}`,
    );
    if (status !== 200) throw new Error(`inbox of ${user}: ${status}`);
    titles.push(...body.items.map(({ title }) => title));
    cursor = body.next ?? undefined;
  } while (cursor !== undefined);
  return titles;
}
