/** How consumers and tails behave towards the broker. All in milliseconds. */
export type KafkaConsumeOptions = {
  /** Silence after which the broker gives our partitions to others. The broker bounds it (6,000–1,800,000 by default). Default 30,000. */
  readonly sessionTimeoutMs?: number;
  /** Pause between two signs of life; at most a third of `sessionTimeoutMs`. Default 1,000. */
  readonly heartbeatIntervalMs?: number;
  /** How long members have to rejoin once the group is rebalancing. Default 60,000. */
  readonly rebalanceTimeoutMs?: number;
  /** Longest wait of the broker for new records, and so the longest until a resumed partition is asked for again. Default 250. */
  readonly maxWaitMs?: number;
  /** Age at which the partitions of a topic are looked up again: how soon added ones are noticed. Default 60,000. */
  readonly metadataMaxAgeMs?: number;
  /** Longest that a commit may take before it rejects. Default 10,000. */
  readonly commitTimeoutMs?: number;
  /** Longest that `close` waits for the broker. Default 5,000. */
  readonly closeTimeoutMs?: number;
  /** Longest that `consume` and `tail` wait for a broker before they reject. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** Silence of the client's loop after which it is made anew, if the broker answers. More than `sessionTimeoutMs`. Default 1.5 times that, at least 45,000. */
  readonly stallTimeoutMs?: number;
  /** How long a consumer may fail again and again, though the broker answers, before that is fatal. Default 120,000. */
  readonly fatalAfterMs?: number;
};

export type ConsumeLimits = Required<KafkaConsumeOptions>;

const DEFAULTS: ConsumeLimits = {
  sessionTimeoutMs: 30_000,
  heartbeatIntervalMs: 1_000,
  rebalanceTimeoutMs: 60_000,
  maxWaitMs: 250,
  metadataMaxAgeMs: 60_000,
  commitTimeoutMs: 10_000,
  closeTimeoutMs: 5_000,
  startTimeoutMs: 30_000,
  stallTimeoutMs: 45_000,
  fatalAfterMs: 120_000,
};

/** Fills in defaults. Throws a `RangeError` that names the option and its limit. */
export function consumeLimits(options: KafkaConsumeOptions = {}): ConsumeLimits {
  const { sessionTimeoutMs = DEFAULTS.sessionTimeoutMs } = options;
  const stallTimeoutMs = Math.max(DEFAULTS.stallTimeoutMs, Math.ceil(1.5 * sessionTimeoutMs));
  const limits = { ...DEFAULTS, stallTimeoutMs, ...options };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  }
  if (limits.heartbeatIntervalMs * 3 > limits.sessionTimeoutMs) {
    throw new RangeError(
      `heartbeatIntervalMs must be at most a third of sessionTimeoutMs, not ${limits.heartbeatIntervalMs} of ${limits.sessionTimeoutMs}`,
    );
  }
  if (limits.stallTimeoutMs <= limits.sessionTimeoutMs) {
    throw new RangeError(
      `stallTimeoutMs must be above sessionTimeoutMs, not ${limits.stallTimeoutMs} with ${limits.sessionTimeoutMs}`,
    );
  }
  return limits;
}
