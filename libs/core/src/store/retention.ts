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
   * Marks realtime deliveries past their deadline as `expired`, deletes what is older than the settings, used-up tickets and idempotency keys; at most `limit` rows of each kind.
   * True when there is more to do.
   */
  purge(settings: RetentionSettings, limit: number): Promise<boolean>;
  figures(): Promise<StoreFigures>;
};
