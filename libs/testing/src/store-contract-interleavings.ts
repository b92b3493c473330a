import type { DeliveryState } from '@belfry/core/delivery';
import { isTerminal } from '@belfry/core/delivery';
import type { SettlementNext } from '@belfry/core/store/gate';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { claimableOf, DEAD, DELIVERED, type Routed, routeOne, settlementOf, unique } from './store-contract-fixture.ts';

type Step =
  | { readonly kind: 'settle'; readonly attempt: number; readonly redrive: number; readonly next: SettlementNext }
  | { readonly kind: 'sent' | 'acknowledge' | 'read' | 'cancel' | 'redrive' | 'claim' | 'route-again' }
  | { readonly kind: 'wait'; readonly ms: number };

const nexts: fc.Arbitrary<SettlementNext> = fc.oneof(
  fc.constant(DELIVERED),
  fc.constant(DEAD),
  fc.constant<SettlementNext>({ kind: 'end', state: 'expired' }),
  fc.integer({ min: 0, max: 2_000 }).map((dueInMs): SettlementNext => ({ kind: 'retry', dueInMs })),
  fc.integer({ min: 0, max: 2_000 }).map((dueInMs): SettlementNext => ({ kind: 'park', dueInMs })),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      attempt: fc.integer({ min: 1, max: 3 }),
      redrive: fc.integer({ min: 0, max: 1 }),
      next: nexts,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('sent', 'acknowledge', 'read', 'cancel', 'redrive', 'claim', 'route-again'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
);

/** Steps of one round are called without waiting for each other. */
const rounds = fc.array(fc.array(steps, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });

export function describeInterleavings(contract: StoreContract): void {
  it('keeps its promises whatever order settlements, acknowledgements, cancellations and redrives come in', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(rounds, async (schedule) => {
        const routed = await routeOne(contract);
        const applied = new Set<string>();
        let before = await look(routed);
        for (const round of schedule) {
          await Promise.all(round.map((step) => perform(routed, step, applied)));
          const after = await look(routed);
          const redriven = after.push.redrive > before.push.redrive;
          if (isTerminal(before.push.state) && !redriven) expect(after.push.state).toBe(before.push.state);
          if (isTerminal(before.realtime)) {
            expect([before.realtime, 'read']).toContain(after.realtime);
            if (before.realtime !== 'delivered') expect(after.realtime).toBe(before.realtime);
          }
          expect(after.push.dueAtMs === undefined).toBe(after.push.state !== 'retrying');
          expect(after.attempts).toEqual([...new Set(after.attempts)]);
          before = after;
        }
        // Whatever waits is handed out sooner or later, whatever has ended is not.
        await contract.clock.advance(60_000);
        expect(await claimableOf(contract, [routed])).toHaveLength(before.push.state === 'retrying' ? 1 : 0);
      }),
      { numRuns: 120 },
    );
  });

  async function look({ notification, ref, realtimeId }: Routed) {
    const entry = await contract.store.readNotification(notification.tenant, notification.id, undefined, 10);
    const push = entry?.deliveries.find(({ id }) => id === ref.deliveryId);
    const realtime: DeliveryState | undefined = entry?.deliveries.find(({ id }) => id === realtimeId)?.state;
    if (push === undefined || realtime === undefined) throw new Error('both deliveries are in the ledger');
    const attempts = push.attempts.map(({ redrive, number }) => `${redrive}.${number}`);
    return { push, realtime, attempts };
  }

  async function perform({ ref, notification, recipient }: Routed, step: Step, applied: Set<string>): Promise<void> {
    const { tenant } = ref;
    const marks = [{ tenant, user: recipient, notificationIds: [notification.id] }];
    switch (step.kind) {
      case 'settle': {
        const of = { ...ref, attempt: step.attempt, redrive: step.redrive };
        const [ok] = await contract.store.settle([settlementOf(contract, of, step.next)]);
        if (step.next.kind === 'park' || ok !== true) return;
        const name = `${step.redrive}.${step.attempt}`;
        expect(applied).not.toContain(name);
        applied.add(name);
        return;
      }
      case 'sent':
        await contract.store.markSent(marks);
        return;
      case 'acknowledge':
        await contract.store.acknowledge(marks);
        return;
      case 'read':
        await contract.store.markRead(marks);
        return;
      case 'cancel':
        await contract.store.cancelNotification(tenant, notification.id);
        return;
      case 'redrive':
        await contract.store.redrive({
          tenant,
          selection: { kind: 'filter', filter: {} },
          dryRun: false,
          ratePerSecond: 1,
          taskId: unique('task'),
          requestedBy: 'key',
        });
        return;
      case 'claim':
        await claimableOf(contract, []);
        return;
      case 'route-again':
        expect(await contract.store.route([{ notification, recipient }])).toMatchObject([
          { kind: expect.stringMatching(/^(routed|cancelled)$/) },
        ]);
        return;
      case 'wait':
        await contract.clock.advance(step.ms);
    }
  }
}
