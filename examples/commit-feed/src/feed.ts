import type { NotificationRequest } from '@belfry/protocol/notification-request';
import type { Commit } from './commit.ts';
import { commitNotifications } from './commit-notifications.ts';
import { createFollowGraph } from './follow-graph.ts';
import { postBatch, type Target } from './post-batch.ts';

export type FeedOptions = {
  readonly target: Target;
  readonly commits: AsyncIterable<Commit>;
  /** Changes of a path after which its author follows it; ≥ 1. */
  readonly followAfter: number;
  readonly batchSize?: number;
  readonly pause: (ms: number) => Promise<void>;
  /** Called for each notification before it is posted. */
  readonly onNotification?: (request: NotificationRequest) => void;
  /** Milliseconds to wait after each batch; 0 by default. */
  readonly paceMs?: number;
};

export type FeedTotals = { readonly commits: number; readonly notifications: number; readonly recipients: number };

const BATCH = 100;

/** Turns commits into notifications and posts them, batch after batch, in the order of the commits. */
export async function runFeed(options: FeedOptions): Promise<FeedTotals> {
  const { target, followAfter, pause, onNotification } = options;
  const graph = createFollowGraph(followAfter);
  const totals = { commits: 0, notifications: 0, recipients: 0 };
  let batch: NotificationRequest[] = [];

  const flush = async (): Promise<void> => {
    if (batch.length > 0) await postBatch(target, batch, pause);
    batch = [];
    if (options.paceMs) await pause(options.paceMs);
  };

  for await (const commit of options.commits) {
    totals.commits++;
    for (const request of commitNotifications(commit, graph.followersOf(commit))) {
      totals.notifications++;
      totals.recipients += 'users' in request.to ? request.to.users.length : 0;
      onNotification?.(request);
      batch.push(request);
      if (batch.length >= (options.batchSize ?? BATCH)) await flush();
    }
  }
  await flush();
  return totals;
}
