import type { Clock } from '@belfry/core/clock';

/** What `work` comes to, or `late` after `limitMs`; the work goes on then, and what it comes to is nobody's any more. */
export async function settleWithin<Result>(
  clock: Clock,
  limitMs: number,
  work: Promise<Result>,
): Promise<Result | 'late'> {
  const late = Promise.withResolvers<'late'>();
  const cancel = clock.schedule(limitMs, () => late.resolve('late'));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
    work.catch(() => {});
  }
}
