import { createHash } from 'node:crypto';
import type { PushDelivery } from '@belfry/core/channel';

/**
 * The Topic header (RFC 8030 §5.4): exactly 32 characters of base64url. A service keeps one undelivered message per topic and subscription, so
 * with a collapse key the newest one replaces the others, and without one a repeated send of a delivery replaces itself. Hashed, because a
 * collapse key may be longer, in other letters, and nobody else's business.
 */
export function topicOf(delivery: PushDelivery): string {
  const { collapseKey, tenant } = delivery.notification;
  const parts =
    collapseKey === undefined
      ? ['delivery', delivery.deliveryId]
      : ['collapse', tenant, delivery.recipient, collapseKey];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest().subarray(0, 24).toString('base64url');
}
