/** Seconds; from a fast store read to the deadline of an append. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;
/** Seconds; a push service answers in tens of milliseconds, or hangs up to the attempt's deadline. */
const ATTEMPT_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
/** Seconds from accepted to settled; retries make hours normal. */
const END_TO_END_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600, 3_600, 21_600] as const;

/**
 * Every metric of Belfry. Labels have few values: never an id of a tenant, a user, a device or a notification. `host` is a provider's, from the
 * allow-list.
 */
export const METRICS = {
  httpRequestSeconds: {
    type: 'histogram',
    name: 'belfry_http_request_seconds',
    help: 'Time to answer a request, by route template.',
    labels: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
  },
  accepted: {
    type: 'counter',
    name: 'belfry_notifications_accepted_total',
    help: 'Notifications answered with 202 or taken from an input topic, repeats of known ones not counted.',
    labels: ['lane'],
  },
  unreadable: {
    type: 'counter',
    name: 'belfry_unreadable_jobs_total',
    help: 'Records that were set aside because they are no notification or no job.',
    labels: ['log_topic', 'reason'],
  },
  routed: {
    type: 'counter',
    name: 'belfry_deliveries_routed_total',
    help: 'Deliveries made by the router.',
    labels: ['channel', 'lane'],
  },
  skipped: {
    type: 'counter',
    name: 'belfry_deliveries_skipped_total',
    help: 'Channels that nothing was sent over to a recipient: switched off, or named without a device.',
    labels: ['channel', 'reason'],
  },
  attempts: {
    type: 'counter',
    name: 'belfry_attempts_total',
    help: 'Attempts of deliveries by what they came to.',
    labels: ['channel', 'outcome', 'reason'],
  },
  attemptSeconds: {
    type: 'histogram',
    name: 'belfry_attempt_seconds',
    help: 'Time from starting an attempt to its outcome.',
    labels: ['channel', 'outcome'],
    buckets: ATTEMPT_SECONDS,
  },
  settled: {
    type: 'counter',
    name: 'belfry_deliveries_settled_total',
    help: 'Deliveries that reached a state.',
    labels: ['channel', 'state'],
  },
  settledSeconds: {
    type: 'histogram',
    name: 'belfry_delivery_seconds',
    help: 'Time from accepting a notification to the end state of a delivery.',
    labels: ['channel', 'state'],
    buckets: END_TO_END_SECONDS,
  },
  gateDropped: {
    type: 'counter',
    name: 'belfry_gate_dropped_total',
    help: 'Records that the gate made harmless instead of sending them.',
    labels: ['channel', 'reason'],
  },
  breakerOpen: {
    type: 'gauge',
    name: 'belfry_breaker_open',
    help: '1 while attempts to the provider host are held back: because it is failing, or refusing our credentials.',
    labels: ['channel', 'host', 'cause'],
  },
  timersReleased: {
    type: 'counter',
    name: 'belfry_timers_released_total',
    help: 'Due timers that were appended to the log.',
    labels: ['kind'],
  },
  timerLateSeconds: {
    type: 'histogram',
    name: 'belfry_timer_late_seconds',
    help: 'How long after its due time a timer was released.',
    labels: ['kind'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  inFlight: {
    type: 'gauge',
    name: 'belfry_worker_in_flight',
    help: 'Records that a worker has taken and not finished.',
    labels: ['group', 'lane'],
  },
  lagRecords: {
    type: 'gauge',
    name: 'belfry_log_lag_records',
    help: 'Records appended but not committed by the group.',
    labels: ['group', 'log_topic'],
  },
  lagOldestSeconds: {
    type: 'gauge',
    name: 'belfry_log_lag_oldest_seconds',
    help: 'Age of the oldest record that the group has not committed.',
    labels: ['group', 'log_topic'],
  },
  connections: {
    type: 'gauge',
    name: 'belfry_realtime_connections',
    help: 'Open live connections.',
    labels: ['transport'],
  },
  connectionsClosed: {
    type: 'counter',
    name: 'belfry_realtime_connections_closed_total',
    help: 'Live connections that ended, by close code.',
    labels: ['transport', 'code'],
  },
  framesSent: {
    type: 'counter',
    name: 'belfry_realtime_frames_sent_total',
    help: 'Frames written to live connections.',
    labels: ['transport', 'type'],
  },
  healedHints: {
    type: 'counter',
    name: 'belfry_realtime_healed_hints_total',
    help: 'Streams found behind their head, on a heartbeat or when the backplane was back: a hint was lost.',
    labels: [],
  },
  rateLimited: {
    type: 'counter',
    name: 'belfry_rate_limited_total',
    help: 'Requests refused because their API key had spent its rate.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricDefinition = {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
} & (
  | { readonly type: 'counter' }
  | { readonly type: 'gauge' }
  | { readonly type: 'histogram'; readonly buckets: readonly number[] }
);
