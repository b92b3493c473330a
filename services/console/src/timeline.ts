import type { ServerResponse } from 'node:http';
import type { Cancel, Clock } from '@belfry/core/clock';
import type { Log, LogRecord, LogTail } from '@belfry/core/log';
import type { TenantId } from '@belfry/core/notification';
import type { Service } from '@belfry/core/service';
import { RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import { type Receipt, receiptSchema } from '@belfry/protocol/receipt';
import { type HttpApp, ProblemError } from '@belfry/runtime';
import type { RequestGuard } from './request-guard.ts';

export type TimelineOptions = {
  readonly log: Pick<Log, 'tail'>;
  readonly clock: Clock;
  readonly tenant: TenantId;
};

export type Timeline = { addRoute(http: HttpApp, guard: RequestGuard): void; readonly service: Service };

const VIEWERS_MAX = 32;
const HEARTBEAT_MS = 20_000;
const RECONNECT_MS = 500;
/** What may wait for a slow page. Beyond it receipts are left out and the page is told, so that it reads the ledger again. */
const BUFFERED_BYTES_MAX = 262_144;

type Viewer = { readonly response: ServerResponse; open: boolean; missed: boolean };

/**
 * `GET /console/api/timeline`: the receipts of the tenant as server-sent events, from now on. The log is followed only while somebody watches: under load
 * nobody pays for a page that is not open. Events: `receipts` (a list), `gap` (some were left out).
 */
export function createTimeline({ log, clock, tenant }: TimelineOptions): Timeline {
  const viewers = new Set<Viewer>();
  let tail: Promise<LogTail> | undefined;
  let cancelHeartbeat: Cancel = () => {};
  let stopped = false;

  const show = (records: readonly LogRecord[]): void => {
    const receipts = records.map(readReceipt).filter((receipt) => receipt?.tenant === tenant);
    if (receipts.length === 0) return;
    const event = `event: receipts\ndata: ${JSON.stringify(receipts)}\n\n`;
    for (const viewer of viewers) {
      if (!viewer.open) continue;
      if (viewer.response.writableLength > BUFFERED_BYTES_MAX) viewer.missed = true;
      else viewer.response.write(viewer.missed ? `event: gap\ndata: {}\n\n${event}` : event);
      if (viewer.response.writableLength <= BUFFERED_BYTES_MAX) viewer.missed = false;
    }
  };

  const beat = (): void => {
    cancelHeartbeat = clock.schedule(HEARTBEAT_MS, () => {
      for (const { response, open } of viewers) if (open) response.write(': \n\n');
      beat();
    });
  };

  const follow = (): Promise<LogTail> => {
    if (tail === undefined) {
      beat();
      const opening = log.tail(RECEIPTS_TOPIC, show);
      tail = opening;
      opening.catch(() => {
        if (tail === opening) tail = undefined;
      });
    }
    return tail;
  };

  const leave = async (viewer: Viewer): Promise<void> => {
    viewers.delete(viewer);
    if (viewers.size === 0) await unfollow();
  };

  const unfollow = async (): Promise<void> => {
    cancelHeartbeat();
    const closing = tail;
    tail = undefined;
    await closing?.then((open) => open.close());
  };

  const endAll = (): void => {
    stopped = true;
    for (const viewer of viewers) {
      viewer.open = false;
      viewer.response.end();
    }
  };

  return {
    addRoute(http, guard) {
      http.addHook('preClose', async () => endAll());
      http.get('/console/api/timeline', { onRequest: guard.page, schema: { hide: true } }, async (_request, reply) => {
        if (viewers.size >= VIEWERS_MAX || stopped) {
          throw new ProblemError('too_many_connections', { limit: VIEWERS_MAX, retryAfterSeconds: 5 });
        }
        const viewer: Viewer = { response: reply.raw, open: false, missed: false };
        viewers.add(viewer);
        reply.raw.once('close', () => void leave(viewer).catch((error) => http.log.error({ err: error }, 'tail')));
        await follow();
        reply.hijack();
        reply.raw.writeHead(200, {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
        reply.raw.write(`retry: ${RECONNECT_MS}\n\n`);
        viewer.open = true;
        if (stopped) endAll();
        return reply;
      });
    },
    service: {
      name: 'console',
      start: async () => {},
      async stop() {
        endAll();
        await unfollow();
      },
    },
  };
}

/** Undefined for one that a newer version wrote, or that is none. */
function readReceipt(record: LogRecord): Receipt | undefined {
  try {
    return receiptSchema.safeParse(JSON.parse(Buffer.from(record.value).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
