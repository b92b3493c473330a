import { setTimeout as pause } from 'node:timers/promises';
import { TEST_KEY } from './launch-belfry.ts';

export type SteadyProducer = {
  /** Ids that were answered 202, per user, in the order in which they were posted. */
  readonly accepted: ReadonlyMap<string, readonly string[]>;
  /** How many that is. */
  count(): number;
  /** Posts that had to be repeated because no answer came or it said "later". */
  repeats(): number;
  /** Takes no more notifications on; resolves when those under way were accepted. */
  stop(): Promise<void>;
  /** Stops at once, where nobody is there to answer any more; what is under way may or may not be accepted. */
  abandon(): void;
};

export type ProducerOptions = {
  readonly url: string;
  /** An API key. Default: the one that the launchers set. */
  readonly key?: string;
  readonly users: readonly string[];
  /** Requests under way at once; each serves a share of the users, one request per user at a time, so that their order is known. */
  readonly lanes: number;
  /** Notifications to one user in one request. */
  readonly batch: number;
  /** Users in one request. Default 1. */
  readonly usersPerRequest?: number;
  /** No more notifications than this, over all lanes. Default: as many as are accepted. */
  readonly perSecond?: number;
  /** Begins every id; needed where several producers post. Default `n`. */
  readonly idPrefix?: string;
  /** In every notification. */
  readonly extra?: Readonly<Record<string, unknown>>;
};

type Item = {
  readonly id: string;
  readonly to: { readonly users: readonly [string] };
  readonly type: string;
  readonly title: string;
};

/** Long enough that the lanes do not take the processor from a server that is just starting. */
const RETRY_PAUSE_MS = 100;

/**
 * Posts without end and repeats whatever was not answered 202, under the same id, as the documents ask a producer to do: so it outlives kills of the server.
 */
export function startProducer(options: ProducerOptions): SteadyProducer {
  const { url, key = TEST_KEY, users, lanes, batch, usersPerRequest = 1, idPrefix = 'n', extra } = options;
  const { perSecond = Number.POSITIVE_INFINITY } = options;
  const startedMs = performance.now();
  const accepted = new Map<string, string[]>(users.map((user) => [user, []]));
  let count = 0;
  let repeats = 0;
  let serial = 0;
  let stopped = false;
  let abandoned = false;

  /** Resolves with what has to be posted again. */
  async function post(items: readonly Item[]): Promise<readonly Item[]> {
    try {
      const response = await fetch(`${url}/v1/notifications/batch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(items),
        signal: AbortSignal.timeout(10_000),
      });
      const body = (await response.json()) as { items?: { status: number }[] };
      return items.filter((_, index) => response.status !== 207 || body.items?.[index]?.status !== 202);
    } catch {
      return items;
    }
  }

  function itemFor(user: string): Item {
    const id = `${idPrefix}${++serial}`;
    return { ...extra, id, to: { users: [user] }, type: 'load', title: id };
  }

  async function keepPace(): Promise<void> {
    const dueMs = startedMs + (count * 1_000) / perSecond;
    // In short steps, so that a stop is not waited for.
    while (!stopped && performance.now() < dueMs) await pause(Math.min(dueMs - performance.now(), RETRY_PAUSE_MS));
  }

  async function lane(own: readonly string[]): Promise<void> {
    for (let turn = 0; !stopped; turn = (turn + usersPerRequest) % own.length) {
      await keepPace();
      if (stopped) return;
      const served = own.slice(turn, turn + usersPerRequest);
      const items = served.flatMap((user) => Array.from({ length: batch }, () => itemFor(user)));
      for (let left = await post(items); left.length > 0; left = await post(left)) {
        if (abandoned) return;
        repeats++;
        await pause(RETRY_PAUSE_MS);
      }
      for (const { id, to } of items) accepted.get(to.users[0])?.push(id);
      count += items.length;
    }
  }

  const running = Array.from({ length: lanes }, (_, index) =>
    lane(users.filter((_user, position) => position % lanes === index)),
  );
  return {
    accepted,
    count: () => count,
    repeats: () => repeats,
    stop: async () => {
      stopped = true;
      await Promise.all(running);
    },
    abandon: () => {
      stopped = true;
      abandoned = true;
    },
  };
}
