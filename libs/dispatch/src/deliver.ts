import type { PushChannelAdapter } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import { type DeliveryRef, isTerminal } from '@belfry/core/delivery';
import { fingerprint } from '@belfry/core/fingerprint';
import { passGate, type Sendable } from '@belfry/core/gate';
import type { LogRecord } from '@belfry/core/log';
import type { Attempt } from '@belfry/core/outcome';
import type { Random } from '@belfry/core/random';
import { type Decision, decide, type RetryPolicy } from '@belfry/core/retry-policy';
import type { GateEntry, Settlement } from '@belfry/core/store/gate';
import type { Store } from '@belfry/core/store/store';
import { parseDelivery } from '@belfry/protocol/delivery-record';
import { recipientKey } from '@belfry/protocol/log-topics';
import { attemptOnce } from './attempt.ts';
import { createBatcher } from './batcher.ts';
import type { DeadLetterFeed } from './dead-letter-feed.ts';
import type { HostBreaker } from './host-breaker.ts';
import type { ReceiptFeed } from './receipt-feed.ts';
import { createUnsettledAttempts } from './unsettled-attempts.ts';

export type DeliverDeps = {
  readonly adapter: PushChannelAdapter;
  readonly policy: RetryPolicy;
  readonly store: Pick<Store, 'readGate' | 'settle'>;
  readonly receipts: Pick<ReceiptFeed, 'put'>;
  readonly deadLetters: DeadLetterFeed;
  readonly breaker: HostBreaker;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe?: DeliverObserver;
};

export type DeliverContext = {
  /** Aborts an attempt under way. */
  readonly signal: AbortSignal;
  /** The worker has no place for another attempt at the host: gate and park, nothing else. */
  readonly crowded: boolean;
};

export type DeliverObserver = {
  /** After each attempt. */
  attempted?(outcome: Attempt['outcome'], reason: string, durationMs: number): void;
  /** A record that the gate let do nothing. */
  dropped?(reason: string): void;
  /** A delivery that came to an end, or waits. `ageMs`: since its notification was accepted. */
  settled?(state: SettledState, reason: string, ageMs: number): void;
};

/** What a settlement makes of a push delivery. */
export type SettledState = Extract<Settlement['next'], { kind: 'end' }>['state'] | 'retrying' | 'dead-lettered';

/**
 * Works off one delivery record: gate → attempt → decision → settlement → feeds. When the promise resolves everything is durable and the offset may be committed; a
 * repeat of the record meets the gate. Rejects with `UnavailableError` when the store or the log is down: nothing is lost and no attempt is used up for that, and the repeat
 * settles an attempt that was made before it makes another one.
 */
export function createDeliver(deps: DeliverDeps): (record: LogRecord, context: DeliverContext) => Promise<void> {
  const { adapter, policy, store, receipts, deadLetters, breaker, clock, random, observe } = deps;
  const readGate = createBatcher<DeliveryRef, GateEntry | undefined>((refs) => store.readGate(refs), { inFlight: 2 });
  const settle = createBatcher<Settlement, boolean>((settlements) => store.settle(settlements), { inFlight: 2 });
  const unsettled = createUnsettledAttempts();

  /** False where somebody else has settled it. */
  async function settleOrKeep(settlement: Settlement): Promise<boolean> {
    try {
      return await settle(settlement);
    } catch (error) {
      if (settlement.attempt !== undefined) unsettled.add(settlement);
      throw error;
    }
  }

  async function settleAndTell(settlement: Settlement, acceptedAtMs: number): Promise<void> {
    const { ref, next, reason } = settlement;
    if (!(await settleOrKeep(settlement))) {
      observe?.dropped?.('settled-meanwhile');
      return;
    }
    const state = await stateAfter(ref, next);
    observe?.settled?.(state, reason, clock.nowMs() - acceptedAtMs);
    await tell(ref, state, reason, settlement.attempt, dueInMsOf(state, next));
  }

  /** A wait may have been settled as an end: where the notification was cancelled or acknowledged during the attempt. */
  async function stateAfter(ref: DeliveryRef, next: Settlement['next']): Promise<SettledState> {
    if (next.kind === 'end') return next.state;
    if (next.kind === 'dead-letter') return 'dead-lettered';
    const entry = await readGate(ref);
    return (entry && stateLeftBy(ref, entry)) ?? 'retrying';
  }

  async function tell(
    ref: DeliveryRef,
    state: SettledState,
    reason: string,
    attempt?: Attempt,
    dueInMs?: number,
  ): Promise<void> {
    receipts.put([
      {
        tenant: ref.tenant,
        notificationId: ref.notificationId,
        recipient: ref.recipient,
        deliveryId: ref.deliveryId,
        channel: ref.channel,
        state,
        attempt: ref.attempt,
        reason,
        ...(attempt === undefined ? {} : { outcome: attempt.outcome, code: attempt.code }),
        ...(dueInMs === undefined ? {} : { dueInMs }),
      },
    ]);
    if (state === 'dead-lettered') await deadLetters.append(ref);
  }

  async function tellAgain(ref: DeliveryRef, entry: GateEntry | undefined): Promise<void> {
    const state = entry === undefined ? undefined : stateLeftBy(ref, entry);
    if (state !== undefined) await tell(ref, state, 'repeated');
  }

  /** Never beyond the deadline: there it ends as expired. */
  function park(
    ref: DeliveryRef,
    { notification, remainingMs }: Pick<Sendable, 'notification' | 'remainingMs'>,
    dueInMs: number,
    reason: string,
  ): Promise<void> {
    const next = { kind: 'park', dueInMs: Math.min(dueInMs, Math.max(0, remainingMs - 1)) } as const;
    return settleAndTell({ ref, next, reason }, notification.acceptedAtMs);
  }

  async function attempt(ref: DeliveryRef, sendable: Sendable, signal: AbortSignal) {
    const { notification, device, remainingMs } = sendable;
    const admission = breaker.admit(adapter.hostOf(device));
    if (admission.kind === 'wait') return park(ref, sendable, admission.dueInMs, 'provider-unavailable');
    const atMs = clock.nowMs();
    const { recipient, deliveryId } = ref;
    const delivery = { deliveryId, recipient, notification, device, attempt: ref.attempt, remainingMs };
    const { outcome, host, durationMs } = await attemptOnce(adapter, delivery, clock, signal);
    // Stopped before anything was sent: that is not an attempt. The record stays unfinished and comes back after the restart.
    if (signal.aborted && outcome.kind === 'retry') throw new Error('interrupted before the attempt was made');
    breaker.record(host, outcome, recipientKey(ref.tenant, recipient));
    const reason = 'reason' in outcome ? outcome.reason : '';
    observe?.attempted?.(outcome.kind, reason, durationMs);
    const made: Attempt = {
      number: ref.attempt,
      atMs,
      durationMs,
      outcome: outcome.kind,
      code: outcome.code,
      reason,
      host,
    };
    const decision = decide(outcome, ref.attempt, policy, notification.expiresAtMs, clock.nowMs(), random);
    const settlement: Settlement = {
      ref,
      attempt: made,
      reason: decision.reason,
      next: nextOf(ref, decision, made),
      ...(outcome.kind === 'gone' ? { removeDevice: { deviceId: device.id, version: device.version } } : {}),
    };
    return settleAndTell(settlement, notification.acceptedAtMs);
  }

  return async (record, { signal, crowded }) => {
    const ref = parseDelivery(record.value);
    // Belfry alone writes these topics: a record that cannot be read was written by a later version, and this one must not step over it.
    if (ref === undefined)
      throw new Error(`unreadable delivery record at ${record.logTopic}:${record.partition}:${record.offset}`);
    const entry = await readGate(ref);
    const verdict = passGate(ref, entry, clock.nowMs());
    const acceptedAtMs = entry?.notification.acceptedAtMs ?? 0;
    const made = verdict.kind === 'drop' ? undefined : unsettled.take(ref);
    // Whatever the gate would do now, expire it for instance: this is what happened.
    if (made !== undefined) return settleAndTell(made, acceptedAtMs);
    switch (verdict.kind) {
      case 'drop':
        observe?.dropped?.(verdict.reason);
        // A crash may have come between the settlement and its feeds, so what it made of the delivery is told once more.
        return tellAgain(ref, entry);
      case 'end':
        return settleAndTell(
          { ref, next: { kind: 'end', state: verdict.state }, reason: verdict.reason },
          acceptedAtMs,
        );
      case 'dead-letter': {
        const print = fingerprint(ref.channel, 'gone', '', verdict.reason);
        const next = { kind: 'dead-letter', reason: verdict.reason, fingerprint: print } as const;
        return settleAndTell({ ref, next, reason: verdict.reason }, acceptedAtMs);
      }
      case 'park':
        return park(
          ref,
          verdict,
          Math.max(verdict.dueInMs, breaker.hold(adapter.hostOf(verdict.device))),
          'behind-an-earlier',
        );
      case 'send':
        return crowded
          ? park(ref, verdict, breaker.putOff(adapter.hostOf(verdict.device)), 'provider-busy')
          : attempt(ref, verdict, signal);
    }
  };
}

/** What the settlement of this attempt made of the delivery; undefined where there was none, or a redrive has hidden it since. */
function stateLeftBy(ref: DeliveryRef, entry: GateEntry): SettledState | undefined {
  if (entry.redrive !== ref.redrive || entry.attempt < ref.attempt) return undefined;
  if (entry.attempt > ref.attempt) return 'retrying';
  if (isTerminal(entry.state)) return entry.state as SettledState;
  // Parked: the wait that the attempt was put off by is still running.
  return (entry.dueInMs ?? 0) > 0 ? 'retrying' : undefined;
}

function nextOf(ref: DeliveryRef, decision: Decision, attempt: Attempt): Settlement['next'] {
  if (decision.kind !== 'dead-letter') return decision;
  return {
    kind: 'dead-letter',
    reason: decision.reason,
    fingerprint: fingerprint(ref.channel, attempt.outcome, attempt.code, attempt.reason),
  };
}

function dueInMsOf(state: SettledState, next: Settlement['next']): number | undefined {
  return state === 'retrying' && 'dueInMs' in next ? next.dueInMs : undefined;
}
