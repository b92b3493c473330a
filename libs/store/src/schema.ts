import type { DeliveryState } from '@belfry/core/delivery';
import type { Channel, Lane, PushChannel } from '@belfry/core/notification';
import type { OutcomeKind } from '@belfry/core/outcome';
import type { DeadLetterState } from '@belfry/core/store/dead-letters';

/**
 * The tables, as Kysely sees them on every database. Times are integer milliseconds since the Unix epoch, flags are 0 or 1, and JSON is
 * text: so a row reads the same whichever database it came from.
 */
export type Schema = {
  notifications: NotificationsTable;
  users: UsersTable;
  inbox: InboxTable;
  deliveries: DeliveriesTable;
  attempts: AttemptsTable;
  timers: TimersTable;
  dead_letters: DeadLettersTable;
  redrive_tasks: RedriveTasksTable;
  unreadable_jobs: UnreadableJobsTable;
  devices: DevicesTable;
  subscriptions: SubscriptionsTable;
  idempotency_keys: IdempotencyKeysTable;
  tickets: TicketsTable;
  api_keys: ApiKeysTable;
  settings: SettingsTable;
  counters: CountersTable;
};

export type NotificationStatus = 'accepting' | 'accepted' | 'routed' | 'cancelled';

type NotificationsTable = {
  tenant: string;
  id: string;
  /** Empty where the notification came straight through the log. */
  body_hash: string;
  status: NotificationStatus;
  /** When its present writer began to accept it. */
  accepting_since_ms: number;
  expires_at_ms: number;
  /** 1 once its unseen realtime deliveries were ended as expired. */
  swept: number;
  /** The whole notification as JSON. */
  content: string;
};

/** One row a user, which is also the lock of the user's stream. */
type UsersTable = {
  tenant: string;
  id: string;
  /** The last offset given out in the user's stream; 0 before any. */
  head: number;
  preferences: string | null;
  created_at_ms: number;
};

type InboxTable = {
  tenant: string;
  user_id: string;
  stream_offset: number;
  notification_id: string;
  visible: number;
  collapse_key: string | null;
  expires_at_ms: number;
  acknowledged_at_ms: number | null;
  read_at_ms: number | null;
};

type DeliveriesTable = {
  tenant: string;
  notification_id: string;
  id: string;
  recipient: string;
  channel: Channel;
  device_id: string;
  lane: Lane;
  state: DeliveryState;
  /** The attempt that is due next. */
  attempt: number;
  redrive: number;
  reason: string | null;
  /** Set exactly while a delivery waits or its timer was just handed out (`retrying`). */
  due_at_ms: number | null;
  created_at_ms: number;
  updated_at_ms: number;
  /** The place of the notification in the recipient's stream; null where it was routed by a release that did not keep it. */
  stream_offset: number | null;
};

type AttemptsTable = {
  tenant: string;
  notification_id: string;
  delivery_id: string;
  redrive: number;
  number: number;
  at_ms: number;
  duration_ms: number;
  outcome: OutcomeKind;
  code: string;
  reason: string;
  host: string;
};

/** At most one wait a delivery. */
type TimersTable = {
  delivery_id: string;
  tenant: string;
  notification_id: string;
  due_at_ms: number;
  /** `due_at_ms` at first, then the end of the last claim's lease: one index answers both "due" and "not claimed". */
  claimable_at_ms: number;
  /** Number of the last claim, unique in the store. */
  claim: number | null;
};

type DeadLettersTable = {
  tenant: string;
  id: string;
  delivery_id: string;
  notification_id: string;
  recipient: string;
  channel: PushChannel;
  device_id: string;
  reason: string;
  fingerprint: string;
  state: DeadLetterState;
  redrive: number;
  created_at_ms: number;
  /** The history as JSON: a letter outlives its delivery. */
  attempts: string;
  /** JSON, for the same reason; null where the notification has none. */
  origin: string | null;
};

/** The audit of redrives. */
type RedriveTasksTable = {
  tenant: string;
  id: string;
  requested_by: string;
  created_at_ms: number;
  rate_per_second: number;
  selection: string;
  result: string;
};

type UnreadableJobsTable = {
  id: string;
  tenant: string;
  log_topic: string;
  log_partition: number;
  log_offset: string;
  reason: string;
  raw: Uint8Array;
  sha256: string;
  created_at_ms: number;
};

type DevicesTable = {
  tenant: string;
  id: string;
  user_id: string;
  channel: PushChannel;
  /** SHA-256 of endpoint or token: a unique index over the address itself would outgrow what PostgreSQL takes. */
  address_hash: string;
  address: string;
  version: number;
  created_at_ms: number;
};

type SubscriptionsTable = { tenant: string; topic: string; user_id: string };

type IdempotencyKeysTable = {
  tenant: string;
  key: string;
  body_hash: string;
  seed: string;
  /** When the present runner claimed it. */
  claimed_at_ms: number;
  /** When the key was first used; it is forgotten a day later. */
  created_at_ms: number;
  response_status: number | null;
  response_body: string | null;
};

type TicketsTable = { hash: string; tenant: string; user_id: string; expires_at_ms: number };

type ApiKeysTable = {
  id: string;
  tenant: string;
  secret_hash: string;
  scopes: string;
  expires_at_ms: number | null;
};

type SettingsTable = { name: string; value: string };

type CountersTable = { name: string; value: number };
