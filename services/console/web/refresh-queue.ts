export type RefreshQueue = { add(id: string): void };

const CONCURRENCY = 4;

/**
 * Runs `refresh` for each id that is asked for, a few at a time. An id that is asked for again while it waits is run once; while it runs, once more
 * afterwards, since the answer under way may be older than the question.
 */
export function createRefreshQueue(refresh: (id: string) => Promise<void>): RefreshQueue {
  const waiting = new Set<string>();
  const running = new Set<string>();

  const next = (): void => {
    for (const id of waiting) {
      if (running.size >= CONCURRENCY) return;
      if (running.has(id)) continue;
      waiting.delete(id);
      running.add(id);
      void refresh(id).finally(() => {
        running.delete(id);
        next();
      });
    }
  };
  return {
    add(id) {
      waiting.add(id);
      next();
    },
  };
}
