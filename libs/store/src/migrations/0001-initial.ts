import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../dialect.ts';

/**
 * Tables of every use case, in the SQL that both databases read (SQLite takes `bigint` for an integer). Each index names the query that
 * would otherwise read a whole table.
 */
export function initialMigration(dialect: Dialect): Migration {
  const { textType: text, blobType: blob, clustered, randomHex, churning } = dialect;
  const statements = [
    // Not clustered: looking one up in the tree of its key would read its neighbours' content too.
    sql`create table notifications (
      tenant ${text} not null, id ${text} not null, body_hash ${text} not null, status ${text} not null,
      accepting_since_ms bigint not null, expires_at_ms bigint not null, swept bigint not null, content ${text} not null,
      primary key (tenant, id)
    ) ${dialect.updated(50)}`,
    // expireUnseen: those to sweep; purge: the swept ones to delete; each in the order of their deadlines.
    sql`create index notifications_expiry on notifications (swept, expires_at_ms)`,

    sql`create table users (
      tenant ${text} not null, id ${text} not null, head bigint not null, preferences ${text}, created_at_ms bigint not null,
      primary key (tenant, id)
    ) ${clustered} ${dialect.updated(50)}`,

    sql`create table inbox (
      tenant ${text} not null, user_id ${text} not null, stream_offset bigint not null, notification_id ${text} not null,
      visible bigint not null, collapse_key ${text}, expires_at_ms bigint not null,
      acknowledged_at_ms bigint, read_at_ms bigint,
      primary key (tenant, user_id, stream_offset)
    ) ${clustered} ${dialect.updated(60)}`,
    // route and readGate: the place of a notification in a user's stream. purge: all places of a notification.
    sql`create unique index inbox_notification on inbox (tenant, notification_id, user_id)`,
    // readGate: a later notification with the same collapse key.
    sql`create index inbox_collapse on inbox (tenant, user_id, collapse_key, stream_offset) where collapse_key is not null`,
    // readInbox and markAllRead: what a user has not read, without touching what they have.
    sql`create index inbox_unread on inbox (tenant, user_id, expires_at_ms) where visible = 1 and read_at_ms is null`,

    sql`create table deliveries (
      tenant ${text} not null, notification_id ${text} not null, id ${text} not null, recipient ${text} not null,
      channel ${text} not null, device_id ${text} not null, lane ${text} not null, state ${text} not null,
      attempt bigint not null, redrive bigint not null, reason ${text}, due_at_ms bigint,
      created_at_ms bigint not null, updated_at_ms bigint not null,
      primary key (tenant, notification_id, id)
    ) ${clustered} ${dialect.updated(100)}`,
    // route, acknowledge, markSent, markRead, readInbox: what one recipient has of a notification.
    sql`create index deliveries_recipient on deliveries (tenant, notification_id, recipient)`,
    // figures: small, since a delivery is queued for a moment only, and those that wait are few beside those that ended.
    sql`create index deliveries_queued on deliveries (created_at_ms) where state = 'queued'`,
    sql`create index deliveries_retrying on deliveries (due_at_ms) where state = 'retrying'`,

    sql`create table attempts (
      tenant ${text} not null, notification_id ${text} not null, delivery_id ${text} not null,
      redrive bigint not null, number bigint not null, at_ms bigint not null, duration_ms double precision not null,
      outcome ${text} not null, code ${text} not null, reason ${text} not null, host ${text} not null,
      primary key (tenant, notification_id, delivery_id, redrive, number)
    ) ${clustered}`,

    sql`create table timers (
      delivery_id ${text} not null, tenant ${text} not null, notification_id ${text} not null,
      due_at_ms bigint not null, claimable_at_ms bigint not null, claim bigint,
      primary key (delivery_id)
    ) ${clustered} ${churning}`,
    // claimDueTimers and nextTimerInMs.
    sql`create index timers_claimable on timers (claimable_at_ms)`,

    sql`create table dead_letters (
      tenant ${text} not null, id ${text} not null, delivery_id ${text} not null, notification_id ${text} not null,
      recipient ${text} not null, channel ${text} not null, device_id ${text} not null,
      reason ${text} not null, fingerprint ${text} not null, state ${text} not null, redrive bigint not null,
      created_at_ms bigint not null, attempts ${text} not null,
      primary key (tenant, id)
    )`,
    // listDeadLetters and redrive, newest first.
    sql`create index dead_letters_newest on dead_letters (tenant, created_at_ms, id)`,
    // The same by cause; groupDeadLetters.
    sql`create index dead_letters_cause on dead_letters (tenant, fingerprint, created_at_ms, id)`,
    // purge.
    sql`create index dead_letters_age on dead_letters (created_at_ms)`,
    // figures.
    sql`create index dead_letters_open on dead_letters (tenant) where state = 'open'`,

    sql`create table redrive_tasks (
      tenant ${text} not null, id ${text} not null, requested_by ${text} not null, created_at_ms bigint not null,
      rate_per_second bigint not null, selection ${text} not null, result ${text} not null,
      primary key (tenant, id)
    )`,

    sql`create table unreadable_jobs (
      id ${text} not null primary key, tenant ${text} not null, log_topic ${text} not null, log_partition bigint not null,
      log_offset ${text} not null, reason ${text} not null, raw ${sql.raw(blob)} not null, sha256 ${text} not null,
      created_at_ms bigint not null
    )`,
    // listUnreadableJobs and purge.
    sql`create index unreadable_jobs_age on unreadable_jobs (created_at_ms, id)`,

    sql`create table devices (
      tenant ${text} not null, id ${text} not null, user_id ${text} not null, channel ${text} not null,
      address_hash ${text} not null, address ${text} not null, version bigint not null, created_at_ms bigint not null,
      primary key (tenant, id)
    )`,
    // registerDevice: an address belongs to one user.
    sql`create unique index devices_address on devices (tenant, channel, address_hash)`,
    // readRecipients and listDevices.
    sql`create index devices_user on devices (tenant, user_id)`,

    sql`create table subscriptions (
      tenant ${text} not null, topic ${text} not null, user_id ${text} not null,
      primary key (tenant, topic, user_id)
    ) ${clustered}`,

    sql`create table idempotency_keys (
      tenant ${text} not null, key ${text} not null, body_hash ${text} not null, seed ${text} not null,
      claimed_at_ms bigint not null, created_at_ms bigint not null, response_status bigint, response_body ${text},
      primary key (tenant, key)
    ) ${dialect.updated(70)}`,
    // purge.
    sql`create index idempotency_keys_age on idempotency_keys (created_at_ms)`,

    sql`create table tickets (
      hash ${text} not null, tenant ${text} not null, user_id ${text} not null, expires_at_ms bigint not null,
      primary key (hash)
    ) ${clustered}`,
    // purge.
    sql`create index tickets_expiry on tickets (expires_at_ms)`,

    sql`create table api_keys (
      id ${text} not null primary key, tenant ${text} not null, secret_hash ${text} not null, scopes ${text} not null,
      expires_at_ms bigint
    )`,

    sql`create table settings (name ${text} not null primary key, value ${text} not null)`,
    sql`insert into settings (name, value) values ('epoch', ${randomHex})`,
    sql`create table counters (name ${text} not null primary key, value bigint not null)`,
    sql`insert into counters (name, value) values ('timer-claims', 0)`,
  ];
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of statements) await statement.execute(db);
    },
  };
}
