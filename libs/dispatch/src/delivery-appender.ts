import type { DeliveryRef } from '@belfry/core/delivery';
import type { Log } from '@belfry/core/log';
import { deliveryRecord } from '@belfry/protocol/delivery-record';
import { deliveriesTopic } from '@belfry/protocol/log-topics';
import { createBatcher } from './batcher.ts';

/** Puts deliveries on the topic of their channel and lane, keyed by the recipient; calls that come together share an append. */
export function createDeliveryAppender(log: Pick<Log, 'append'>): (ref: DeliveryRef) => Promise<void> {
  const appenders = new Map<string, (ref: DeliveryRef) => Promise<void>>();
  return (ref) => {
    const topic = deliveriesTopic(ref.channel, ref.lane);
    let append = appenders.get(topic);
    if (append === undefined) {
      append = createBatcher<DeliveryRef, void>(async (refs) => {
        await log.append(topic, refs.map(deliveryRecord));
        return refs.map(() => undefined);
      });
      appenders.set(topic, append);
    }
    return append(ref);
  };
}
