import type { NotificationRequest } from '@belfry/protocol/notification-request';

export type Target = { readonly url: string; readonly key: string };

type BatchItem = { readonly index: number; readonly status: number; readonly code?: string; readonly detail?: string };

const MAX_TRIES = 60;
const PAUSE_MS = 500;

/**
 * Posts one batch and repeats what was not taken: the ids make a repeat harmless, so an answer that never came and an answer that said "later" are treated
 * alike. Throws when an item is refused for good, or nothing helps.
 */
export async function postBatch(
  target: Target,
  batch: readonly NotificationRequest[],
  pause: (ms: number) => Promise<void>,
) {
  let rest = batch;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const items = await post(target, rest);
    const refused = items?.find(
      (item) => item.status >= 400 && item.status < 500 && item.code !== 'request_in_progress',
    );
    if (refused) throw new Error(`${rest[refused.index]?.id}: ${refused.code} ${refused.detail ?? ''}`);
    rest = items === undefined ? rest : rest.filter((_, index) => items[index]?.status !== 202);
    if (rest.length === 0) return;
    await pause(PAUSE_MS);
  }
  throw new Error(`${rest.length} notifications were not accepted after ${MAX_TRIES} tries`);
}

/** undefined when the server could not be reached or asked to come back. */
async function post(target: Target, batch: readonly NotificationRequest[]): Promise<readonly BatchItem[] | undefined> {
  let response: Response;
  try {
    response = await fetch(`${target.url}/v1/notifications/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${target.key}`, 'content-type': 'application/x-ndjson' },
      body: batch.map((item) => JSON.stringify(item)).join('\n'),
    });
  } catch {
    return undefined;
  }
  if (response.status === 207) return ((await response.json()) as { items: BatchItem[] }).items;
  const text = await response.text();
  if (response.status === 429 || response.status >= 500) return undefined;
  throw new Error(`the batch was refused: ${response.status} ${text}`);
}
