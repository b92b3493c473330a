import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The place of a delivery's notification in the stream of its recipient; null where it was routed before. */
export function deliveryOrderMigration(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await sql`alter table deliveries add column stream_offset bigint`.execute(db);
      // readGate: an earlier first attempt to the same device that is parked. Empty while no provider fails.
      await sql`create index deliveries_parked on deliveries (tenant, recipient, device_id, lane, stream_offset)
        where state = 'retrying' and attempt = 1 and redrive = 0`.execute(db);
    },
  };
}
