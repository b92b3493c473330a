import { CallBatch } from './call-batch.ts';
import type { ThreadAnswer, ThreadCall } from './thread-messages.ts';
import type { ThreadService } from './thread-server.ts';

export type CallResults = {
  readonly answers: readonly ThreadAnswer[];
  readonly buffers: ArrayBuffer[];
  readonly fatal: Error | undefined;
};

/**
 * Runs calls that arrived together in one transaction. Where that found no room, SQLite has undone all of it, also the calls that would fit:
 * then each runs in a transaction of its own, so that reads, commits and deletes go on while the disk is full.
 */
export async function runCalls(service: ThreadService, calls: readonly ThreadCall[]): Promise<CallResults> {
  const together = new CallBatch(service);
  await together.run(calls);
  if (!together.full || calls.length === 1) return together;
  const answers: ThreadAnswer[] = [];
  const buffers: ArrayBuffer[] = [];
  for (const call of calls) {
    const single = new CallBatch(service);
    await single.run([call]);
    answers.push(...single.answers);
    buffers.push(...single.buffers);
    if (single.fatal !== undefined) return { answers, buffers, fatal: single.fatal };
  }
  return { answers, buffers, fatal: undefined };
}
