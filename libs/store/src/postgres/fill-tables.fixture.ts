import { NOW_MS } from '../every-query.fixture.ts';

/** As many rows as a tenant has after some busy days, and one notification that went to very many. */
const NOTIFICATIONS = 200_000;
const USERS = 20_000;
const BROADCAST = 50_000;
const DAY_MS = 86_400_000;

/** Fills every table but the smallest, mostly for the tenant `acme`, with what is done and what still waits. */
export async function fillTables(query: (text: string) => Promise<unknown>): Promise<void> {
  const each = `generate_series(1, ${NOTIFICATIONS}) as i`;
  const later = NOW_MS + DAY_MS;
  const name = (prefix: string, number: string) => `'${prefix}-' || lpad((${number})::text, 8, '0')`;
  const user = name('user', `i % ${USERS}`);
  for (const statement of [
    `insert into users select 'acme', ${name('user', 'i')}, 10, null, ${NOW_MS} from generate_series(0, ${USERS - 1}) as i`,
    `insert into notifications select 'acme', ${name('past', 'i')}, 'hash', 'routed', ${NOW_MS}, ${NOW_MS} + i * 1000 - ${DAY_MS}, (i % 2), repeat('x', 300) from ${each}`,
    `insert into notifications select 'acme', 'n' || i, '', 'routed', ${NOW_MS}, ${later}, 0, '{}' from generate_series(1, 6) as i`,
    `insert into inbox select 'acme', ${user}, i / ${USERS} + 1, ${name('past', 'i')}, 1, 'key', ${later}, null, null from ${each}`,
    `insert into inbox select 'acme', 'ann', i, ${name('past', 'i')}, 1, 'key-' || (i % 100), ${later}, ${NOW_MS}, ${NOW_MS} from generate_series(100, 20000) as i`,
    `insert into deliveries select 'acme', ${name('past', 'i / 2')}, ${name('delivery', 'i')}, ${user}, case i % 2 when 0 then 'realtime' else 'fcm' end,
      'd', 'bulk', case when i % 2 = 0 then 'read' when i % 100 = 1 then 'retrying' when i % 100 = 3 then 'dead-lettered' else 'delivered' end,
      1, 0, null, case when i % 100 = 1 then ${later} + i end, ${NOW_MS}, ${NOW_MS}, i / ${USERS} + 1 from generate_series(1, ${NOTIFICATIONS * 2}) as i`,
    `insert into deliveries select 'acme', notification_id, 'ann-' || stream_offset, 'ann', 'realtime', 'd', 'bulk', 'read', 1, 0, null, null, ${NOW_MS}, ${NOW_MS}
      from inbox where user_id = 'ann'`,
    `insert into deliveries select 'acme', 'n' || (i % 6 + 1), ${name('broad', 'i')}, ${name('other', 'i')}, 'realtime', 'd', 'bulk', 'sent', 1, 0, null, null,
      ${NOW_MS}, ${NOW_MS} from generate_series(1, ${BROADCAST}) as i`,
    `insert into attempts select 'acme', ${name('past', 'i')}, ${name('delivery', 'i * 2 + 1')}, 0, 1, ${NOW_MS}, 12.5, 'delivered', '201', '', 'push.example' from ${each}`,
    `insert into timers select id, tenant, notification_id, due_at_ms, due_at_ms, null from deliveries where state = 'retrying'`,
    `insert into dead_letters select case right(id, 8)::int % 4 when 1 then 'acme' else 'tenant-' || right(id, 8)::int % 30 end, id || '.0', id, notification_id, recipient, channel, device_id, 'gone', 'print-' || right(id, 8)::int % 70, 'redriven', 0, ${NOW_MS} - right(id, 8)::int,
      '[]' from deliveries where channel = 'fcm' limit 50000`,
    `insert into redrive_tasks select 'acme', ${name('task', 'i')}, 'key', ${NOW_MS}, 1, '{}', '{}' from generate_series(1, 20000) as i`,
    `insert into unreadable_jobs select ${name('job', 'i')}, 'acme', 'jobs', 0, i::text, '', '', '', ${NOW_MS} - i from generate_series(1, 20000) as i`,
    `insert into devices select 'acme', ${name('device', 'i')}, ${user}, 'fcm', ${name('hash', 'i')}, '{"token":"t"}', 1, ${NOW_MS} from generate_series(1, 50000) as i`,
    `insert into subscriptions select 'acme', 'topic-' || i % 10, ${name('user', 'i / 10')} from generate_series(1, 50000) as i`,
    `insert into idempotency_keys select 'acme', ${name('key', 'i')}, 'hash', 'seed', ${NOW_MS}, ${NOW_MS} - i, 200, '{}' from generate_series(1, 50000) as i`,
    `insert into tickets select ${name('hash', 'i')}, 'acme', ${user}, ${later} + i from generate_series(1, 50000) as i`,
    `insert into api_keys select ${name('key', 'i')}, 'acme', 'hash', '[]', null from generate_series(1, 100) as i`,
  ]) {
    await query(statement);
  }
}
