import type { RealtimeChange } from './user-stream.ts';

export type RetentionSettings = {
  /** Notifications whose deliveries have all ended, and their inbox rows, are kept this long after their deadline. */
  readonly notificationsMs: number;
  readonly deadLettersMs: number;
};

export type StoreFigures = {
  /** Milliseconds since the oldest delivery that is `queued` was created; 0 when none is. */
  readonly oldestQueuedMs: number;
  readonly queued: number;
  readonly retrying: number;
  readonly timers: number;
  /** Milliseconds by which the most overdue timer is late; 0 when none is. */
  readonly timerLatenessMs: number;
  readonly openDeadLetters: number;
};

export type RetentionStore = {
  /**
   * Ends realtime deliveries that nobody was shown until `graceMs` after their deadline as `expired`: at most `limit`, and of at most `limit` notifications. `more`: call again.
   * Whatever has ended a delivery, or shown it, before it is looked at stays.
   */
  expireUnseen(
    graceMs: number,
    limit: number,
  ): Promise<{ readonly changes: readonly RealtimeChange[]; readonly more: boolean }>;
  /**
   * Deletes what is older than the settings, used-up tickets and idempotency keys; at most `limit` rows of each kind. True when there is more to do. A notification is not
   * deleted before `expireUnseen` is done with it.
   */
  purge(settings: RetentionSettings, limit: number): Promise<boolean>;
  figures(): Promise<StoreFigures>;
};
