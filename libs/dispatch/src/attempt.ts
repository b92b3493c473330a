import type { AttemptResult, PushChannelAdapter, PushDelivery } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';

/** An adapter that does not come back this long after its signal was aborted is given up on. */
const ABORT_GRACE_MS = 1_000;

/**
 * One attempt with a hard deadline: the adapter is told to stop when its time is up or when `shutdown` aborts, and is no longer waited for shortly after. Whatever it does
 * then, the attempt's outcome is `unknown`.
 */
export async function attemptOnce(
  adapter: PushChannelAdapter,
  delivery: PushDelivery,
  clock: Clock,
  shutdown: AbortSignal,
): Promise<AttemptResult & { readonly durationMs: number }> {
  const startedMs = clock.monotonicMs();
  const host = adapter.hostOf(delivery.device);
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timeoutMs = Math.min(adapter.limits.attemptTimeoutMs, delivery.remainingMs);
  let giveUp: (result: AttemptResult) => void = () => {};
  const abandoned = new Promise<AttemptResult>((resolve) => {
    giveUp = resolve;
  });
  let cancelGrace = (): void => {};
  controller.signal.addEventListener('abort', () => {
    cancelGrace = clock.schedule(ABORT_GRACE_MS, () =>
      giveUp({ outcome: { kind: 'unknown', code: 'deadline', reason: 'attempt-deadline' }, host }),
    );
  });

  // After the listener above: an abort that has already happened is not told again.
  const cancelTimeout = clock.schedule(timeoutMs, abort);
  shutdown.addEventListener('abort', abort, { once: true });
  if (shutdown.aborted) abort();

  try {
    const result = await Promise.race([adapter.deliver(delivery, controller.signal), abandoned]);
    return { ...result, durationMs: Math.round(clock.monotonicMs() - startedMs) };
  } catch (error) {
    const reason = error instanceof Error ? error.name : 'thrown';
    const outcome = { kind: 'unknown', code: 'adapter-error', reason } as const;
    return { outcome, host, durationMs: Math.round(clock.monotonicMs() - startedMs) };
  } finally {
    cancelTimeout();
    cancelGrace();
    shutdown.removeEventListener('abort', abort);
  }
}
