import type { Hint } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { StreamItem, StreamPage, UserStreamStore } from '@belfry/core/store/user-stream';
import { hintedNotificationFrame, storedNotificationFrame } from './notification-frames.ts';
import type { RetryStore } from './retry-store.ts';
import type { SharedFrame } from './shared-frame.ts';

/** A live connection, as its hub sees it. */
export type HubMember = { deliver(offset: number, frame: SharedFrame): void };

/**
 * One user of this process: how far their stream is known here (`tip`), and the live connections that follow it. Hints move the tip: an offset at or
 * below it is dropped, the next one is sent straight from the hint, anything further means that hints were lost or overtook one another, and the
 * stream is read from the store. So every member sees each offset once and in order, whatever the backplane does.
 */
export type UserHub = {
  readonly user: RecipientKey;
  /** Every visible item up to here has been handed to the members that were live. */
  tip(): number;
  join(member: HubMember): void;
  leave(member: HubMember): void;
  hint(hint: Hint): void;
  /** The store says that the stream ends at `head`. True when that was news, so a hint had been lost. */
  headSeen(head: number): boolean;
  /** Items after `after`; waits out an outage of the store, undefined once `signal` is aborted. */
  read(after: number, limit: number, signal: AbortSignal): Promise<StreamPage | undefined>;
  /** The frame of a stored item; undefined for one that shows nothing or has expired. */
  frameOf(item: StreamItem): SharedFrame | undefined;
  close(): void;
};

export type UserHubOptions = {
  readonly user: RecipientKey;
  readonly epoch: string;
  readonly head: number;
  readonly store: Pick<UserStreamStore, 'readStream'>;
  readonly retryStore: RetryStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
};

/** Small pages, so that the sockets are written between two of them. */
const CATCH_UP_PAGE = 100;

export function createUserHub(options: UserHubOptions): UserHub {
  const { user, epoch, store, clock } = options;
  const members = new Set<HubMember>();
  const closing = new AbortController();
  let tip = options.head;
  /** The furthest offset heard of. */
  let target = tip;
  let catchingUp = false;

  const fanOut = (offset: number, frame: SharedFrame): void => {
    tip = offset;
    for (const member of members) member.deliver(offset, frame);
  };

  const read = (after: number, limit: number, signal: AbortSignal): Promise<StreamPage | undefined> =>
    options.retryStore(() => store.readStream(user, after, limit), signal);

  const frameOf = (item: StreamItem): SharedFrame | undefined => {
    const { notification, offset, visible } = item;
    if (!visible || notification.expiresAtMs <= clock.nowMs()) return undefined;
    return storedNotificationFrame(epoch, offset, notification);
  };

  const takePage = (page: StreamPage): void => {
    for (const item of page.items) {
      if (item.offset <= tip) continue;
      const frame = frameOf(item);
      if (frame === undefined) tip = item.offset;
      else fanOut(item.offset, frame);
    }
    // Nothing is left between the last item and a head that this page reached.
    if (page.items.length < CATCH_UP_PAGE) tip = Math.max(tip, page.head);
  };

  const catchUp = async (): Promise<void> => {
    if (catchingUp) return;
    catchingUp = true;
    try {
      while (target > tip) {
        const wanted = target;
        const page = await read(tip, CATCH_UP_PAGE, closing.signal);
        if (page === undefined) return;
        takePage(page);
        // A hint can name what the store does not have (a replica that lags, history that was lost): a later heartbeat will tell. What was heard of
        // during the read was perhaps stored after it, and is read for again.
        if (page.items.length < CATCH_UP_PAGE && target === wanted) target = tip;
      }
    } catch (error) {
      options.onError(error);
    } finally {
      catchingUp = false;
    }
  };

  const advance = (offset: number): void => {
    target = Math.max(target, offset);
    if (target > tip) void catchUp();
  };

  return {
    user,
    tip: () => tip,
    join: (member) => void members.add(member),
    leave: (member) => void members.delete(member),
    hint({ offset, frame: text }) {
      if (offset <= tip) return;
      if (offset === tip + 1 && !catchingUp && text !== undefined) {
        const frame = hintedNotificationFrame(epoch, offset, text);
        if (frame !== undefined) return fanOut(offset, frame);
      }
      advance(offset);
    },
    headSeen(head) {
      if (head <= tip) return false;
      advance(head);
      return true;
    },
    read,
    frameOf,
    close() {
      closing.abort();
      members.clear();
    },
  };
}
