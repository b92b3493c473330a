import type { Clock } from '@belfry/core/clock';

/** The result of `work`, or a rejection with `late()` when it takes longer than `ms`. The work itself goes on: its effect is then unknown. */
export function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => reject(late()));
    work.then(resolve, reject).finally(cancel);
  });
}
