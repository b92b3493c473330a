import { createHash } from 'node:crypto';
import type { DeliveryRef } from '@belfry/core/delivery';
import { fingerprint } from '@belfry/core/fingerprint';
import type { Notification } from '@belfry/core/notification';
import type { Store } from '@belfry/core/store/store';

/** What the router and the workers do, done by hand: the state that the API then shows. */
export type Pipeline = {
  /** Accepts and routes a notification to one user; its push deliveries are queued. */
  route(tenant: string, user: string, content?: Partial<Notification>): Promise<readonly DeliveryRef[]>;
  /** Ends a delivery in the dead letters after one attempt. */
  kill(ref: DeliveryRef, reason?: string): Promise<void>;
};

export function createPipeline(store: Store): Pipeline {
  let made = 0;
  return {
    async route(tenant, user, content = {}) {
      const nowMs = Date.now();
      const notification: Notification = {
        tenant,
        id: `n${++made}`,
        audience: { kind: 'users', users: [user] },
        type: 'test',
        title: 'Title',
        priority: 'normal',
        acceptedAtMs: nowMs,
        expiresAtMs: nowMs + 3_600_000,
        ...content,
      };
      const bodyHash = createHash('sha256').update(JSON.stringify(notification)).digest('hex');
      await store.beginAccept([{ notification, bodyHash, takeOver: false }]);
      await store.markAccepted([notification]);
      const [routed] = await store.route([{ notification, recipient: user }]);
      if (routed?.kind !== 'routed') throw new Error(`${notification.id} was not routed`);
      return routed.deliveries;
    },
    async kill(ref, reason = 'unauthorized') {
      const attempt = {
        number: ref.attempt,
        atMs: Date.now(),
        durationMs: 12,
        outcome: 'rejected' as const,
        code: '403',
        reason,
        host: 'push.example',
      };
      const next = {
        kind: 'dead-letter' as const,
        reason,
        fingerprint: fingerprint(ref.channel, 'rejected', '403', reason),
      };
      await store.settle([{ ref, attempt, next, reason }]);
    },
  };
}
