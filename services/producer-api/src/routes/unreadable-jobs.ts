import type { DeadLetterStore, UnreadableJob } from '@belfry/core/store/dead-letters';
import { type Authentication, type HttpApp, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { describeRoute } from '../describe-route.ts';
import { formatPageCursor, nextSchema, pageQuery, parsePageCursor } from '../page.ts';
import { problemResponses } from '../problem-responses.ts';

export type UnreadableJobRouteDeps = {
  readonly authentication: Authentication;
  readonly store: Pick<DeadLetterStore, 'listUnreadableJobs'>;
};

const jobSchema = z.object({
  id: z.string(),
  logTopic: z.string(),
  partition: z.int(),
  offset: z.string(),
  reason: z.string(),
  sha256: z.string().describe('Of the whole record'),
  raw: z.string().describe('Base64 of at most 64 KiB of the record'),
});

/** `GET /v1/unreadable-jobs`: records that could not be read as jobs, with their bytes, for administrators. */
export function addUnreadableJobRoute(app: HttpApp, { authentication, store }: UnreadableJobRouteDeps): void {
  app.get(
    '/v1/unreadable-jobs',
    {
      onRequest: authentication.requireScope('admin'),
      schema: {
        ...describeRoute({
          tag: 'Dead letters',
          operationId: 'listUnreadableJobs',
          summary: 'Records that could not be read as jobs',
          description: 'A page may have fewer items than `limit` and still not be the last.',
          scope: 'admin',
        }),
        querystring: pageQuery,
        response: {
          200: z.object({ items: z.array(jobSchema), next: nextSchema }).describe('A page of records'),
          ...problemResponses('cursor_invalid'),
        },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { cursor, limit } = request.query;
      const jobs = await store.listUnreadableJobs(parsePageCursor('unreadable-jobs', cursor), limit);
      const last = jobs.length < limit ? undefined : jobs.at(-1);
      return {
        // The store lists them for all tenants; a key sees those of its own.
        items: jobs.filter((job) => job.tenant === tenant).map(toJobView),
        ...(last === undefined ? {} : { next: formatPageCursor('unreadable-jobs', last.id) }),
      };
    },
  );
}

function toJobView(job: UnreadableJob): z.infer<typeof jobSchema> {
  const { id, logTopic, partition, offset, reason, sha256, raw } = job;
  return { id, logTopic, partition, offset, reason, sha256, raw: Buffer.from(raw).toString('base64') };
}
