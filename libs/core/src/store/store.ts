import type { AcceptStore } from './accept.ts';
import type { CredentialStore } from './credentials.ts';
import type { DeadLetterStore } from './dead-letters.ts';
import type { DeviceStore, UserStore } from './devices.ts';
import type { GateStore } from './gate.ts';
import type { IdempotencyStore } from './idempotency.ts';
import type { LedgerStore } from './ledger.ts';
import type { RetentionStore } from './retention.ts';
import type { RoutingStore } from './routing.ts';
import type { TimerStore } from './timers.ts';
import type { UserStreamStore } from './user-stream.ts';

/**
 * Store: the truth about every notification. Adapters: SQLite (embedded) and PostgreSQL, one set of queries.
 *
 * Every method is one transaction and durable when it resolves, but for `beginAccept`, `markAccepted` and `markSent`: a crash of a database server may
 * take these back, and nothing goes wrong where it does. Methods take batches because the callers do their work in batches.
 * Times that are compared with "now" use the store's clock. A rejected call had no effect, or cannot know (the connection broke):
 * callers repeat it, and every method here is safe to repeat. A store that cannot be reached rejects with `UnavailableError`, code `store-unavailable`.
 * The store trusts its callers: shapes, limits and permissions are checked at the edges.
 */
export type Store = AcceptStore &
  IdempotencyStore &
  RoutingStore &
  GateStore &
  TimerStore &
  UserStreamStore &
  LedgerStore &
  DeadLetterStore &
  DeviceStore &
  UserStore &
  CredentialStore &
  RetentionStore & {
    close(): Promise<void>;
  };
