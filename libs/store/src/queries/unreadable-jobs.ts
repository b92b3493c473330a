import type { UnreadableJob } from '@belfry/core/store/dead-letters';
import type { QueryContext } from '../query-context.ts';

export async function putUnreadableJobs({ db, nowMs }: QueryContext, jobs: readonly UnreadableJob[]): Promise<void> {
  // One statement each: there are few of them, and bytes do not go through JSON.
  for (const job of jobs) {
    await db
      .insertInto('unreadable_jobs')
      .values({
        id: job.id,
        tenant: job.tenant,
        log_topic: job.logTopic,
        log_partition: job.partition,
        log_offset: job.offset,
        reason: job.reason,
        raw: job.raw,
        sha256: job.sha256,
        created_at_ms: nowMs,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Newest first; `before` is the id of the last one of the previous page. */
export async function listUnreadableJobs(
  { db }: QueryContext,
  before: string | undefined,
  limit: number,
): Promise<readonly UnreadableJob[]> {
  let query = db.selectFrom('unreadable_jobs').selectAll();
  if (before !== undefined) {
    const last = await db
      .selectFrom('unreadable_jobs')
      .select(['created_at_ms', 'id'])
      .where('id', '=', before)
      .executeTakeFirst();
    if (last === undefined) return [];
    query = query.where((where) =>
      where(where.refTuple('created_at_ms', 'id'), '<', where.tuple(last.created_at_ms, last.id)),
    );
  }
  const rows = await query.orderBy('created_at_ms', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map((row) => ({
    id: row.id,
    tenant: row.tenant,
    logTopic: row.log_topic,
    partition: row.log_partition,
    offset: row.log_offset,
    reason: row.reason,
    raw: row.raw,
    sha256: row.sha256,
  }));
}
