import type { DeliveryRef } from '@belfry/core/delivery';
import type { Log } from '@belfry/core/log';
import { encodeDelivery } from '@belfry/protocol/delivery-record';
import { deliveriesTopic, recipientKey } from '@belfry/protocol/log-topics';
import { createBatcher } from './batcher.ts';

/** Puts deliveries on the topic of their channel and lane, keyed by the recipient; calls that come together share an append. */
export function createDeliveryAppender(log: Pick<Log, 'append'>): (ref: DeliveryRef) => Promise<void> {
  const appenders = new Map<string, (ref: DeliveryRef) => Promise<void>>();
  return (ref) => {
    const topic = deliveriesTopic(ref.channel, ref.lane);
    let append = appenders.get(topic);
    if (append === undefined) {
      append = createBatcher<DeliveryRef, void>(async (refs) => {
        await log.append(
          topic,
          refs.map((each) => ({ key: recipientKey(each.tenant, each.recipient), value: encodeDelivery(each) })),
        );
        return refs.map(() => undefined);
      });
      appenders.set(topic, append);
    }
    return append(ref);
  };
}
