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
  readonly users: readonly string[];
  /** Requests under way at once; each serves a share of the users, one request per user at a time, so that their order is known. */
  readonly lanes: number;
  /** Notifications to one user in one request. */
  readonly batch: number;
};

/** Long enough that the lanes do not take the processor from a server that is just starting. */
const RETRY_PAUSE_MS = 100;

/**
 * Posts without end and repeats whatever was not answered 202, under the same id, as the documents ask a producer to do: so it outlives kills of the server.
 */
export function startProducer({ url, users, lanes, batch }: ProducerOptions): SteadyProducer {
  const accepted = new Map<string, string[]>(users.map((user) => [user, []]));
  let count = 0;
  let repeats = 0;
  let serial = 0;
  let stopped = false;
  let abandoned = false;

  async function post(items: readonly unknown[]): Promise<boolean> {
    try {
      const response = await fetch(`${url}/v1/notifications/batch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(items),
        signal: AbortSignal.timeout(10_000),
      });
      const body = (await response.json()) as { items?: { status: number }[] };
      return response.status === 207 && (body.items?.every((item) => item.status === 202) ?? false);
    } catch {
      return false;
    }
  }

  async function lane(own: readonly string[]): Promise<void> {
    for (let turn = 0; !stopped; turn++) {
      const user = own[turn % own.length] ?? '';
      const ids = Array.from({ length: batch }, () => `n${++serial}`);
      const items = ids.map((id) => ({ id, to: { users: [user] }, type: 'load', title: id }));
      while (!(await post(items))) {
        if (abandoned) return;
        repeats++;
        await pause(RETRY_PAUSE_MS);
      }
      accepted.get(user)?.push(...ids);
      count += ids.length;
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
